"""An example of every operation of the vocabulary, in the smallest network that holds it."""

from __future__ import annotations

from typing import Any

from graphs import Net

from archspec.graph import axes, learned, ops
from archspec.graph.ir import Graph
from archspec.graph.types import VALID

MODULES = (ops, axes, learned)
VOCABULARY = [op for module in MODULES for op in vars(module).values()
              if isinstance(op, type) and issubclass(op, ops.Op) and op is not ops.Op and op.__module__ == module.__name__]
CONV = ops.Conv(6, (3, 3), bias=True)
DEPTHWISE = ops.Depthwise(bias=True)
POOL = ops.Pool("avg", (3, 3), (2, 2), (1, 1, 1, 1))
OTHERS: dict[type[ops.Op], tuple[ops.Op, dict[str, Any]]] = {
    ops.Input: (ops.Input((7, 9, 6)), {"shape": (8, 9, 6)}),
    ops.Conv: (CONV, {"filters": 12, "kernel": (3, 5), "stride": (2, 2), "padding": VALID, "dilation": (2, 2), "groups": 3,
                      "bias": False, "bias_init": 1.5, "standardize": 0.25}),
    ops.Depthwise: (DEPTHWISE, {"multiplier": 2, "kernel": (3, 5), "stride": (2, 2), "padding": VALID, "dilation": (2, 2),
                                "bias": False, "bias_init": 1.5, "standardize": True}),
    ops.Pool: (POOL, {"mode": "max", "kernel": (2, 3), "stride": (1, 2), "padding": (1, 1, 1, 0), "ceil": True,
                      "count_padding": True, "dilation": (2, 2)}),
    ops.GlobalPool: (ops.GlobalPool("avg"), {"mode": "max", "keepdims": True}),
    ops.Dense: (ops.Dense(5), {"units": 4, "bias": False, "bias_init": 1.5}),
    ops.BatchNorm: (ops.BatchNorm(), {"epsilon": 0.1, "momentum": 0.8, "scale": False, "center": False}),
    ops.LayerNorm: (ops.LayerNorm(), {"epsilon": 0.1, "scale": False, "center": False}),
    ops.GroupNorm: (ops.GroupNorm(2), {"groups": 3, "epsilon": 0.1, "scale": False, "center": False}),
    ops.Activation: (ops.Activation("relu"), {"function": "sigmoid", "slope": 0.3, "alpha": 2.0, "approximate": True}),
    ops.Dropout: (ops.Dropout(0.1), {"rate": 0.2}),
    ops.DropPath: (ops.DropPath(0.1), {"rate": 0.2}),
    ops.Scale: (ops.Scale(0.5), {"factor": 0.6, "learned": True}),
    ops.LayerScale: (ops.LayerScale(0.5), {"init": 0.6}),
    ops.LocalResponseNorm: (ops.LocalResponseNorm(), {"size": 3, "alpha": 0.1, "beta": 0.5, "k": 2.0}),
    ops.Pad: (ops.Pad((1, 1, 1, 1)), {"size": (1, -1, 1, 2), "mode": "reflect"}),
    ops.PadChannels: (ops.PadChannels(8), {"channels": 9}),
    ops.SliceChannels: (ops.SliceChannels(0, 2), {"start": 1, "size": 3}),
    ops.Flatten: (ops.Flatten(), {}),
    ops.Shuffle: (ops.Shuffle(2), {"groups": 3}),
    ops.Upsample: (ops.Upsample(2), {"factor": 3, "method": "bilinear"}),
    axes.Resize: (axes.Resize(), {"method": "bilinear"}),
    ops.Concat: (ops.Concat(), {}),
    ops.Merge: (ops.Merge("average"), {"how": "max", "drop_path": 0.2}),
    ops.Gate: (ops.Gate(), {}),
    ops.Blend: (ops.Blend(), {}),
    learned.ConvTranspose: (learned.ConvTranspose(4, (3, 3), (2, 2), bias=True), {
        "filters": 5, "kernel": (4, 3), "stride": (3, 1), "bias": False, "bias_init": 1.5}),
    learned.Attention: (learned.Attention(2, 3), {"heads": 3, "key": 4, "bias": False, "dropout": 0.5}),
    learned.Shift: (learned.Shift(), {}),
    learned.GlobalResponseNorm: (learned.GlobalResponseNorm(), {"epsilon": 0.1}),
    learned.Rows: (learned.Rows(), {}),
    learned.Weighted: (learned.Weighted(), {}),
    learned.Select: (learned.Select(), {}),
    learned.Attend: (learned.Attend(2), {"heads": 3}),
    axes.Reshape: (axes.Reshape((18, 4, 6)), {"to": (4, -1, 9)}),
    axes.Permute: (axes.Permute("whc"), {"order": "wch"}),
    axes.Reduce: (axes.Reduce("mean"), {"how": "max"}),
    axes.BlurPool: (axes.BlurPool((3, 3), (2, 2)), {"kernel": (2, 4), "stride": (1, 2)}),
    axes.Coordinates: (axes.Coordinates(), {}),
    axes.Position: (axes.Position(), {}),
}
"""An operation and another value for each of its fields."""
ONLY_OF = {"slope": "leaky_relu", "alpha": "elu", "approximate": "gelu"}
"""Fields of Activation that one function has."""

ONES = (1, 1, 1, 1)
WINDOWS = [
    ops.Conv(4, (3, 3), (2, 2), "same", (2, 2)), ops.Conv(4, (2, 4), (2, 1)), ops.Conv(4, (1, 1), (2, 2)),
    ops.Conv(4, (3, 3), (3, 2), (0, 1, 2, 0)), ops.Depthwise(2, (3, 3), (2, 1)), ops.Depthwise(1, (3, 3), (2, 2), "same", (2, 2)),
    ops.Pool("max", (3, 3), (2, 2)), ops.Pool("max", (2, 2), (2, 2), ONES, ceil=True), ops.Pool("max", (3, 3), (2, 2), VALID, ceil=True),
    ops.Pool("avg", (3, 3), (2, 2)), ops.Pool("avg", (3, 3), (2, 2), count_padding=True), ops.Pool("avg", (3, 3), (1, 1), ONES),
    ops.Pool("avg", (3, 3), (2, 2), ONES, ceil=True), ops.Pool("avg", (3, 3), (2, 2), ONES, ceil=True, count_padding=True),
    ops.Pool("avg", (2, 2), (2, 2), (1, 0, 1, 0), ceil=True, count_padding=True), ops.Pool("avg", (2, 3), (2, 1), (0, 1, 1, 0)),
]
"""Convolutions and pools whose fields meet: paddings with strides, dilations and what is counted."""


def around(op: ops.Op, size: tuple[int | None, int | None] = (8, 9)) -> Graph:
    """A network of this operation, on maps of this height and width or on vectors, of both signs."""
    net = Net("net")
    image = net.put(op if isinstance(op, ops.Input) else ops.Input((*size, 6)))
    x = net.put(ops.GlobalPool("avg"), image) if isinstance(op, ops.Dense) else image
    if isinstance(op, ops.Input):
        return net.done(x)
    if isinstance(op, axes.Resize):
        return net.done(net.put(op, net.put(ops.Pool("avg", (2, 2), (2, 2)), image), image))
    several = {ops.Concat: 2, ops.Merge: 2, ops.Gate: 2, ops.Blend: 3, learned.Rows: 2, learned.Weighted: 2,
               learned.Select: 2, learned.Attend: 3}.get(type(op), 1)
    others = [net.put(ops.Scale(0.25 * index), image) for index in range(1, several)]
    if isinstance(op, learned.Select):
        others.append(net.put(ops.Concat(), *[net.put(ops.GlobalPool("avg"), value) for value in (*others, image)]))
    return net.done(net.put(op, x, *others))
