"""`archspec draw`: files, streams and messages; what is in the pictures is tested in tests/draw."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from draw.flaws import flaws

from archspec.cli import run

Draw = Callable[..., tuple[int, str, str]]
SPEC = """
input: 32x32x3
classes: 10
blocks:
  plain: {parameters: {width: required}, body: [conv: 3x3 $width]}
stages: {block: plain, repeats: [3, 1], width: [8, 16]}
head: [global_avg_pool, dense: $classes]
"""


@pytest.fixture
def draw(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Draw:
    """Runs it in a folder with net.yaml: exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(SPEC)

    def call(*arguments: str) -> tuple[int, str, str]:
        code = run(["draw", *arguments])
        return code, *capsys.readouterr()
    return call


def test_a_picture_is_written_and_told(draw: Draw) -> None:
    code, out, err = draw("resnet50", "--stage", "stage2", "--repeat", "last")
    assert (code, err) == (0, "")
    assert re.fullmatch(r"resnet50_stage2\.svg: [\d.]+ x [\d.]+ px, fits a column\n", out)
    text = Path("resnet50_stage2.svg").read_text()
    assert "repeat 4 of 4" in text
    assert flaws(text) == []


def test_a_picture_goes_where_it_is_told_to(draw: Draw) -> None:
    assert draw("net.yaml", "--block", "plain", "-o", "a/b.svg")[0] == 0
    assert Path("a/b.svg").is_file()
    code, out, err = draw("net.yaml", "--block", "plain", "-o", "-")
    assert (code, err, out) == (0, "", Path("a/b.svg").read_text())


def test_all_blocks_are_files_of_their_own(draw: Draw) -> None:
    code, out, _ = draw("resnet50", "--block", "all", "-o", "here")
    names = ["resnet50_bottleneck.svg", "resnet50_bottleneck_2.svg"]
    assert (code, [line.partition(":")[0] for line in out.splitlines()]) == (0, [f"here/{name}" for name in names])
    assert sorted(path.name for path in Path("here").iterdir()) == names


def test_options_change_the_picture(draw: Draw) -> None:
    def drawn(*options: str) -> str:
        code, out, err = draw("net.yaml", "--stage", "stage1", "-o", "-", *options)
        assert (code, err) == (0, "")
        return out
    plain = drawn()
    assert "prefers-color-scheme" in plain
    assert "#0f1318" in drawn("--theme", "dark")
    assert "prefers-color-scheme" not in drawn("--theme", "light")
    assert 'class="bg"' in plain
    assert 'class="bg"' not in drawn("--no-background")
    assert "3×3 conv, 24" in drawn("--set", "stages.width=[24, 16]")
    assert 'href="https://x.y/net.yaml#L5"' in drawn("--link", "https://x.y/net.yaml")
    assert 'href="https://x.y/net.yaml#L5"' in drawn("--link", "https://x.y/{file}")
    assert "repeat 2 of 3" in drawn("--repeat", "2")


@pytest.mark.parametrize("address", ['javascript:alert("1")', "JavaScript:1", "file:///etc/passwd", "data:text/html,x"])
def test_an_address_that_would_do_something_is_refused(draw: Draw, address: str) -> None:
    code, _, err = draw("net.yaml", "-o", "-", "--link", address)
    assert code == 2
    assert "a picture links to https:, http: and relative addresses" in err


def test_boxes_of_other_files_lead_only_where_the_address_names_the_file(draw: Draw) -> None:
    assert "href" not in draw("resnet50", "--stage", "stage1", "-o", "-", "--link", "https://x.y/resnet50.yaml")[1]
    assert 'href="https://x.y/specs/blocks/resnet.yaml#L' in draw(
        "resnet50", "--stage", "stage1", "-o", "-", "--link", "https://x.y/{file}")[1]


@pytest.mark.parametrize("said, arguments", [
    ("resnet50 calls no block 'botleneck'\n  hint: did you mean 'bottleneck'?", ("--block", "botleneck")),
    ("resnet50 calls no block 'x'\n  hint: there are bottleneck", ("--block", "x")),
    ("resnet50 has no stage 'stage9'\n  hint: did you mean", ("--stage", "stage9")),
    ("stage2 has no repeat 7: it has 4", ("--stage", "stage2", "--repeat", "7")),
    ("stem has no repeats\n  hint: leave --repeat out", ("--stage", "stem", "--repeat", "2")),
    ("'0' is no repeat: first, last, or a number from 1", ("--stage", "stage2", "--repeat", "0")),
    ("say one of them", ("--stage", "stage2", "--block", "bottleneck")),
    ("--style is of a --table", ("--style", "rows")),
    ("--theme is of pictures, and --format mermaid is none", ("--format", "mermaid", "--theme", "dark")),
    ("--stage is of pictures, and --table is none", ("--table", "latex", "--stage", "stem")),
    ("--format and --table: say one of them", ("--table", "latex", "--format", "svg")),
    ("x.svg: what is written is no SVG\n  hint: leave --table and --format out", ("--table", "latex", "-o", "x.svg")),
    ("resnet50 is there 2 times; each network is a column", ("resnet50", "--table", "html")),
    ("the style 'rows' is of one network, and there are 2", ("resnet34", "--table", "html", "--style", "rows")),
    ("--full is of a whole network, and --block of a part of it", ("--full", "--block", "bottleneck")),
    ("--view is of a whole network, and --depth of a part of it", ("--view", "map", "--depth", "1")),
    ("--view and --full: say one of them", ("--view", "map", "--full")),
    ("--stage is of one SPEC, and two are drawn side by side", ("resnet18", "--stage", "stage1")),
    ("--format is of one SPEC, and two are drawn side by side", ("resnet18", "--format", "mermaid")),
    ("a picture is of one SPEC or of two; --table sets more side by side", ("resnet18", "resnet34")),
    ("--repeat is of one --stage or --block", ("--block", "all", "--repeat", "last")),
    ("/dev/null is no file\n  hint: -o - for standard output", ("--stage", "stem", "-o", "/dev/null")),
    ("x.pdf: the picture is written as SVG\n  hint: -o x.svg", ("--stage", "stem", "-o", "x.pdf")),
    (". is a folder; -o names a file", ("--stage", "stem", "-o", ".")),
    ("--block all writes several files: -o names a folder", ("--block", "all", "-o", "-")),
    ("x.svg: --block all writes several files\n  hint: name a folder: -o x", ("--block", "all", "-o", "x.svg")),
])
def test_what_cannot_be_drawn_is_told(draw: Draw, said: str, arguments: tuple[str, ...]) -> None:
    code, out, err = draw("resnet50", *arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert not list(Path().glob("**/*.svg"))


def test_a_network_is_drawn_without_more(draw: Draw) -> None:
    code, out, err = draw("net.yaml")
    assert (code, err) == (0, "")
    assert re.fullmatch(r"net\.svg: [\d.]+ x [\d.]+ px, fits a column\n", out)
    text = Path("net.svg").read_text()
    assert flaws(text) == []
    assert "net, whole network" in text
    linked = draw("net.yaml", "-o", "-", "--theme", "dark", "--link", "https://x.y/net.yaml")[1]
    assert "#0f1318" in linked
    assert {'href="https://x.y/net.yaml#L6"', 'href="https://x.y/net.yaml#L7"'} <= set(re.findall(r'href="[^"]*"', linked))


def test_text_goes_to_standard_output_or_a_file(draw: Draw) -> None:
    code, out, err = draw("net.yaml", "resnet50", "--table", "markdown")
    assert (code, err, out.splitlines()[0]) == (0, "", "| stage | output | net | resnet50 |")
    assert draw("net.yaml", "resnet50", "--table", "markdown", "-o", "a/t.md") == (0, "a/t.md written\n", "")
    assert Path("a/t.md").read_text() == out
    assert draw("net.yaml", "--format", "mermaid")[1].startswith('---\ntitle: "net"\n---\nflowchart TD\n')
    assert "8, 16" not in draw("net.yaml", "--table", "latex", "--style", "rows", "--set", "stages.width=[24, 16]")[1]


@pytest.mark.parametrize("arguments, told", [
    (("unet_classifier",), "unet_classifier, by resolution"), (("net.yaml",), "net, whole network"),
    (("unet_classifier", "--view", "network"), "unet_classifier, whole network"),
    (("net.yaml", "--view", "map"), "net, by resolution"), (("net.yaml", "--full"), "net, every layer"),
    (("net.yaml", "unet_classifier"), "net beside unet_classifier"),
])
def test_a_whole_network_is_drawn_as_it_is_asked_for(draw: Draw, arguments: tuple[str, ...], told: str) -> None:
    code, out, err = draw(*arguments, "-o", "-")
    assert (code, err) == (0, "")
    assert f">{told}</title>" in out
    assert flaws(out) == []


def test_whole_networks_have_files_of_their_own_names(draw: Draw) -> None:
    for arguments in (("net.yaml",), ("net.yaml", "--full"), ("net.yaml", "unet_classifier")):
        assert draw(*arguments)[0] == 0
    assert sorted(path.name for path in Path().glob("*.svg")) == ["net.svg", "net_full.svg", "net_unet_classifier.svg"]


def test_a_picture_that_does_not_fit_is_refused(draw: Draw) -> None:
    code, _, err = draw("nasnet_mobile", "--stage", "normal1", "--width", "column")
    assert code == 2
    assert re.search(r"the picture of nasnet_normal is [\d.]+ pixels wide, and a column has 436\n  hint: --width page", err)


def test_a_network_without_blocks_has_none_to_draw(draw: Draw) -> None:
    Path("flat.yaml").write_text("input: 8x8x3\nclasses: 2\nhead: [global_avg_pool, dense: 2]\n")
    code, _, err = draw("flat.yaml", "--block", "all")
    assert (code, err) == (2, "flat calls no block\n  hint: --stage draws its stem, stages and head\n")
    assert draw("flat.yaml", "--stage", "head")[0] == 0
