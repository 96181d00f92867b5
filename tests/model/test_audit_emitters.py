"""No emitter can go wrong in silence: whatever key of whatever layer has another value, the audit says so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import pytest
from vocabulary import OTHERS, around

from archspec.graph import axes, learned, ops
from archspec.graph.types import VALID
from archspec.model import layers
from archspec.model.audit import Mismatch, audit, differences
from archspec.model.emit import build

PADDED = ops.Conv(6, (3, 3), (2, 2), (1, 1, 1, 1), bias=True)
EXAMPLES = [*(base for base, _ in OTHERS.values()), PADDED, ops.Pad((1, -1, 0, 2), "reflect"), ops.Pad((-1, -1, -2, -1)), ops.Conv(6, (3, 3), (2, 2), "same", (2, 2)), ops.Conv(6, (3, 3), groups=2),
            ops.Depthwise(stride=(2, 1)), ops.Pool("max", (2, 2), (2, 2)), ops.Pool("avg", (2, 2), (2, 2)),
            ops.Pool("max", (3, 3), (2, 2), (1, 1, 1, 1)), ops.Pool("avg", (3, 3), (2, 2), count_padding=True),
            ops.GlobalPool("max"), *(ops.Activation(name) for name in ops.ACTIVATIONS[1:]),
            ops.Activation("gelu", approximate=True), *(ops.Merge(how) for how in ("multiply", "max", "average"))]
WORDS = {"linear": "relu", "relu": "tanh", "gelu": "silu", "archspec>approximate_gelu": "gelu", "valid": "same",
         "same": "valid", "nearest": "bilinear", "bilinear": "nearest"}
FIXED = {"name", "batch_shape", "ragged", "sparse", "optional", "data_format", "renorm", "renorm_clipping", "renorm_momentum",
         "quantization_config", "autocast", "rms_scaling"}
"""Keys that make another kind of layer altogether, or none that can be built here; test_layers and test_settings hold them."""

REFUSED = {"groups", "filters", "dilation_rate"}
"""Keys with which Keras may refuse the layer."""


def other(key: str, value: Any) -> Any:
    """Another value of a key of a configuration; None where there is none."""
    if key.endswith("_initializer"):
        return "zeros" if value["class_name"] == "Ones" else "ones"
    if key.endswith("_regularizer"):
        return "l2"
    if key.endswith("_constraint"):
        return "non_neg"
    if key == "axis":
        return -1 if value == 1 else 1
    if key == "dtype":
        return "float16"
    match value:
        case bool():
            return not value
        case int() | float():
            return value + (1 if isinstance(value, int) else 0.25)
        case str():
            return WORDS.get(value, "relu") if key != "counted" else VALID
        case dict():
            return WORDS[value["config"]]
        case [[top, bottom], [left, right]]:
            return ((top + 1, bottom - 1), (left, right))
        case [int(), *_] if len(value) == 4:
            return (value[0] + 1, value[1], value[2], value[3])
        case [int(), int()]:
            return (value[0] + 1, value[1]) if key != "shared_axes" else (1, 3)
        case None:
            return {"seed": 7, "max_value": 5.0, "noise_shape": (None, 1, 1, 6)}.get(key)
    return None


def altered(layer: keras.layers.Layer) -> Iterator[tuple[str, keras.layers.Layer]]:
    """The same layer with one key of its configuration changed, for each that means anything and Keras takes."""
    config = layer.get_config()
    for key, value in config.items():
        idle = key in FIXED or (key == "bias_initializer" and not config.get("use_bias", True))
        changed = None if idle else other(key, value)
        if changed is not None:
            try:
                yield key, type(layer).from_config({**config, key: changed})
            except (TypeError, ValueError):
                assert key in REFUSED, key


def emitted(op: ops.Op) -> layers.Layers:
    return layers.emit(around(op).nodes[-1], layers.Context(initialize=True, non_negative=False))


def with_layer(op: ops.Op, place: int, layer: keras.layers.Layer, patch: pytest.MonkeyPatch) -> keras.Model:
    """The model of an operation with another layer in one place of what its emitter makes."""
    chain = list(emitted(op))
    chain[place] = layer
    patch.setitem(layers.EMITTERS, type(op), lambda *_: tuple(chain))
    return build(around(op))


@pytest.mark.parametrize("op", EXAMPLES, ids=str)
def test_what_every_emitter_makes_is_understood(op: ops.Op) -> None:
    assert differences(around(op)) == ()


@pytest.mark.parametrize("op", EXAMPLES, ids=str)
def test_every_key_of_every_layer_is_held(op: ops.Op, monkeypatch: pytest.MonkeyPatch) -> None:
    graph, chain = around(op), emitted(op)
    for place, right in enumerate(chain):
        for key, layer in altered(right):
            with monkeypatch.context() as patch:
                try:
                    model = with_layer(op, place, layer, patch)
                except ValueError:
                    assert key in REFUSED, key
                else:
                    assert audit(graph, model), key


@pytest.mark.parametrize("op", [base for base, _ in OTHERS.values() if not isinstance(base, ops.Input)], ids=str)
def test_another_layer_is_caught(op: ops.Op, monkeypatch: pytest.MonkeyPatch) -> None:
    several = isinstance(op, ops.Concat | ops.Merge | ops.Gate | ops.Blend | learned.Rows | learned.Weighted)

    right = emitted(op)[-1]

    def wrong(node: Any, *_: object) -> layers.Layers:
        if isinstance(op, learned.Select | learned.Attend | axes.Resize):  # no layer of Keras's takes what they do
            return (type("Other", (type(right),), {}).from_config({**right.get_config(), "name": node.name}),)
        return (keras.layers.Minimum(name=node.name) if several else keras.layers.Activation("tanh", name=node.name),)
    monkeypatch.setitem(layers.EMITTERS, type(op), wrong)
    if isinstance(op, ops.Concat):
        monkeypatch.setitem(layers.EMITTERS, ops.Scale, lambda node, op, _: (keras.layers.Activation("linear", name=node.name),))
    assert "operation" in {mismatch.what for mismatch in differences(around(op))}


def test_it_says_what_each_side_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(layers.EMITTERS, ops.Activation, lambda node, *_: (keras.layers.Activation("sigmoid", name=node.name),))
    assert differences(around(ops.Activation("relu"))) == (
        Mismatch("act1", "operation", "act(function=relu)", "act(function=sigmoid)"),)


def test_inputs_in_another_order_are_caught() -> None:
    image = keras.Input((8, 9, 6), name="images")
    gate, transformed = (keras.layers.Rescaling(0.25 * index, name=f"scale{index}")(image) for index in (1, 2))
    blend = layers.EMITTERS[ops.Blend](around(ops.Blend()).nodes[-1], ops.Blend(), layers.Context(True, False))[0]
    model = keras.Model(image, blend([image, transformed, gate]), name="net")
    assert audit(around(ops.Blend()), model) == (
        Mismatch("blend3", "inputs", ("images", "scale1", "scale2"), ("images", "scale2", "scale1")),)


def test_zeros_around_a_maximum_of_both_signs_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = around(ops.Pool("max", (3, 3), (2, 2), (1, 1, 1, 1)))
    assert differences(graph) == ()
    monkeypatch.setattr("archspec.model.emit.takes_above_zero", lambda node, known: True)
    assert Mismatch("pool1", "padding", "-inf", "zeros") in differences(graph)
