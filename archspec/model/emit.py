"""Graph to keras.Model: one loop over the nodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import keras

from archspec.errors import InputError, nearest
from archspec.graph.ir import Feature, Graph, Node
from archspec.graph.names import padding_name
from archspec.graph.passes import dilated, reaching
from archspec.graph.recompute import recomputed
from archspec.graph.sign import above_zero, takes_above_zero
from archspec.io.depth import deep
from archspec.model import layers
from archspec.model.custom import LAYOUT
from archspec.model.recompute import RecomputingModel


def build(graph: Graph, *, auxiliary: bool = False, initialize: bool = True, portable: bool = False,
          dtype: str = "float32") -> keras.Model:
    """The functional model: `images` (batch, height, width, channels) to logits (batch, classes).

    With `auxiliary`, to {"logits": …, "auxiliary_<stage>": …} for training. `initialize=False` leaves kernels zero,
    which is several times quicker and enough where weights follow. `portable` is for files that are to be loaded without
    archspec: the plain model even where the graph says what a training recomputes. `dtype` is one of Keras's policies
    (float32, mixed_bfloat16, …); where it mixes, weights and logits are float32: a loss of logits in half precision would
    be one of other logits. Neither it nor the layout depends on the user's settings of Keras. Layers have the names of
    the nodes.
    """
    nodes = graph.nodes if auxiliary else graph.predicting
    with deep(len(nodes)), _stated(dtype):
        values = _emit(nodes, initialize, _logits(graph) if dtype.startswith("mixed_") else frozenset())
        outputs: Any = values[graph.output.name]
        if auxiliary:
            extra = {f"auxiliary_{stage}": values[value.name] for stage, value in graph.auxiliary.items()}
            outputs = {"logits": outputs, **extra}
        return _model(graph, values, outputs, graph.name, frozenset() if portable else recomputed(graph))


@contextmanager
def _stated(dtype: str) -> Iterator[None]:
    """Keras with this precision, float32 and channels last, whatever its settings are before and after.

    Layers keep what they are made with. No argument of theirs would do: merging layers and the model take no layout.
    """
    layout, floatx, policy = keras.config.image_data_format(), keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_image_data_format(LAYOUT)
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy(dtype)
    try:
        yield
    finally:
        keras.config.set_image_data_format(layout)
        keras.config.set_floatx(floatx)
        keras.config.set_dtype_policy(policy)


def _logits(graph: Graph) -> frozenset[str]:
    return frozenset(value.name for value in (graph.output, *graph.auxiliary.values()))


def _model(graph: Graph, values: Mapping[str, Any], outputs: Any, name: str, again: frozenset[str]) -> keras.Model:
    """The plain functional model, or the one that computes these nodes again."""
    if not again:
        return keras.Model(values[graph.input.name], outputs, name=name)
    model = RecomputingModel(values[graph.input.name], outputs, name=name)
    helpers = (padding_name(node) for node in graph.nodes if node.recompute)
    model.recomputed = (*sorted(again), *helpers)
    return model


def backbone(graph: Graph, levels: Sequence[str], *, output_stride: int | None = None, initialize: bool = True,
             portable: bool = False) -> keras.Model:
    """The model from `images` to {level: feature map}, with no layer more than that takes. All else is as in build.

    With an output stride no map is smaller than that (graph/passes/dilation.py). Raises InputError if the graph has no such
    level, none is asked for, or the network has no such form.
    """
    wanted = [_feature(graph, level) for level in levels]
    if not wanted:
        raise InputError(f"{graph.name}: no feature level was asked for; it has {', '.join(graph.features)}")
    cut = reaching(graph, levels)
    cut = cut if output_stride is None else dilated(cut, output_stride)
    with deep(len(cut.nodes)), _stated("float32"):
        values = _emit(cut.nodes, initialize)
        outputs = {level: values[feature.value.name] for level, feature in cut.features.items()}
        model = _model(cut, values, outputs, f"{graph.name}_backbone", frozenset() if portable else recomputed(graph))
    # what the models of keras-cv, and those of keras-hub, ask a backbone for
    model.pyramid_level_inputs = {level: feature.value.name for level, feature in cut.features.items()}
    model.pyramid_outputs = outputs
    return model


def _feature(graph: Graph, level: str) -> Feature:
    if level not in graph.features:
        known, near = ", ".join(graph.features) or "none", nearest(str(level), graph.features)
        hint = f"\n  hint: {near}" if near else ""
        raise InputError(f"{graph.name} has no feature level '{level}'; it has {known}{hint}")
    return graph.features[level]


def _emit(nodes: Sequence[Node], initialize: bool, exact: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The Keras tensor of each node; those of the nodes in `exact` are float32."""
    values: dict[str, Any] = {}
    positive = above_zero(nodes)
    for node in nodes:
        with _stated("float32") if node.name in exact else nullcontext():
            chain = layers.emit(node, layers.Context(initialize, takes_above_zero(node, positive)))
        values[node.name] = _apply(chain, [values[value.name] for value in node.inputs], layers.takes_list(node))
    return values


def _apply(chain: layers.Layers, inputs: list[Any], as_list: bool) -> Any:
    """What a node's layers make of its inputs; merging layers take a list even of one."""
    if not inputs:
        return chain[0].output
    x = inputs if as_list else inputs[0]
    for layer in chain:
        x = layer(x, x) if isinstance(layer, keras.layers.MultiHeadAttention) else layer(x)
    return x
