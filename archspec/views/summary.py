"""What a network costs: parameters, multiply-adds, memory, depth and receptive field, by stage and by layer."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import ceil

from archspec.graph.axes import Reshape
from archspec.graph.ir import Graph, Node
from archspec.graph.learned import Attend, Attention
from archspec.graph.ops import Flatten, GlobalPool
from archspec.graph.recompute import recomputed

BYTES = 4
"""Of a float32."""
PASSES = {"inference": 1, "training": 3}
"""Forward; and backward to the maps and to the weights, each as many multiply-adds again."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """Counts of weights; those that are not trainable are batch-norm statistics."""

    total: int
    trainable: int

    @property
    def non_trainable(self) -> int:
        """Batch-norm statistics."""
        return self.total - self.trainable


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes in float32. Activations: what the backward pass of one image keeps, each layer's result once."""

    weights: int
    activations: int | None
    training: int | None
    """Weights, gradients, momentum, and the activations of a batch."""


@dataclass(frozen=True, slots=True)
class StageCost:
    """One stage, or the stem or the head; of `parameters` so many are `trainable`.

    `reach` is the receptive field (height, width) in pixels; None: the whole image.
    """

    name: str
    blocks: int
    output: tuple[int | None, ...]
    parameters: int
    trainable: int
    macs: int | None
    activations: int | None
    reach: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Summary:
    """What a graph costs. `macs` counts a multiply-add as one, for one image; None where a size is open."""

    graph: Graph
    parameters: Parameters
    macs: int | None
    depth: int
    memory: Memory
    stages: tuple[StageCost, ...]


@dataclass(frozen=True, slots=True)
class Totals:
    """What a graph costs in all, in the words of Summary."""

    parameters: Parameters
    macs: int | None
    depth: int
    memory: Memory


def totals(graph: Graph, batch: int = 32) -> Totals:
    """The figures of `summary` that are of the whole network."""
    return _totals(graph, graph.predicting, recomputed(graph), batch)


def _totals(graph: Graph, nodes: Sequence[Node], again: Collection[str], batch: int) -> Totals:
    costs = [graph.costs[node.name] for node in nodes]
    total, trainable = sum(cost.parameters for cost in costs), sum(cost.trainable for cost in costs)
    activations = _sum(kept(graph, node, again) for node in nodes)
    training = None if activations is None else BYTES * (total + 2 * trainable) + batch * activations
    return Totals(Parameters(total, trainable), _sum(cost.macs for cost in costs), depth(graph),
                  Memory(BYTES * total, activations, training))


def summary(graph: Graph, batch: int = 32) -> Summary:
    """Walks the graph once for each figure. Auxiliary classifiers are left out, as in the model that predicts."""
    nodes, again = graph.predicting, recomputed(graph)
    whole, reach = _totals(graph, nodes, again, batch), receptive_fields(graph)
    by_section = {name: tuple(found) for name, found in groupby(nodes[1:], key=lambda node: node.section)}
    rows = tuple(_row(graph, name, by_section[name], reach, again) for name in graph.sections if name in by_section)
    return Summary(graph, whole.parameters, whole.macs, whole.depth, whole.memory, rows)


def _sum(values: Iterable[int | None]) -> int | None:
    """The sum; None if any part is."""
    total = 0
    for value in values:
        if value is None:
            return None
        total += value
    return total


def kept(graph: Graph, node: Node, again: Collection[str]) -> int | None:
    """Bytes of a node's result that training keeps: none of a map in another shape, nor of what is computed again."""
    if isinstance(node.op, Flatten | Reshape) or node.name in again:
        return 0
    values = graph.costs[node.name].values
    return None if values is None else BYTES * values


def _row(graph: Graph, name: str, nodes: tuple[Node, ...], reach: dict[str, tuple[int, int] | None],
         again: Collection[str]) -> StageCost:
    costs = [graph.costs[node.name] for node in nodes]
    main = [node for node in nodes if node.role == "main"] or list(nodes)
    return StageCost(name, max(1, *(node.block for node in nodes)) if len(nodes) > 1 else 1, main[-1].output.type.shape,
               sum(cost.parameters for cost in costs), sum(cost.trainable for cost in costs), _sum(cost.macs for cost in costs),
               _sum(kept(graph, node, again) for node in nodes), reach[main[-1].name])


def depth(graph: Graph) -> int:
    """Weighted layers (convolutions, dense) on the longest way from image to logits; shortcuts and gates do not count."""
    longest: dict[str, int] = {}
    for node in graph.predicting:
        before = max((longest[value.name] for value in node.sources), default=0)
        longest[node.name] = before + (node.op.weighted and node.role == "main")
    return longest[graph.output.name]


def receptive_fields(graph: Graph) -> dict[str, tuple[int, int] | None]:
    """Pixels of the image that one output of each node depends on (height, width); None for the whole image.

    A window of k over values that are j pixels apart widens the field by (k − 1) · j (Araujo et al. 2019, Distill). It
    is taken for the whole image of a vector, and of a map that does not lie as the image does.
    """
    fields: dict[str, tuple[int, int] | None] = {}
    for node in graph.nodes:
        before = [fields[value.name] for value in node.sources]
        if isinstance(node.op, GlobalPool | Attention | Attend) or node.output.type.stride is None or None in before:
            fields[node.name] = None
            continue
        known = [field for field in before if field is not None]
        widest = (max((h for h, _ in known), default=1), max((w for _, w in known), default=1))
        fields[node.name] = _widened(widest, node)
    return fields


def _widened(field: tuple[int, int], node: Node) -> tuple[int, int]:
    extent = node.op.window()[0]
    if extent == (1, 1) or not node.inputs:
        return field
    jump = node.inputs[0].type.stride
    assert jump is not None
    return field[0] + ceil((extent[0] - 1) * jump[0]), field[1] + ceil((extent[1] - 1) * jump[1])


def to_json(result: Summary) -> dict[str, object]:
    """The document that `archspec summary --json` prints (docs/commands.md)."""
    graph = result.graph
    return {
        "name": graph.name, "fingerprint": graph.fingerprint, "input": list(graph.input.type.shape),
        "classes": graph.output.type.channels,
        "parameters": {"total": result.parameters.total, "trainable": result.parameters.trainable,
                       "non_trainable": result.parameters.non_trainable},
        "macs": result.macs, "depth": result.depth,
        "memory": {"weights_bytes": result.memory.weights, "activations_bytes_per_image": result.memory.activations,
                   "training_bytes": result.memory.training},
        "stages": [{"name": row.name, "output": list(row.output), "parameters": row.parameters, "macs": row.macs,
                    "blocks": row.blocks, "activations_bytes_per_image": row.activations,
                    "receptive_field": None if row.reach is None else list(row.reach)} for row in result.stages],
        "features": {level: {"stage": found.section, "stride": found.stride, "channels": found.value.type.channels}
                     for level, found in sorted(graph.features.items())},
        "layers": [{"name": node.name, "op": node.op.kind, "output": list(node.output.type.shape),
                    "parameters": node.parameters, "macs": node.macs} for node in graph.predicting],
    }
