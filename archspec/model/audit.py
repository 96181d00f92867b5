"""Holds a Keras model against the graph it was built from, layer by layer.

What each layer does is read back from its configuration (meaning.py), its inputs from the model's own wiring, its weights
and their first values from its variables and initializers, and the multiply-adds are counted from its settings and shapes:
never from the graph's operations or the emitters, so that a slip in either shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import keras

from archspec.graph.init import Init
from archspec.graph.ir import Graph, Node
from archspec.graph.names import layer_name, padding_name
from archspec.graph.ops import Op, Pool
from archspec.graph.sign import above_zero, takes_above_zero
from archspec.graph.text import op_text
from archspec.graph.weights import array_name
from archspec.model.attention import Attend
from archspec.model.custom import Shape
from archspec.model.emit import build
from archspec.model.meaning import equal, first_values, meaning, read


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One difference: the layer (or 'total'), what differs, and both sides' values."""

    layer: str
    what: str
    graph: object
    keras: object

    def __str__(self) -> str:
        return f"{self.layer}: {self.what}: {self.graph} in the graph, {self.keras} in the Keras model"


def differences(graph: Graph) -> tuple[Mismatch, ...]:
    """Every difference between a graph and what `build` makes of it, auxiliary classifiers included.

    The weights of the model get no values, only shapes: several times quicker, and small even for VGG.
    """
    with keras.StatelessScope(initialize_variables=False):
        found = audit(graph, build(graph, auxiliary=bool(graph.auxiliary)))
    keras.backend.clear_session(free_memory=False)  # or Keras would give the values later; garbage is collected in time
    return found


def audit(graph: Graph, model: keras.Model) -> tuple[Mismatch, ...]:
    """Every difference between a graph and the model that `build` made of it; empty when they agree."""
    kept = graph.nodes if len(model.outputs) > 1 else graph.predicting
    nodes = {layer_name(node): node for node in kept}
    layers = {layer.name: layer for layer in model.layers}
    wiring, names = _Wiring(layers), {node.name: name for name, node in nodes.items()}
    return (*_missing(nodes, layers), *_extra(nodes, layers), *_totals(kept, model), *_outputs(graph, model, wiring),
            *_precision(model), *_zeros_below_a_maximum(kept, layers),
            *(found for node in kept if names[node.name] in layers for found in _layer(node, names, wiring)))


class _Wiring:
    """The layers of a model by name, and which of them each takes."""

    def __init__(self, layers: Mapping[str, keras.layers.Layer]) -> None:
        self.layers = layers
        self._makers = {id(layer.output): name for name, layer in layers.items()}

    def maker(self, tensor: Any) -> str:
        """The name of the layer that gives this."""
        return self._makers.get(id(tensor), "?")

    def sources(self, node: Node) -> tuple[str, ...]:
        """The layers whose values a node's layers take, in order."""
        helper = self.helper(node)
        layer = helper or self.layers[layer_name(node)]
        if isinstance(layer, keras.layers.InputLayer):
            return ()
        taken = keras.tree.flatten(layer.input)
        attends = isinstance(layer, keras.layers.MultiHeadAttention)  # to what it takes: query and value are the same
        return tuple(dict.fromkeys(map(self.maker, taken))) if attends else tuple(map(self.maker, taken))

    def helper(self, node: Node) -> keras.layers.Layer | None:
        """The layer that pads for a node, if it takes one."""
        helper = self.layers.get(padding_name(node))
        taken = isinstance(helper, keras.layers.ZeroPadding2D) and helper.output is self.layers[layer_name(node)].input
        return helper if taken else None


def _missing(nodes: Iterable[str], layers: Iterable[str]) -> Iterator[Mismatch]:
    known = set(layers)
    for name in nodes:
        if name not in known:
            yield Mismatch(name, "layer", "there", "missing")


def _extra(nodes: Mapping[str, Node], layers: Mapping[str, keras.layers.Layer]) -> Iterator[Mismatch]:
    helpers = {padding_name(node) for node in nodes.values()}
    for name, layer in layers.items():
        if name in nodes:
            continue
        if name not in helpers or not isinstance(layer, keras.layers.ZeroPadding2D):
            yield Mismatch(name, "layer", "missing", f"there, a {type(layer).__name__}")


def _outputs(graph: Graph, model: keras.Model, wiring: _Wiring) -> Iterator[Mismatch]:
    ours = {"logits": layer_name(graph.node(graph.output.name))}
    theirs = {"logits": model.output}
    if isinstance(model.output, dict):
        ours |= {f"auxiliary_{stage}": value.name for stage, value in graph.auxiliary.items()}
        theirs = model.output
    makers = {key: wiring.maker(tensor) for key, tensor in theirs.items()}
    if ours != makers:
        yield Mismatch("total", "outputs", ours, makers)


def _precision(model: keras.Model) -> Iterator[Mismatch]:
    """One policy for all layers; images come as float32 whatever it is, and so do logits go where it mixes."""
    policy, ends = model.dtype_policy.name, {id(output) for output in model.outputs}
    for layer in model.layers:
        image, logits = isinstance(layer, keras.layers.InputLayer), id(layer.output) in ends
        expected = "float32" if image or (logits and policy.startswith("mixed_")) else policy
        found = layer.dtype if image else layer.dtype_policy.name
        if expected != found:
            yield Mismatch(layer.name, "precision", expected, found)


def _zeros_below_a_maximum(nodes: Iterable[Node], layers: Mapping[str, keras.layers.Layer]) -> Iterator[Mismatch]:
    """A maximum is padded with -inf, or with zeros where nothing is below them."""
    nodes = tuple(nodes)
    positive = above_zero(nodes)
    for node in nodes:
        maximum = isinstance(node.op, Pool) and node.op.mode == "max"
        if maximum and padding_name(node) in layers and not takes_above_zero(node, positive):
            yield Mismatch(node.name, "padding", "-inf", "zeros")


def _layer(node: Node, names: Mapping[str, str], wiring: _Wiring) -> Iterator[Mismatch]:
    name = names[node.name]
    layer = wiring.layers[name]
    found, strange = read(layer, wiring.helper(node))
    if not equal(node, found):
        yield Mismatch(name, "operation", _said(meaning(node)), _said(found))
    for key, value in strange.items():
        yield Mismatch(name, key, "nothing of it", value)
    pairs = (("inputs", tuple(names[value.name] for value in node.inputs), wiring.sources(node)),
             ("output shape", node.output.type.shape, tuple(layer.output.shape[1:])),
             ("weights", tuple((weight.name, weight.shape, weight.trainable) for weight in node.weights), _weights(layer)),
             ("first values", tuple(weight.init for weight in node.weights), _first(layer)),
             ("multiply-adds", node.macs, macs(layer)))
    for what, ours, theirs in pairs:
        if ours != theirs:
            yield Mismatch(name, what, ours, theirs)


def _said(it: object) -> str:
    return op_text(it) if isinstance(it, Op) else str(it)


def _weights(layer: keras.layers.Layer) -> tuple[tuple[str, tuple[int, ...], bool], ...]:
    return tuple((array_name(layer.name, weight.path), tuple(weight.shape), weight.trainable) for weight in layer.weights)


def _first(layer: keras.layers.Layer) -> tuple[Init | str, ...]:
    """What the layer's weights begin with. Keras calls a depthwise kernel's initializer otherwise than its variable."""
    if isinstance(layer, keras.layers.MultiHeadAttention):  # one for all of a kind
        config = layer.get_config()
        kinds = (keras.initializers.get(config[f"{weight.name}_initializer"]) for weight in layer.weights)
        return tuple(map(first_values, kinds))
    words = {"kernel": "depthwise"} if isinstance(layer, keras.layers.DepthwiseConv2D) else {}
    return tuple(first_values(getattr(layer, f"{words.get(weight.name, weight.name)}_initializer")) for weight in layer.weights)


def macs(layer: Any) -> int | None:
    """Multiply-adds of a Keras layer for one image, from its settings and shapes; None where a size is open.

    One for each weight of the window, output position and output channel; biases are left out.
    """
    if isinstance(layer, keras.layers.DepthwiseConv2D):
        each = prod(layer.kernel_size)
    elif isinstance(layer, keras.layers.Conv2D):
        each = prod(layer.kernel_size) * layer.input.shape[-1] // layer.groups
    elif isinstance(layer, keras.layers.Dense):
        each = layer.input.shape[-1]
    elif isinstance(layer, keras.layers.Conv2DTranspose):  # each pixel that comes in goes through the whole kernel
        taken = layer.input.shape[1:]
        return None if None in taken else prod(taken) * prod(layer.kernel_size) * layer.filters
    elif isinstance(layer, keras.layers.MultiHeadAttention):
        return _attention_macs(layer)
    elif isinstance(layer, Attend):
        return _attend_macs(*(tensor.shape[1:] for tensor in layer.input))
    else:
        return 0
    outputs = layer.output.shape[1:]
    return None if None in outputs else prod(outputs) * each


def _attend_macs(query: Shape, key: Shape, value: Shape) -> int | None:
    """The products of queries with keys and of their weights with values."""
    sides = [side for side in (*query[:2], *key[:2]) if side is not None]
    return prod(sides) * ((query[-1] or 0) + (value[-1] or 0)) if len(sides) == 4 else None


def _attention_macs(layer: keras.layers.MultiHeadAttention) -> int | None:
    """Its four projections, and the products of queries with keys and of their weights with values."""
    height, width, channels = layer.output.shape[1:]
    if None in (height, width):
        return None
    inner, positions = int(layer.num_heads * layer.key_dim), int(height * width)
    return positions * inner * (4 * int(channels) + 2 * positions)


def _totals(nodes: Iterable[Node], model: keras.Model) -> Iterator[Mismatch]:
    ours = {True: 0, False: 0}
    for node in nodes:
        for weight in node.weights:
            ours[weight.trainable] += weight.size
    theirs = {True: _count(model.trainable_weights), False: _count(model.non_trainable_weights)}
    for trainable, word in ((True, "trainable"), (False, "non-trainable")):
        if ours[trainable] != theirs[trainable]:
            yield Mismatch("total", f"{word} parameters", ours[trainable], theirs[trainable])


def _count(weights: Iterable[Any]) -> int:
    return sum(prod(weight.shape) for weight in weights)
