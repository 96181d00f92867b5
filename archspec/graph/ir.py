"""Value, Node, Graph: a network, immutable, in the order in which it is computed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Literal, NamedTuple

from archspec.errors import Where
from archspec.graph.axes import Resize
from archspec.graph.ops import Input, Op
from archspec.graph.types import Tensor, Weight

Role = Literal["main", "shortcut", "gate", "auxiliary"]


@dataclass(frozen=True, slots=True)
class Value:
    """The result of a node: the node's name and the type of what it gives."""

    name: str
    type: Tensor


@dataclass(frozen=True, slots=True)
class Frame:
    """A call of a block: its name, what the names of its layers begin with, where it is called, and which value enters."""

    name: str
    prefix: str
    where: Where
    entered: str = ""

    def __str__(self) -> str:
        return f"in the block {self.name} ({self.prefix}), called from {self.where}"


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where in the network a node stands, in the words of Node."""

    section: str = ""
    block: int = 0
    role: Role = "main"
    recompute: bool = False
    calls: tuple[Frame, ...] = ()

    def on(self, role: Role) -> Cursor:
        """The same on a side path; a path inside another keeps the outer role."""
        return replace(self, role=role) if self.role == "main" else self

    def calling(self, frame: Frame) -> Cursor:
        """The same inside a call of a block."""
        return replace(self, calls=(*self.calls, frame))


@dataclass(frozen=True, slots=True)
class Node:
    """One operation in its place.

    `section` is stem, a stage's name, or head; `block` is the number of the stage's repeat from 1 (0: none);
    `role` says which path it is on: only main counts for depth. `recompute` says that its result need not be kept for
    the backward pass (see graph/recompute.py); it changes no number, and so no fingerprint. `calls` are the blocks around
    it, the outermost first: what pictures draw as one.
    """

    name: str
    op: Op
    inputs: tuple[Value, ...]
    output: Value
    where: Where
    section: str = ""
    block: int = 0
    role: Role = "main"
    recompute: bool = False
    calls: tuple[Frame, ...] = field(default=(), compare=False, repr=False)

    @property
    def types(self) -> tuple[Tensor, ...]:
        """The types of the inputs."""
        return tuple(value.type for value in self.inputs)

    @property
    def sources(self) -> tuple[Value, ...]:
        """The inputs that its numbers come from; one that only gives an upsampling its size is none."""
        return self.inputs[:1] if isinstance(self.op, Resize) else self.inputs

    @property
    def weights(self) -> tuple[Weight, ...]:
        """The arrays the node holds."""
        return self.op.weights(*self.types)

    @property
    def parameters(self) -> int:
        """Number of weights, batch-norm statistics among them."""
        return sum(weight.size for weight in self.weights)

    @property
    def trainable(self) -> int:
        """Number of weights that training learns: what papers count."""
        return sum(weight.size for weight in self.weights if weight.trainable)

    @property
    def macs(self) -> int | None:
        """Multiply-adds for one image; None where a size is open."""
        return self.op.macs(self.types, self.output.type)


class Cost(NamedTuple):
    """What a node costs: its weights, those that are trained, multiply-adds for one image, and how many values it gives.

    None where a size is open.
    """

    parameters: int
    trainable: int
    macs: int | None
    values: int | None


@dataclass(frozen=True)
class Feature:
    """A level of the feature pyramid: the value, the section it comes from and its stride against the image."""

    value: Value
    section: str
    stride: int


@dataclass(frozen=True)
class Graph:
    """A network. `output` gives the logits; `auxiliary` the logits of extra classifiers, by stage.

    `taken` says by which names lists take values: for each section and repeat, the value's name to the name it is kept by.
    """

    name: str
    nodes: tuple[Node, ...]
    output: Value
    auxiliary: Mapping[str, Value] = field(default_factory=dict)
    features: Mapping[str, Feature] = field(default_factory=dict)
    sections: tuple[str, ...] = ()
    taken: Mapping[tuple[str, int], Mapping[str, str]] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "auxiliary", MappingProxyType(dict(self.auxiliary)))
        object.__setattr__(self, "features", MappingProxyType(dict(self.features)))
        object.__setattr__(self, "taken", MappingProxyType({place: MappingProxyType(dict(names))
                                                            for place, names in self.taken.items()}))

    @cached_property
    def input(self) -> Value:
        """The image."""
        return self.nodes[0].output

    @cached_property
    def costs(self) -> Mapping[str, Cost]:
        """What each node costs, by its name. Repeats that are alike share their operations: each is asked once."""
        known: dict[tuple[int, ...], Cost] = {}
        found: dict[str, Cost] = {}
        for node in self.nodes:
            key = (id(node.op), id(node.output.type), *(id(value.type) for value in node.inputs))
            if key not in known:
                known[key] = Cost(node.parameters, node.trainable, node.macs, node.output.type.size)
            found[node.name] = known[key]
        return MappingProxyType(found)

    @property
    def predicting(self) -> tuple[Node, ...]:
        """The nodes of the model that predicts: all but the auxiliary classifiers."""
        return tuple(node for node in self.nodes if node.role != "auxiliary")

    @cached_property
    def users(self) -> Mapping[str, tuple[Node, ...]]:
        """The nodes that take each node's result, by its name, in order; one that takes it twice is there twice."""
        found: dict[str, list[Node]] = {node.name: [] for node in self.nodes}
        for node in self.nodes:
            for value in node.inputs:
                found[value.name].append(node)
        return MappingProxyType({name: tuple(users) for name, users in found.items()})

    @cached_property
    def _by_name(self) -> Mapping[str, Node]:
        return MappingProxyType({node.name: node for node in self.nodes})

    def node(self, name: str) -> Node:
        """The node of this name. Raises KeyError if there is none."""
        return self._by_name[name]

    def ancestors(self, names: Iterable[str]) -> tuple[Node, ...]:
        """The nodes of these names and all that their results depend on, in the order of computation."""
        wanted, waiting = set[str](), list(names)
        while waiting:
            name = waiting.pop()
            if name not in wanted:
                wanted.add(name)
                waiting.extend(value.name for value in self._by_name[name].inputs)
        return tuple(node for node in self.nodes if node.name in wanted)

    @cached_property
    def fingerprint(self) -> str:
        """Twelve hexadecimal digits that change whenever the computation or a layer's name does."""
        from archspec.graph.text import lines
        return hashlib.sha256("\n".join(lines(self)).encode()).hexdigest()[:12]


def is_input(node: Node) -> bool:
    """Whether a node is the image."""
    return isinstance(node.op, Input)
