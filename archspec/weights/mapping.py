"""Mappings: for a family of networks and a layout, what a file of weights calls each of our layers.

They are data, specs/weights/FAMILY_LAYOUT.yaml: patterns of where a layer stands, not lists of layers.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from archspec.errors import InputError, Problem, SpecError, listed, nearest, shorten
from archspec.graph.ir import Graph, Node
from archspec.graph.ops import Gate
from archspec.io.places import shipped
from archspec.records import record
from archspec.schema.keys import Section, key, section
from archspec.schema.kinds import Choice, Each, Kind, Number, Table, Text, Unfit, Whole
from archspec.schema.read import read
from archspec.spec.operations import STANDARDIZE
from archspec.spec.source import read as read_tree
from archspec.weights.form import Form
from archspec.weights.patterns import Pattern, Words, pattern, render
from archspec.weights.tensors import Format

FIELDS: dict[Format, dict[str, str]] = {
    "keras": {},
    "torch": {"kernel": "weight", "gamma": "weight", "beta": "bias", "alpha": "weight", "moving_mean": "running_mean",
              "moving_variance": "running_var"},
}
"""What a format calls the arrays of a layer, where it does not call them as we do."""
SEPARATOR: dict[Format, str] = {"keras": "/", "torch": "."}
NAMELESS = "none"
IGNORED: dict[Format, tuple[str, ...]] = {"keras": (), "torch": ("*.num_batches_tracked", "n_averaged")}
"""Tensors of a format that no network computes with."""


@record
class Word(Kind):
    """A text, or a whole number that expressions of names count with."""

    def take(self, value: object) -> str | int:
        """The text or the number. Raises Unfit."""
        if isinstance(value, str | int) and not isinstance(value, bool):
            return value
        raise Unfit(self.expected())

    def expected(self) -> str:
        """A text or a whole number."""
        return "a text or a whole number"


@section
class Written(Section):
    """A file of specs/weights as written."""

    format: Format | None = key(Choice(("keras", "torch")), "whose files these are", default=None)
    blocks: tuple[str, ...] | None = key(
        Each(Text("the name of a block"), least=0), "the blocks it serves: those of a spec's stages are all among them; none: "
        "specs without stages", default=None)
    input: str | None = key(Text(), "what the network expects of its images, with these weights", default=None)
    padding: str | None = key(Text(), "this and the next seven: what a file of the weights does not show, see form.Form",
                              default=None)
    pool: str | None = key(Text(), "the same of pools", default=None)
    epsilon: float | None = key(Number(above=0, most=1), "of the norms", default=None)
    act: tuple[str, ...] = key(Each(Text("an activation")), "the activations, the usual one first", default=())
    stride_at: int | None = key(Whole(1, 9), "which convolution of a unit has the stride", default=None)
    grouped_stride_at: int | None = key(Whole(1, 9), "the same where it is grouped", default=None)
    identity: str | None = key(Choice(("raw",)), "what identity shortcuts add", default=None)
    standardize: bool | float | None = key(STANDARDIZE.kind, "whether kernels are standardised when they are used",
                                           default=False)
    note: str | None = key(Text(), "what to say to a network of another form", default=None)
    like: str | None = key(Text("the name of a mapping"), "a mapping beside this one or one that ships, whose keys hold where "
                           "this one has none; its rules come after the rules here", default=None)
    words: Mapping[str, Mapping[str, str | int]] | None = key(
        Table(Table(Word())), "tables that names look numbers and words up in", default=None)
    layers: Mapping[str, str | Mapping[str, str]] | None = key(
        Table(Table(Text("a name in the file"), bare=True)), "patterns of our layers to names in the file; the first that fits "
        "counts; `none` has no name there; or array by array to whole names: {kernel: conv/depthwise_kernel}", default=None)
    rename: Mapping[str, str] | None = key(
        Table(Text("a name")), "other names that files have for the same tensors", default=None)
    ignore: tuple[str, ...] = key(Each(Text("a name")), "tensors that files have and our networks do without", default=())


@dataclass(frozen=True, slots=True)
class Rule:
    """What layers of one form are called; `fields` gives whole names, array by array. NAMELESS: they are not there."""

    pattern: Pattern
    layer: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class LayoutMapping:
    """A mapping, ready to use."""

    name: str
    format: Format
    blocks: frozenset[str]
    input: str
    form: Form
    note: str
    rules: tuple[Rule, ...]
    renames: tuple[tuple[Pattern, str], ...]
    ignored: tuple[Pattern, ...]

    def serves(self, blocks: Iterable[str]) -> bool:
        """Whether it has names for a network of these blocks."""
        used = frozenset(blocks)
        return used <= self.blocks and bool(used) == bool(self.blocks)

    def covers(self, graph: Graph) -> bool:
        """Whether its rules fit every layer of a graph."""
        return all(any(rule.pattern.match(node.name) is not None for rule in self.rules)
                   for node in graph.predicting if node.weights)

    def renamed(self, tensor: str) -> str:
        """A tensor of a file under the name that the rules give."""
        for old, new in self.renames:
            if (found := old.match(tensor)) is not None:
                return self._fill(new, found)
        return tensor

    def ignores(self, tensor: str) -> bool:
        """Whether a tensor of a file has no place in our networks."""
        return any(each.match(tensor) is not None for each in self.ignored)

    def names(self, graph: Graph) -> dict[tuple[str, str], str]:
        """The file's tensor for each (layer, array) of a graph; layers that no rule fits are left out.

        A rule knows what its pattern caught, and `count`, how many layers it fitted before, and see _places.
        """
        found: dict[tuple[str, str], str] = {}
        counts: Counter[int] = Counter()
        for node, place in _places(graph):
            caught = self._rule(node.name) if node.weights else None
            if caught is not None:
                index, holes = caught
                known = {"count": counts[index], **place, **holes}
                found |= {(node.name, field): tensor for field, tensor in self._tensors(
                    self.rules[index], [weight.name for weight in node.weights], known)}
                counts[index] += 1
        self._refuse_sharing(found)
        return found

    def _refuse_sharing(self, names: Mapping[tuple[str, str], str]) -> None:
        """Two layers that take one tensor are a slip of the mapping, and shapes alone may not show it."""
        takers: dict[str, str] = {}
        for (layer, _), tensor in names.items():
            if tensor and takers.setdefault(tensor, layer) != layer:
                raise InputError(f"the mapping {self.name} gives {tensor} to {takers[tensor]} and to {layer}\n"
                                 "  hint: make its patterns tell the two apart")

    def _rule(self, layer: str) -> tuple[int, dict[str, str | int]] | None:
        for index, rule in enumerate(self.rules):
            if (holes := rule.pattern.match(layer)) is not None:
                return None if rule.layer == NAMELESS else (index, holes)
        return None

    def _tensors(self, rule: Rule, arrays: Sequence[str], known: Mapping[str, str | int]) -> Iterator[tuple[str, str]]:
        """Each array of a layer, and the file's name for it."""
        if rule.fields:
            yield from ((array, self._fill(rule.fields.get(array, ""), known)) for array in arrays)
            return
        layer = self._fill(rule.layer, known) + SEPARATOR[self.format]
        yield from ((array, layer + FIELDS[self.format].get(array, array)) for array in arrays)

    def _fill(self, template: str, known: Mapping[str, str | int]) -> str:
        try:
            return render(template, known)
        except ValueError as error:
            raise InputError(f"the mapping {self.name}: {template}: {error}") from None


def _places(graph: Graph) -> Iterator[tuple[Node, dict[str, int]]]:
    """Each node, and what came before it.

    block: how many blocks of stages; position: how many operations of the main path, gates aside; part: how many
    convolutions of its block, a gate's counting as one.
    """
    blocks: dict[tuple[str, int], int] = {}
    position = -1  # the image is none
    parts: dict[str, int] = {}
    for node in graph.nodes:
        if node.block and (node.section, node.block) not in blocks:
            blocks[node.section, node.block] = len(blocks)
            parts = {}
        name = _part(node.name)
        part = parts.setdefault(name, len(parts)) if node.weights else 0
        yield node, {"block": blocks.get((node.section, node.block), len(blocks)), "position": position, "part": part}
        position += node.role == "main" and not isinstance(node.op, Gate)


def _part(name: str) -> str:
    """The convolution of a block that a layer belongs to: itself, its norm's, or the gate."""
    return re.sub(r"(_squeeze)?_conv\d+$", r"\1", name) if "_squeeze_" in name else name.removesuffix("_norm")


FORM = tuple(field.name for field in fields(Form))


def read_mapping(path: Path) -> LayoutMapping:
    """A mapping file and those it is like. Raises InputError."""
    written = list(_chain(path))
    words: Words = {name: value for each in reversed(written) for name, value in (each.words or {}).items()}
    form: dict[str, Any] = {name: _nearest(written, name) for name in FORM}
    name: Format | None = _nearest(written, "format")
    if name is None:
        raise InputError(f"{path}: format is missing: keras or torch")
    return LayoutMapping(
        path.stem, name, frozenset(_nearest(written, "blocks") or ()), _nearest(written, "input") or "",
        Form(**form), _nearest(written, "note") or "",
        tuple(rule for each in written for rule in _rules(path, each, words)),
        tuple((_pattern(path, old, words), new) for each in written for old, new in (each.rename or {}).items()),
        tuple(_pattern(path, text, words) for each in written for text in (*each.ignore, *IGNORED[name])))


def _nearest(written: list[Written], name: str) -> Any:
    """What the nearest file says of a key; its default where none says anything."""
    default = Written.declared[name].default
    return next((value for each in written if (value := getattr(each, name)) != default), default)


def _chain(path: Path) -> Iterator[Written]:
    """A file and those it is like, nearest first."""
    seen = []
    while path not in seen:
        seen.append(path)
        problems: list[Problem] = []
        written = read(Written, read_tree(path, what="a mapping of weights"), "the mapping", problems)
        if written is None:
            raise SpecError(problems)
        yield written
        if written.like is None:
            return
        path = _beside(path, written.like)
    raise InputError(f"{path}: mappings are like each other in a circle")


def _beside(path: Path, name: str) -> Path:
    """A mapping beside a file, or one that ships with archspec. Raises InputError."""
    own = shipped() / "weights"
    for folder in (path.parent, own):
        if Path(name).name == name and (folder / f"{name}.yaml").is_file():
            return folder / f"{name}.yaml"
    known = sorted(each.stem for each in own.glob("*.yaml"))
    raise InputError(f"{path}: like: there is no mapping '{shorten(name)}' beside it or among those that ship with archspec\n"
                     f"  hint: {nearest(name, known) or listed(known)}")


def _rules(path: Path, written: Written, words: Words) -> Iterator[Rule]:
    for text, name in (written.layers or {}).items():
        layer, fields = (name, {}) if isinstance(name, str) else ("", name)
        yield Rule(_pattern(path, text, words), layer, fields)


def _pattern(path: Path, text: str, words: Words) -> Pattern:
    try:
        return pattern(text, words)
    except ValueError as error:
        raise InputError(f"{path}: {text}: {error}") from None
