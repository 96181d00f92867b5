"""The functions of a SavedModel: what a server can be asked, by which names, and what it answers.

Every input and output has the batch as its first axis, and no other axis is open. A server compares no shapes with the
signature, so each function checks what it takes: without that one image of the wrong rank can end the server's process.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import tensorflow as tf

from archspec.export.exportable import Exportable
from archspec.graph.ir import Graph
from archspec.graph.ops import Conv, Dense, Depthwise
from archspec.model.operations import compute, variables
from archspec.preprocess.encoded import CHANNELS, batch_from_bytes
from archspec.preprocess.pixels import normalize
from archspec.preprocess.rule import Preprocess

DEFAULT, PIXELS, BYTES, CLASSIFY, FEATURES = "serving_default", "image_pixels", "image_bytes", "classify", "features"
"""The names of the signatures."""
TOP = 5
"""Classes that are named, the likeliest first, where there are so many."""
EMBEDDING = "embedding"
EXAMPLE = "image/encoded"
"""The feature of a tf.Example that holds the image's bytes, as TensorFlow's own data sets call it."""

Answer = dict[str, tf.Tensor]
Function = Callable[[tf.Tensor], Answer]


class Signatures(tf.Module):
    """A trained network with its weights as variables, each once, and the functions that are served.

    As constants they are no faster, take several times the memory and longer to load; tools/bench_exports.py measures both.
    """

    def __init__(self, made: Exportable) -> None:
        super().__init__()
        arrays = variables(made.network.weights)
        self.weights = list(arrays.values())
        network = _network(made, arrays)  # called by each function, so that its nodes are saved once
        self.functions: dict[str, Any] = {name: _function(each, spec) for name, (each, spec) in _served(made, network).items()}


def served(made: Exportable) -> tuple[str, ...]:
    """The names of the signatures that a network has: those that take files only where files have its channels."""
    encodable = made.artifact.preprocess.channels in CHANNELS
    return DEFAULT, PIXELS, *((BYTES, CLASSIFY) if encodable else ()), FEATURES


def _served(made: Exportable, network: Function) -> Mapping[str, tuple[Function, tf.TensorSpec]]:
    """The functions by name, each with what it takes."""
    rule, levels = made.artifact.preprocess, made.levels
    floats, levels_of_grey = (tf.TensorSpec((None, *rule.shape), kind, "images") for kind in (tf.float32, tf.uint8))

    def default(images: tf.Tensor) -> Answer:
        found = network(tf.cast(_some(images, (None, *rule.shape)), tf.float32))
        return {name: found[name] for name in ("probabilities", "classes", "labels", "scores")}

    def image_bytes(image_bytes: tf.Tensor) -> Answer:
        return default(_decoder(rule)(_some(image_bytes, (None,)))["images"])

    def classify(inputs: tf.Tensor) -> Answer:
        parsed = tf.io.parse_example(_some(inputs, (None,)), {EXAMPLE: tf.io.FixedLenFeature((), tf.string)})
        found = default(_decoder(rule)(parsed[EXAMPLE])["images"])
        return {"classes": found["labels"], "scores": found["scores"]}

    def features(images: tf.Tensor) -> Answer:
        found = network(_some(images, (None, *rule.shape)))
        return {name: found[name] for name in (EMBEDDING, *levels)}
    every = {DEFAULT: (default, floats), PIXELS: (default, levels_of_grey), FEATURES: (features, floats),
             BYTES: (image_bytes, tf.TensorSpec((None,), tf.string, "image_bytes")),
             CLASSIFY: (classify, tf.TensorSpec((None,), tf.string, "inputs"))}
    return {name: every[name] for name in served(made)}


@cache
def _decoder(rule: Preprocess) -> Any:
    """From files to pixels. It has more nodes than many a network, so there is one for all who need it."""
    return _function(lambda files: {"images": batch_from_bytes(files, rule)}, tf.TensorSpec((None,), tf.string, "files"))


def _network(made: Exportable, arrays: Mapping[Any, tf.Variable]) -> Any:
    """All that any function tells of pixels from 0 to 255, (batch, h, w, c) float32; what is not asked for is not computed."""
    artifact, graph = made.artifact, made.network.graph
    maps = {level: graph.features[level].value.name for level in made.levels}
    last = _embedding(graph)

    def network(pixels: tf.Tensor) -> Answer:
        found = compute(graph, arrays, normalize(pixels, artifact.preprocess), {graph.output.name, last, *maps.values()})
        probabilities = (tf.nn.sigmoid if artifact.several else tf.nn.softmax)(found[graph.output.name])
        scores, classes = tf.math.top_k(probabilities, min(TOP, len(artifact.classes)))
        names = tf.gather(tf.constant(artifact.classes), classes)
        return {"probabilities": probabilities, "classes": classes, "labels": names, "scores": scores,
                EMBEDDING: _pooled(found[last]), **{level: found[name] for level, name in maps.items()}}
    return _function(network, tf.TensorSpec((None, *artifact.preprocess.shape), tf.float32, "pixels"))


def _embedding(graph: Graph) -> str:
    """The node whose result the last layer with weights makes the classes of."""
    layers = [node for node in graph.ancestors([graph.output.name]) if isinstance(node.op, Dense | Conv | Depthwise)]
    return layers[-1].inputs[0].name if layers else graph.output.name


def _pooled(x: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(x, axis=(1, 2)) if x.shape.rank == 4 else x


def _some(x: tf.Tensor, shape: tuple[int | None, ...]) -> tf.Tensor:
    """The input, of this shape, and not empty: else the request fails."""
    x = tf.ensure_shape(x, shape)
    with tf.control_dependencies([tf.debugging.Assert(tf.shape(x)[0] > 0, ["the request holds no image"])]):
        return tf.identity(x)


def _function(python: Function, spec: tf.TensorSpec) -> Any:
    """A tf.function; TensorFlow's types say nothing about it."""
    return tf.function(python, input_signature=[spec], autograph=False)
