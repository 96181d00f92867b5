"""Architecture tables as papers print them, of one network or of several side by side: LaTeX, Markdown or HTML."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from typing import Literal

from archspec.draw.boxes import Box, Part
from archspec.draw.captions import three
from archspec.draw.outline import Segment, outline
from archspec.draw.pattern import Cell, Pattern, patterns
from archspec.draw.tree import Knot, Lane, Leaf, Parallel, Series, Tree, tree
from archspec.errors import InputError
from archspec.graph.axes import Permute, Reshape
from archspec.graph.ir import Graph
from archspec.graph.ops import Dropout, Flatten, Pad, SliceChannels
from archspec.graph.types import Tensor
from archspec.schema.tree import Scalar
from archspec.spec.arch import Spec
from archspec.views.summary import totals

Style = Literal["resnet", "rows", "inception"]
Format = Literal["latex", "markdown", "html"]
LONGEST = 12
"""A block of more lines than this is called by its name."""
_PLAIN = re.compile(r"[\d×.–]+$")
_STRIDE = re.compile(r"/(\d+(?:×\d+)?)$")


@dataclass(frozen=True, slots=True)
class Bracket:
    """The lines of a block, and how often it is repeated."""

    lines: tuple[str, ...]
    times: int


@dataclass(frozen=True, slots=True)
class Amount:
    """Multiply-adds, or parameters; none where a size is open."""

    value: int | None


Content = tuple[str | Bracket | Amount, ...]
"""What stands in a cell, in order. Words are as in a picture's boxes: `3×3, 64, /2`."""


@dataclass(frozen=True, slots=True)
class Table:
    """`words` columns from the left hold words; `totals` are the last rows, under a rule, with their names over these."""

    header: tuple[str, ...]
    rows: tuple[tuple[Content, ...], ...]
    totals: Mapping[str, tuple[Content, ...]]
    words: int


def stages_table(networks: Mapping[str, Graph]) -> Table:
    """A row a section with its output size, a column a network, by what it is called: repeats are brackets."""
    columns = {name: _sections(graph) for name, graph in networks.items()}
    rows: list[tuple[Content, ...]] = []
    for section in _merged([list(column) for column in columns.values()]):
        sizes = list(dict.fromkeys(_size(column[section][-1].output) for column in columns.values() if section in column))
        cells = [_content(column[section]) if section in column else ("–",) for column in columns.values()]
        rows.append(((section,), (" or ".join(sizes),), *cells))
    return Table(("stage", "output", *networks), tuple(rows), _totals(networks.values(), 0), 2)


def rows_table(graph: Graph, spec: Spec) -> Table:
    """As MobileNetV2's: a row a stage with its input, block, the parameters that stages give, width, repeats and stride."""
    given = _given(spec)
    names = tuple(dict.fromkeys(name for found in given.values() for name in found))
    rows: list[tuple[Content, ...]] = []
    before = graph.input.type
    for segment in outline(graph):
        if segment.form == "stage":
            own = given.get(segment.section, {})
            width = str(segment.output.channels)
            rows.append(((_shape(before),), (segment.words or segment.title,), *(((own.get(name, "–"),)) for name in names),
                         (width,), (str(len(segment.repeats)),), (_stride(before, segment.output),)))
            before = segment.output
        elif all(isinstance(part, Leaf) for part in tree(segment.repeats[-1].part).parts):
            for box in segment.boxes:
                if _operation(box):
                    rows.append(_operator(before, box.words[0].replace(" avg ", " average "), len(names), box.output))
                    before = box.output
        else:
            rows.append(_operator(before, f"{segment.title}: {segment.words}", len(names), segment.output))
            before = segment.output
    columns = 1 + len(names) + 3
    return Table(("input", "operator", *names, "c", "n", "s"), tuple(rows), _totals([graph], columns - 1), 2)


def cells_table(graph: Graph) -> Table:
    """As the Inception papers': a row a section, a column a path of its cell, with what stands before and behind the paths."""
    found: list[tuple[str, str, str, list[str], list[list[str]], list[str]]] = []
    for section, segments in _sections(graph).items():
        before: list[str] = []
        for segment in segments:
            if segment.form == "stage":
                shown = _usual(segment)
                first, paths, last = _cell(shown.part, _cells(shown))
                found.append((section, _size(segments[-1].output), str(len(segment.repeats)), before + first, paths, last))
                before = []
            else:
                before += _lines(segment.repeats[-1].part, {})
        if before:
            if found and found[-1][0] == section:
                found[-1][5].extend(before)
            else:
                found.append((section, _size(segments[-1].output), "1", before, [], []))
    most = max((len(row[4]) for row in found), default=0)
    behind = any(row[5] for row in found)
    rows: list[tuple[Content, ...]] = []
    for section, size, times, first, paths, last in found:
        own = [*(tuple(path) for path in paths), *((),) * (most - len(paths))]
        rows.append(((section,), (size,), (times,), tuple(first), *own, *((tuple(last),) if behind else ())))
    header = ("cell", "output", "repeats", "layers", *(f"path {number}" for number in range(1, most + 1)),
              *(("behind",) if behind else ()))
    return Table(header, tuple(rows), _totals([graph], len(header) - 4), 3)


def table(networks: Mapping[str, tuple[Graph, Spec]], style: Style) -> Table:
    """The table of a style.

    Raises InputError where a style that is for one network is asked of several, and where layers of a network outside of
    repeats stand in more streams and paths than a row can tell.
    """
    for name, (graph, _) in networks.items():
        for segment in outline(graph):
            if segment.form == "run" and _tangled(segment.repeats[-1].part):
                raise InputError(f"{name}: {segment.words} of {segment.section} stand in streams or paths, which no row of a "
                                 f"table tells\n  hint: a picture does: archspec draw {name}")
    if style == "resnet":
        return stages_table({name: graph for name, (graph, _) in networks.items()})
    if len(networks) > 1:
        raise InputError(f"a table in the style '{style}' is of one network, and there are {len(networks)}\n"
                         "  hint: the style 'resnet' sets several side by side")
    (graph, spec), = networks.values()
    return rows_table(graph, spec) if style == "rows" else cells_table(graph)


def _tangled(shown: Part) -> bool:
    """Whether values part in layers that are more than a block's."""
    return len(_lines(shown, {})) > LONGEST and not all(isinstance(part, Leaf) for part in tree(shown).parts)


def write(found: Table, form: Format) -> str:
    """The table as text."""
    return {"latex": latex, "markdown": markdown, "html": html}[form](found)


# what stands in the cells

def _sections(graph: Graph) -> dict[str, list[Segment]]:
    return {section: list(segments) for section, segments in groupby(outline(graph), key=lambda segment: segment.section)}


def _merged(columns: Sequence[Sequence[str]]) -> list[str]:
    """The names of all columns in an order that keeps that of each, as far as they agree."""
    found: list[str] = []
    for column in columns:
        place = 0
        for name in column:
            if name in found:
                place = max(place, found.index(name) + 1)
            else:
                found.insert(place, name)
                place += 1
    return found


def _size(tensor: Tensor) -> str:
    """56×56; 1×1 of a vector."""
    sides = tensor.shape[:-1]
    return "×".join("?" if side is None else str(side) for side in sides) if sides else "1×1"


def _shape(tensor: Tensor) -> str:
    return "×".join("?" if side is None else str(side) for side in tensor.shape)


def _totals(graphs: Iterable[Graph], behind: int) -> dict[str, tuple[Content, ...]]:
    """What networks cost in all, in the rows that papers end with, and so many empty cells behind."""
    costs = [totals(graph) for graph in graphs]
    empty: tuple[Content, ...] = ((),) * behind
    return {"multiply-adds": (*((Amount(cost.macs),) for cost in costs), *empty),
            "parameters": (*((Amount(cost.parameters.trainable),) for cost in costs), *empty)}


def _content(segments: Iterable[Segment]) -> Content:
    """A section: its plain layers as words, its repeats as brackets."""
    found: list[str | Bracket] = []
    for segment in segments:
        if segment.form == "stage":
            shown = _usual(segment)
            lines = _lines(shown.part, _cells(shown))
            named = segment.words or segment.title
            found.append(Bracket(tuple(lines) if 0 < len(lines) <= LONGEST else (named,), len(segment.repeats)))
        else:
            found += _lines(segment.repeats[-1].part, {})
    return tuple(found) or ("–",)


def _usual(segment: Segment) -> Pattern:
    """The structure that most repeats of a stage have; of two the later."""
    return max(reversed(patterns([segment])), key=lambda pattern: pattern.count)


def _cells(shown: Pattern) -> dict[str, Cell]:
    return {name: cells[-1] for name, cells in shown.cells.items()}


def _lines(shown: Part, cells: Mapping[str, Cell]) -> list[str]:
    """The layers of a part, a line each; paths side by side have a line each. What a paper leaves out is left out."""
    return _walked(tree(shown), cells)


def _walked(part: Tree, cells: Mapping[str, Cell], inside: bool = False) -> list[str]:
    """The lines of a part; `inside` a path, paths side by side are one."""
    match part:
        case Leaf(box):
            return [said] if (said := _operation(box, cells)) else []
        case Series(parts):
            return [line for each in parts for line in _walked(each, cells, inside)]
        case Knot(boxes, _):
            return [said for box in boxes if (said := _operation(box, cells))]
        case Parallel(paths, _):
            return _side_by_side([path for path in paths if isinstance(path, Series)], cells, inside)
    return []


def _side_by_side(paths: Iterable[Series], cells: Mapping[str, Cell], inside: bool) -> list[str]:
    """Only what is no shortcut; a gate is one line, of what it learns."""
    shown: list[list[str]] = []
    gates: list[str] = []
    for path in paths:
        roles = {box.node.role for box in _boxes(path) if box.nodes}
        if roles == {"gate"}:
            learned = [_operation(box, cells) for box in _boxes(path) if box.kind in ("conv", "dense", "attention")]
            gates += [f"gate: {' → '.join(learned)}"] if learned else []
        elif roles != {"shortcut"} and (lines := _walked(path, cells, True)):
            shown.append(lines)
    if len(shown) == 1:
        return shown[0] + gates
    joined = [" → ".join(lines) for lines in shown]
    if inside:
        return [f"({' | '.join(joined)})", *gates] if joined else gates
    return [f"path {number}: {line}" for number, line in enumerate(joined, 1)] + gates


def _boxes(part: Tree) -> list[Box]:
    match part:
        case Leaf(box):
            return [box]
        case Series(parts) | Parallel(parts, _):
            return [box for each in parts for box in _boxes(each)]
        case Lane(boxes) | Knot(boxes, _):
            return list(boxes)


def _operation(box: Box, cells: Mapping[str, Cell] | None = None) -> str:
    """A box in a paper's words; nothing for what only joins, rearranges, normalises or activates."""
    op = box.op
    if op is None or box.kind in ("merge", "gate", "name") or isinstance(op, Reshape | Permute | Flatten | SliceChannels | Pad):
        return ""
    if box.kind == "plain" and not isinstance(op, Dropout):
        return ""
    first, *others = box.words
    first = first.removesuffix(" conv").replace(" avg ", " average ")
    if box.name in (cells or {}):
        cell = (cells or {})[box.name]
        first = f"{first}, {cell.text}"
    others = [word for word in others if word != "/s"]  # of a first repeat: the output size shows it
    if first == "dense" and others:
        return f"{others[0]}-d dense"
    return ", ".join([first, *others])


def _cell(shown: Part, cells: Mapping[str, Cell]) -> tuple[list[str], list[list[str]], list[str]]:
    """What stands before the widest fork, its paths, and what stands behind."""
    parts = _inner(tree(shown)).parts
    forks = [index for index, part in enumerate(parts) if isinstance(part, Parallel) and _width(part) > 1]
    if not forks:
        return [line for part in parts for line in _walked(part, cells)], [], []
    fork = max(forks, key=lambda index: (_width(parts[index]), -index))
    chosen = parts[fork]
    assert isinstance(chosen, Parallel)
    paths = [_walked(path, cells, True) or ["identity"] for path in chosen.paths if isinstance(path, Series)]
    return ([line for part in parts[:fork] for line in _walked(part, cells)], paths,
            [line for part in parts[fork + 1:] for line in _walked(part, cells)])


def _inner(part: Series) -> Series:
    """Past a shortcut: the body of a residual block, with what follows the block."""
    for index, each in enumerate(part.parts):
        if isinstance(each, Parallel) and _width(each) == 1:
            body = next(path for path in each.paths if isinstance(path, Series) and not _is_shortcut(path))
            return Series((*part.parts[:index], *_inner(body).parts, *part.parts[index + 1:]))
    return part


def _width(part: Tree) -> int:
    if not isinstance(part, Parallel):
        return 0
    return sum(isinstance(path, Series) and bool(path.parts) and not _is_shortcut(path) for path in part.paths)


def _is_shortcut(path: Tree) -> bool:
    return {box.node.role for box in _boxes(path) if box.nodes} == {"shortcut"}


def _operator(before: Tensor, words: str, names: int, output: Tensor) -> tuple[Content, ...]:
    return ((_shape(before),), (words,), *(("–",),) * names,
            (str(output.channels),), ("1",), (_stride(before, output),))


def _stride(before: Tensor, after: Tensor) -> str:
    """How much smaller the map becomes."""
    if before.stride is None or after.stride is None:
        return "–"
    factors = [new / old for new, old in zip(after.stride, before.stride, strict=True)]
    words = [f"{float(factor):.3g}" for factor in factors]
    return words[0] if len(set(words)) == 1 else "×".join(words)


def _given(spec: Spec) -> dict[str, dict[str, str]]:
    """The parameters that each stage gives its block, as written, where not all give the same; the width is a column anyway."""
    found = {stage.name: {name: value.text for name, value in stage.arguments.items()
                          if isinstance(value, Scalar) and name != "width"} for stage in spec.stages}
    names = dict.fromkeys(name for own in found.values() for name in own)
    varied = [name for name in names if len({own.get(name) for own in found.values()}) > 1]
    return {stage: {name: own[name] for name in varied if name in own} for stage, own in found.items()}


# LaTeX

_ESCAPES = {"\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
            "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": "$<$", ">": "$>$", "|": "$|$", "×": r"$\times$",
            "→": r"$\rightarrow$", "–": "--", "…": r"\dots{}", "“": "``", "”": "''"}


def latex(found: Table) -> str:
    """A `tabular` that needs the packages booktabs and amsmath."""
    columns = "l" * found.words + "c" * (len(found.header) - found.words)
    lines = [rf"\begin{{tabular}}{{{columns}}}\toprule", _row(map(_latex, found.header)) + r"\midrule"]
    lines += [_row(_latex_cell(cell) for cell in row) for row in found.rows]
    lines[-1] += r"\midrule"
    for name, total in found.totals.items():
        lines.append(_row([rf"\multicolumn{{{found.words}}}{{l}}{{{name}}}", *(_latex_cell(cell) for cell in total)]))
    lines[-1] += r"\bottomrule"
    return "\n".join([*lines, r"\end{tabular}"]) + "\n"


def _row(cells: Iterable[str]) -> str:
    return " & ".join(cells) + r"\\"


def _latex_cell(content: Content) -> str:
    return "; ".join(_latex_piece(piece) for piece in content)


def _latex_piece(piece: str | Bracket | Amount) -> str:
    match piece:
        case Bracket(lines, times):
            rows = r"\\".join(map(_in_math, lines))
            return rf"$\begin{{bmatrix}}{rows}\end{{bmatrix}}\times{times}$"
        case Amount(None):
            return "?"
        case Amount(int(value)):
            digits, power = f"{value:.2e}".split("e")
            return rf"${digits}\times10^{int(power)}$" if int(power) < 10 else rf"${digits}\times10^{{{int(power)}}}$"
        case str():
            return ", ".join(map(_latex, _words(piece)))
    raise TypeError(piece)


def _words(line: str) -> list[str]:
    """The words between commas, a stride written out."""
    return [_STRIDE.sub(r"stride \1", word) for word in line.split(", ")]


def _latex(words: str) -> str:
    """Words in text mode: kernels and sizes as formulas, what LaTeX would read otherwise escaped."""
    parts = re.split(r"((?<![\w])\d+(?:×\d+)+)", words)
    return "".join(f"${part.replace('×', chr(92) + 'times')}$" if index % 2 else
                   "".join(_ESCAPES.get(sign, sign) for sign in part) for index, part in enumerate(parts))


def _in_math(line: str) -> str:
    """A line of a bracket: a formula where it is nothing but kernels and widths."""
    words = _words(line)
    if all(_PLAIN.match(word) for word in words):
        return ", ".join(words).replace("×", r"\times").replace("–", r"\text{--}")
    return rf"\text{{{', '.join(map(_latex, words))}}}"


# Markdown, HTML

def markdown(found: Table) -> str:
    """A table as GitHub reads it."""
    lines = [_piped(map(_marked, found.header)), "|---" * len(found.header) + "|"]
    lines += [_piped(_joined(cell, _marked, "; ") for cell in row) for row in found.rows]
    lines += [_piped([name, *[""] * (found.words - 1), *(_joined(cell, _marked, "; ") for cell in total)])
              for name, total in found.totals.items()]
    return "\n".join(lines) + "\n"


def _piped(cells: Iterable[str]) -> str:
    return f"|{'|'.join(f' {cell} ' if cell else ' ' for cell in cells)}|"


def _marked(words: str) -> str:
    return re.sub(r"([\\`*_<>|\[\]])", r"\\\1", words)


def html(found: Table) -> str:
    """A `<table>` without styles."""
    head = "".join(f"<th>{escape(name)}</th>" for name in found.header)
    lines = ["<table>", f"<thead><tr>{head}</tr></thead>", "<tbody>"]
    for row in found.rows:
        cells = "".join(f"<td>{_joined(cell, escape, '<br>')}</td>" for cell in row)
        lines.append(f"<tr>{cells}</tr>")
    lines += ["</tbody>", "<tfoot>"]
    for name, total in found.totals.items():
        cells = "".join(f"<td>{_joined(cell, escape, '<br>')}</td>" for cell in total)
        lines.append(f'<tr><th colspan="{found.words}">{name}</th>{cells}</tr>')
    return "\n".join([*lines, "</tfoot>", "</table>"]) + "\n"


def _joined(content: Content, escaped: Callable[[str], str], between: str) -> str:
    found = []
    for piece in content:
        match piece:
            case Bracket(lines, number):
                found.append(f"[{between.join(map(escaped, lines))}] × {number}")
            case Amount(value):
                found.append(three(value))
            case str():
                found.append(escaped(piece))
    return between.join(found)
