"""Architecture tables and Mermaid: what stands in them, and what is escaped."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

import archspec
from archspec.draw.mermaid import mermaid
from archspec.draw.table import Amount, Bracket, Format, Style, Table, stages_table, table, write
from archspec.errors import InputError
from archspec.graph.ir import Graph

Lower = Callable[..., Graph]


def written(style: Style, form: Format, names: Sequence[str]) -> list[str]:
    specs = {name: archspec.load(name) for name in names}
    return write(table({name: (archspec.lower(spec), spec) for name, spec in specs.items()}, style), form).splitlines()


def test_latex_is_as_papers_print_it() -> None:
    assert written("resnet", "latex", ["resnet50"]) == [
        r"\begin{tabular}{llc}\toprule",
        r"stage & output & resnet50\\\midrule",
        r"stem & $56\times56$ & $7\times7$, 64, stride 2; $3\times3$ max pool, stride 2\\",
        r"stage1 & $56\times56$ & $\begin{bmatrix}1\times1, 64\\3\times3, 64\\1\times1, 256\end{bmatrix}\times3$\\",
        r"stage2 & $28\times28$ & $\begin{bmatrix}1\times1, 128\\3\times3, 128\\1\times1, 512\end{bmatrix}\times4$\\",
        r"stage3 & $14\times14$ & $\begin{bmatrix}1\times1, 256\\3\times3, 256\\1\times1, 1024\end{bmatrix}\times6$\\",
        r"stage4 & $7\times7$ & $\begin{bmatrix}1\times1, 512\\3\times3, 512\\1\times1, 2048\end{bmatrix}\times3$\\",
        r"head & $1\times1$ & global average pool; 1000-d dense\\\midrule",
        r"\multicolumn{2}{l}{multiply-adds} & $4.09\times10^9$\\",
        r"\multicolumn{2}{l}{parameters} & $2.56\times10^7$\\\bottomrule",
        r"\end{tabular}",
    ]


def test_several_networks_stand_side_by_side() -> None:
    rows = written("resnet", "markdown", ["resnet50", "resnext50_32x4d", "densenet121", "vgg16"])
    assert rows[0] == r"| stage | output | resnet50 | resnext50\_32x4d | densenet121 | vgg16 |"
    assert rows[3] == ("| stage1 | 56×56 or 112×112 | [1×1, 64; 3×3, 64; 1×1, 256] × 3 | [1×1, 128; 3×3, 128, 32 groups; 1×1, 256] × 3 "
                       "| [1×1, 128; 3×3, 32] × 6 | [3×3, 64] × 2; 2×2 max pool, /2 |")
    assert rows[7].startswith("| stage5 | 7×7 | – | – | – | [3×3, 512] × 3; 2×2 max pool, /2 |")
    assert rows[-2:] == ["| multiply-adds | | 4.09 G | 4.23 G | 2.83 G | 15.5 G |", "| parameters | | 25.6 M | 25.0 M | 7.98 M | 138 M |"]


def test_a_gate_and_paths_are_told() -> None:
    assert written("resnet", "markdown", ["se_resnet50"])[3].endswith(
        "[1×1, 64; 3×3, 64; 1×1, 256; gate: 1×1, 16 → 1×1, 256] × 3 |")
    assert written("resnet", "markdown", ["inception_v4"])[4].endswith(
        "[path 1: 3×3, 384, /2; path 2: 1×1, 192 → 3×3, 224 → 3×3, 256, /2; path 3: 3×3 max pool, /2] × 1 |")


def test_rows_have_the_parameters_of_stages() -> None:
    rows = written("rows", "markdown", ["mobilenet_v2"])
    assert rows[0] == "| input | operator | expansion | c | n | s |"
    assert rows[2:6] == ["| 224×224×3 | 3×3 conv | – | 32 | 1 | 2 |", r"| 112×112×32 | inverted\_residual | 1 | 16 | 1 | 1 |",
                         r"| 112×112×16 | inverted\_residual | 6 | 24 | 2 | 2 |",
                         r"| 56×56×24 | inverted\_residual | 6 | 32 | 3 | 2 |"]
    assert written("rows", "markdown", ["mobilenet_v3_small"])[6] == (
        r"| 28×28×24 | bneck | 5 | 96 | 4 | hard\_swish | 40 | 1 | 2 |")


def test_a_cell_is_a_row_and_a_path_a_column() -> None:
    rows = written("inception", "markdown", ["googlenet"])
    assert rows[0] == "| cell | output | repeats | layers | path 1 | path 2 | path 3 | path 4 |"
    assert rows[5] == ("| inception4a | 14×14 | 1 | 3×3 max pool, /2 | 1×1, 192 | 1×1, 96; 3×3, 208 | 1×1, 16; 5×5, 48 "
                       "| 3×3 max pool; 1×1, 64 |")
    residual = written("inception", "markdown", ["inception_resnet_v2"])
    assert residual[4] == "| block35 | 35×35 | 10 | | 1×1, 32 | 1×1, 32; 3×3, 32 | 1×1, 32; 3×3, 48; 3×3, 64 | | 1×1, 320 |"


def test_html_is_a_table() -> None:
    rows = written("resnet", "html", ["resnet50", "resnet101"])
    assert rows[4].startswith("<tr><td>stage1</td><td>56×56</td><td>[1×1, 64<br>3×3, 64<br>1×1, 256] × 3</td>")
    assert rows[-5:] == ["<tfoot>", '<tr><th colspan="2">multiply-adds</th><td>4.09 G</td><td>7.80 G</td></tr>',
                         '<tr><th colspan="2">parameters</th><td>25.6 M</td><td>44.5 M</td></tr>', "</tfoot>", "</table>"]


ODD = r"a_b&c%d$e#f{g}~h^i\j<k>|l"


@pytest.mark.parametrize("form, name", [
    ("latex", r"a\_b\&c\%d\$e\#f\{g\}\textasciitilde{}h\textasciicircum{}i\textbackslash{}j$<$k$>$$|$l"),
    ("markdown", r"a\_b&c%d$e#f{g}~h^i\\j\<k\>\|l"),
    ("html", r"a_b&amp;c%d$e#f{g}~h^i\j&lt;k&gt;|l"),
])
def test_odd_names_are_escaped(form: Format, name: str) -> None:
    found = Table((ODD, "b", "c"), (((ODD,), ("1×1",), (Bracket((ODD,), 2),)),), {"multiply-adds": ((Amount(None),),)}, 2)
    text = write(found, form)
    assert text.count(name) == 3
    assert text.replace(name, "").count(ODD) == 0
    if form == "latex":
        assert rf"\text{{{name}}}" in text


def test_a_style_of_one_network_refuses_several() -> None:
    with pytest.raises(InputError, match="the style 'rows' is of one network, and there are 2\n  hint: the style 'resnet'"):
        written("rows", "latex", ["resnet50", "resnet34"])


def test_streams_are_refused_and_a_long_chain_is_told(lower: Lower) -> None:
    for style in ("resnet", "rows", "inception"):
        with pytest.raises(InputError, match=r"290 convolutions of stage1 stand in streams.*\n  hint: .*: archspec draw hrnet_w18"):
            written(style, "markdown", ["hrnet_w18"])
    chain = lower(f"input: 16x16x3\nclasses: 5\nstem: [{', '.join(['conv: 3x3 8'] * 20)}]\nhead: [global_avg_pool, dense: 5]\n")
    assert write(stages_table({"chain": chain}), "markdown").count("3×3, 8") == 20


def test_mermaid_has_stages_shapes_and_lanes() -> None:
    text = mermaid(archspec.lower(archspec.load("resnet50")))
    assert text.startswith('---\ntitle: "resnet50"\n---\nflowchart TD\n  image(["224×224×3"])\n')
    assert '  s4[["<b>stage4</b> × 3<br>bottleneck<br>15.0 M parameters<br>809 M multiply-adds"]]' in text
    assert '  s3 --> |"14×14×1024"| s4\n' in text
    assert "  s0 -.-> s5\n" in mermaid(archspec.lower(archspec.load("unet_classifier")))
    assert '  auxiliary3["auxiliary_v1"]\n  s3 -.-> auxiliary3\n' in mermaid(archspec.lower(archspec.load("googlenet")))


def test_mermaid_declares_all_it_joins(lower: Lower) -> None:
    for name in ("nasnet_mobile", "hrnet_w18", "vgg16", "bifpn_classifier"):
        lines = mermaid(archspec.lower(archspec.load(name))).splitlines()
        named = {line.split("[")[0].split("(")[0].strip() for line in lines if "[" in line and "--" not in line}
        joined = {end for line in lines if "->" in line for end in (line.split()[0], line.split()[-1])}
        assert joined == named
