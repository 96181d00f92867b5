"""Mappings: for a family of networks and a layout, what a file of weights calls each of our layers.

They are data, specs/weights/FAMILY_LAYOUT.yaml: patterns of where a layer stands, not lists of layers.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from archspec.errors import InputError, listed, nearest, shorten
from archspec.graph.ir import Graph, Node
from archspec.graph.ops import Gate
from archspec.io.places import shipped
from archspec.spec.source import plain, read
from archspec.weights.form import Form
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
IGNORED: dict[Format, tuple[str, ...]] = {"keras": (), "torch": ("*.num_batches_tracked", "n_averaged")}
"""Tensors of a format that no network computes with."""


class Written(BaseModel):
    """A file of specs/weights as written."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Format | None = None
    blocks: tuple[str, ...] | None = None
    """The blocks it serves: those of a spec's stages are all among them. Empty: specs without stages."""
    input: str | None = None
    """What the network expects of its images, with these weights."""
    padding: str | None = None
    """This and the next six: what the weights' library has and a file of them does not show, see form.Form."""
    pool: str | None = None
    epsilon: float | None = None
    act: tuple[str, ...] = ()
    stride_at: int | None = None
    grouped_stride_at: int | None = None
    identity: Literal["raw"] | None = None
    note: str | None = None
    """What to say to a network of another form."""
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


KEYS = ("format", "blocks", "input", "note")
"""What the nearest file says holds, as for the keys of FORM."""
FORM = tuple(field.name for field in fields(Form))


def read_mapping(path: Path) -> LayoutMapping:
    """A mapping file and those it is like. Raises InputError."""
    written = list(_chain(path))
    words: Words = {key: value for each in reversed(written) for key, value in each.words.items()}
    first = _first(written)
    if first.format is None:
        raise InputError(f"{path}: format is missing: keras or torch")
    return LayoutMapping(
        path.stem, first.format, frozenset(first.blocks or ()), first.input or "",
        Form(**first.model_dump(include=set(FORM))), first.note or "",
        tuple(rule for each in written for rule in _rules(path, each, words)),
        tuple((_pattern(path, old, words), new) for each in written for old, new in each.rename.items()),
        tuple(_pattern(path, text, words) for each in written for text in (*each.ignore, *IGNORED[first.format])))


def _first(written: list[Written]) -> Written:
    """The nearest file's keys, and for those it lacks the next one's."""
    said = [each.model_dump(include={*KEYS, *FORM}, exclude_unset=True) for each in reversed(written)]
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
    for text, name in written.layers.items():
        layer, fields = (name, {}) if isinstance(name, str) else ("", name)
        yield Rule(_pattern(path, text, words), layer, fields)


def _pattern(path: Path, text: str, words: Words) -> Pattern:
    try:
        return pattern(text, words)
    except ValueError as error:
        raise InputError(f"{path}: {text}: {error}") from None
