"""What differs between two networks, all of it: as a value, as JSON, and as lines of text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

from archspec.compare.alike import Distinct, distinct, ranges
from archspec.compare.keys import KeyPair, differing, recipe
from archspec.compare.layers import BoxPair, LayerPair, Status
from archspec.compare.network import Difference, SectionPair, difference
from archspec.draw.boxes import Box, words_of
from archspec.network import lower
from archspec.spec.arch import Spec
from archspec.spec.dump import to_inline
from archspec.views.summary import StageCost

FEW = 3
"""Boxes of a list that are told one by one."""


@dataclass(frozen=True)
class Report:
    """A difference of networks, of the recipes they are trained by, and of runs, what else differs in those."""

    network: Difference
    recipe: tuple[KeyPair, ...] = ()
    runs: tuple[KeyPair, ...] = ()

    @property
    def equal(self) -> bool:
        """Whether nothing differs."""
        return self.network.equal and not self.recipe and not self.runs

    @cached_property
    def blocks(self) -> list[Distinct]:
        """Each distinct difference of blocks once."""
        return distinct(self.network)

    @property
    def renamed(self) -> Iterator[tuple[str, str]]:
        """The layers that are the same under two names."""
        for pair in self.network.layers:
            if pair.a and pair.b and pair.a.name != pair.b.name:
                yield pair.a.name, pair.b.name


def compared(a: Spec, b: Spec, names: tuple[str, str] | None = None, runs: tuple[KeyPair, ...] = ()) -> Report:
    """All that differs between two specs, called by `names` or by their own; `runs` is what else differs in runs of them."""
    return Report(difference(lower(a), lower(b), names), differing(recipe(a), recipe(b)), runs)


@dataclass(frozen=True, slots=True)
class Line:
    """One layer or box of a distinct difference, in words."""

    status: Status
    name: str
    a: str
    b: str


def lines(found: Distinct) -> list[Line]:
    """A distinct difference, a line a layer that differs; one that a side lacks is told with its norm and activation."""
    return [line for pair in found.shown.boxes if pair.status != "=" for line in _lines(found, pair)]


def _lines(found: Distinct, pair: BoxPair) -> Iterator[Line]:
    inner = found.shown.unit.inner
    if pair.a is None or pair.b is None:
        words = in_words(pair.box)
        yield Line(pair.status, inner(pair.box.name), words if pair.a else "", words if pair.b else "")
        return
    for layer in pair.layers:
        if layer.status != "=" and not layer.tuned:
            said = layer.said or ("" if layer.a is None else words_of(layer.a), "" if layer.b is None else words_of(layer.b))
            node = layer.b or layer.a
            assert node is not None
            yield Line(layer.status, inner(node.name), *said)
    if pair.rewired and all(layer.status == "=" for layer in pair.layers):
        assert found.shown.a is not None
        taken = ("takes " + ", ".join(map(found.shown.a.inner, pair.a.inputs)), "takes " + ", ".join(map(inner, pair.b.inputs)))
        yield Line("≠", inner(pair.b.name), *taken)


def in_words(box: Box) -> str:
    """A box with its norm and activation: `1×1 conv, 64, batch norm, relu`."""
    ahead = [each for each in (box.before.norm, box.before.act) if each]
    before = [f"{' and '.join(ahead)} before"] if ahead else []
    return ", ".join([*box.words, *before, *(each for each in (box.after.norm, box.after.act) if each)])


def more_repeats(section: SectionPair) -> list[tuple[Status, str]]:
    """The repeats and lists of a section that one side alone has, in words."""
    if section.a is None or section.b is None:
        return []
    found: list[tuple[Status, str]] = []
    for status, group in groupby((pair for pair in section.units if not (pair.a and pair.b)), lambda pair: pair.status):
        pairs = list(group)
        for pair in pairs:
            if not pair.unit.block:
                boxes = pair.unit.boxes
                found.append((status, f"{pair.unit.label} ({'; '.join(box.label for box in boxes)})" if len(boxes) <= FEW
                              else f"{pair.unit.label} ({len(boxes)} boxes)"))
        blocks = [pair.unit.block for pair in pairs if pair.unit.block]
        if blocks:
            found.append((status, f"repeat{'s' * (len(blocks) > 1)} {ranges(blocks)}"))
    return found


def resized(network: Difference) -> list[str]:
    """The sections whose layers are the same, from or to maps of other sizes."""
    return [section.name for section in network.sections
            if section.status == "≠" and all(pair.status == "=" for pair in section.units)
            and any(pair.a and pair.b and pair.a.sizes != pair.b.sizes for pair in section.units)]


def tuned(network: Difference) -> list[str]:
    """The settings of norms that differ, once each: `batch norm epsilon 0.001 → 1e-05, in 52 layers`."""
    found: Counter[tuple[str, ...]] = Counter()
    for pair in network.layers:
        if pair.tuned and pair.b:
            found.update((words_of(pair.b), *setting) for setting in pair.settings)
    return [f"{norm} {name} {a} → {b}, in {times} layer{'s' * (times > 1)}" for (norm, name, a, b), times in found.items()]


def input_text(network: Difference) -> str:
    """What goes in and comes out, where it is not the same: `input 224x224x3 → 299x299x3`."""
    sides = network.a.graph, network.b.graph
    found = [f"{what} {values[0]} → {values[1]}" for what, values in (
        ("input", [str(graph.input.type) for graph in sides]), ("classes", [graph.output.type.channels for graph in sides]))
        if values[0] != values[1]]
    return ", ".join(found)


def key_text(value: object) -> str:
    """A value of a key in one line; a dash where a side has no such key."""
    return "–" if value is None else value if isinstance(value, str) else to_inline(_rounded(value))


def _rounded(value: object) -> object:
    """Numbers with the digits that a person reads: 1.333 for 4/3."""
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, list | tuple):
        return [_rounded(each) for each in value]
    return {key: _rounded(each) for key, each in value.items()} if isinstance(value, dict) else value


def to_json(report: Report) -> dict[str, object]:
    """The document that `archspec diff --json` prints (docs/commands.md)."""
    network = report.network
    sides = network.a, network.b
    changed: list[dict[str, object]] = []
    for pair in network.layers:
        if pair.a and pair.b and (pair.said or pair.reshaped):
            other = {} if pair.a.name == pair.b.name else {"name_b": pair.b.name}
            changed.append({"name": pair.a.name, **other, "a": _layer_text(pair, 0), "b": _layer_text(pair, 1)})
    return {
        "equal": report.equal, "names": [side.name for side in sides],
        "fingerprints": [side.graph.fingerprint for side in sides],
        "input": [list(side.graph.input.type.shape) for side in sides],
        "classes": [side.graph.output.type.channels for side in sides],
        "parameters": [side.cost.parameters.total for side in sides],
        "trainable": [side.cost.parameters.trainable for side in sides], "macs": [side.cost.macs for side in sides],
        "depth": [side.cost.depth for side in sides],
        "activations_bytes_per_image": [side.cost.memory.activations for side in sides],
        "stages": [{"name": section.name, "status": section.status, **dict(zip("ab", map(_stage, section.costs), strict=True))}
                   for section in network.sections],
        "layers": {"added": [pair.b.name for pair in network.layers if pair.b and not pair.a],
                   "removed": [pair.a.name for pair in network.layers if pair.a and not pair.b],
                   "changed": changed, "renamed": [{"a": a, "b": b} for a, b in report.renamed]},
        "blocks": [{"name": each.title, "where": each.heading,
                    "layers": [{"status": line.status, "name": line.name, "a": line.a or None, "b": line.b or None}
                               for line in lines(each)]} for each in report.blocks],
        "recipe": _keys(report.recipe), "runs": _keys(report.runs),
    }


def _stage(cost: StageCost | None) -> dict[str, object] | None:
    return None if cost is None else {
        "name": cost.name, "blocks": cost.blocks, "output": list(cost.output), "parameters": cost.parameters,
        "trainable": cost.trainable, "macs": cost.macs, "activations_bytes_per_image": cost.activations}


def _layer_text(pair: LayerPair, side: int) -> str:
    node = (pair.a, pair.b)[side]
    assert node is not None
    words = pair.said[side] if pair.said else words_of(node)
    return f"{words}; {node.output.type}" if pair.reshaped else words


def _keys(pairs: Sequence[KeyPair]) -> list[dict[str, object]]:
    return [{"key": pair.path, "a": pair.a, "b": pair.b} for pair in pairs]
