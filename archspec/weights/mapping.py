"""Mappings: for a family of networks and a layout, what a file of weights calls each of our layers.

They are data, specs/weights/FAMILY_LAYOUT.yaml: patterns of where a layer stands, not lists of layers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from archspec.errors import InputError
from archspec.graph.ir import Graph, Node
from archspec.graph.ops import Gate
from archspec.spec.source import plain, read
from archspec.weights.patterns import Pattern, Words, fill, pattern
from archspec.weights.tensors import Format

FIELDS: dict[Format, dict[str, str]] = {
    "keras": {},
    "torch": {"kernel": "weight", "gamma": "weight", "beta": "bias", "alpha": "weight", "moving_mean": "running_mean",
              "moving_variance": "running_var"},
}
"""What a format calls the arrays of a layer, where it does not call them as we do."""
SEPARATOR: dict[Format, str] = {"keras": "/", "torch": "."}
NAMELESS = "none"
IGNORED: dict[Format, tuple[str, ...]] = {"keras": (), "torch": ("*.num_batches_tracked",)}
"""Tensors of a format that no network computes with."""


class Written(BaseModel):
    """A file of specs/weights as written."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Format | None = None
    blocks: tuple[str, ...] | None = None
    """The blocks it serves: those of a spec's stages are all among them. Empty: specs without stages."""
    input: str | None = None
    """What the network expects of its images, with these weights."""
    padding: Literal["symmetric", "same"] | None = None
    """How strided convolutions padded where the weights were trained; no shape shows it."""
    epsilon: float | None = None
    """Of the batch norms there."""
    like: str | None = None
    """A mapping beside this one, whose keys hold where this one has none; its rules come after the rules here."""
    words: dict[str, dict[str, str | int]] = {}
    layers: dict[str, str | dict[str, str]] = {}
    """Patterns of our layers to names in the file; the first that fits counts. `none` has no name there.

    Or array by array to whole names: {kernel: conv/depthwise_kernel}.
    """
    rename: dict[str, str] = {}
    """Other names that files have for the same tensors."""
    ignore: tuple[str, ...] = ()
    """Tensors that files have and our networks do without."""


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
    padding: str | None
    epsilon: float | None
    rules: tuple[Rule, ...]
    renames: tuple[tuple[Pattern, str], ...]
    ignored: tuple[Pattern, ...]

    def serves(self, blocks: Iterable[str]) -> bool:
        """Whether it has names for a network of these blocks."""
        used = frozenset(blocks)
        return used <= self.blocks and bool(used) == bool(self.blocks)

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
                found |= {(node.name, weight.name): self._tensor(self.rules[index], weight.name, known)
                          for weight in node.weights}
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

    def _tensor(self, rule: Rule, field: str, known: Mapping[str, str | int]) -> str:
        if rule.fields:
            return self._fill(rule.fields.get(field, ""), known)
        return self._fill(rule.layer, known) + SEPARATOR[self.format] + FIELDS[self.format].get(field, field)

    def _fill(self, template: str, known: Mapping[str, str | int]) -> str:
        try:
            return fill(template, known)
        except ValueError as error:
            raise InputError(f"the mapping {self.name}: {template}: {error}") from None


def _places(graph: Graph) -> Iterator[tuple[Node, dict[str, int]]]:
    """Each node, and how many blocks of stages and how many operations of the main path, gates aside, came before."""
    blocks: dict[tuple[str, int], int] = {}
    position = -1  # the image is none
    for node in graph.nodes:
        block = blocks.setdefault((node.section, node.block), len(blocks)) if node.block else len(blocks)
        yield node, {"block": block, "position": position}
        position += node.role == "main" and not isinstance(node.op, Gate)


def read_mapping(path: Path) -> LayoutMapping:
    """A mapping file and those it is like. Raises InputError."""
    written = list(_chain(path))
    words: Words = {key: value for each in reversed(written) for key, value in each.words.items()}
    first = _first(written)
    if first.format is None:
        raise InputError(f"{path}: format is missing: keras or torch")
    return LayoutMapping(
        path.stem, first.format, frozenset(first.blocks or ()), first.input or "", first.padding, first.epsilon,
        tuple(rule for each in written for rule in _rules(path, each, words)),
        tuple((_pattern(path, old, words), new) for each in written for old, new in each.rename.items()),
        tuple(_pattern(path, text, words) for each in written for text in (*each.ignore, *IGNORED[first.format])))


def _first(written: list[Written]) -> Written:
    """The nearest file's keys, and for those it lacks the next one's."""
    keys = ("format", "blocks", "input", "padding", "epsilon")
    said = [each.model_dump(include=set(keys), exclude_none=True) for each in reversed(written)]
    return Written.model_validate({key: value for each in said for key, value in each.items()})


def _chain(path: Path) -> Iterator[Written]:
    """A file and those it is like, nearest first."""
    seen = []
    while path not in seen:
        seen.append(path)
        try:
            written = Written.model_validate(plain(read(path)))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            raise InputError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
        yield written
        if written.like is None:
            return
        path = path.with_name(f"{written.like}.yaml")
    raise InputError(f"{path}: mappings are like each other in a circle")


def _rules(path: Path, written: Written, words: Words) -> Iterator[Rule]:
    for text, name in written.layers.items():
        layer, fields = (name, {}) if isinstance(name, str) else ("", name)
        yield Rule(_pattern(path, text, words), layer, fields)


def _pattern(path: Path, text: str, words: Words) -> Pattern:
    try:
        return pattern(text, words)
    except ValueError as error:
        raise InputError(f"{path}: {text}: {error}") from None
