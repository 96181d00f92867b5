"""The sheet that an ONNX graph is written on: its nodes in order, and the arrays that they take.

onnx is not installed everywhere: what imports this module has made sure of it (archspec.export.packages).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

OPSET = 21
"""The first that has all that the vocabulary needs: Gelu is of 20, GroupNormalization of 21. Of onnx 1.16, in 2024."""
IR = 10
"""The version of the file itself, the one that belongs to that opset."""
MOST_BYTES = (1 << 31) - (1 << 24)
"""Of all arrays: a file of protobuf ends at 2 GiB, and the nodes take some of it."""

Axis = str | int
"""The size of an axis, or the name of one that is open."""
Attribute = int | float | str | Sequence[int]


@dataclass(frozen=True, eq=False)
class Sheet:
    """Nodes and arrays, as they are written. What belongs to a node of the network is called after it: `NAME/what`."""

    nodes: list[NodeProto] = field(default_factory=list)
    arrays: list[TensorProto] = field(default_factory=list)

    def put(self, kind: str, inputs: Sequence[str], output: str, attributes: Mapping[str, Attribute]) -> str:
        """Adds a node of this kind. It is called as what it gives, which is returned."""
        self.nodes.append(helper.make_node(kind, inputs, [output], output, **attributes))
        return output

    def array(self, name: str, numbers: np.ndarray) -> str:
        """Adds an array under this name, which is returned."""
        self.arrays.append(numpy_helper.from_array(np.ascontiguousarray(numbers), name))
        return name

    def model(self, name: str, inputs: Mapping[str, Sequence[Axis]], outputs: Mapping[str, Sequence[Axis]]) -> ModelProto:
        """The whole, with float32 inputs and outputs of these shapes."""
        ends = [[helper.make_tensor_value_info(each, TensorProto.FLOAT, shape) for each, shape in side.items()]
                for side in (inputs, outputs)]
        graph = helper.make_graph(self.nodes, name, *ends, initializer=self.arrays)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR)
