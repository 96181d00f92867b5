"""Where an export and the Keras model part: the first node whose results differ, looked for once they do."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from archspec.artifact.artifact import Artifact
from archspec.artifact.keras_model import keras_model
from archspec.export.exportable import Exportable
from archspec.graph.ir import Graph
from archspec.graph.passes import counterparts
from archspec.model.operations import compute
from archspec.preprocess.pixels import normalize

Results = Mapping[str, np.ndarray]
"""By node."""
IMAGES = 2
"""All results of a network are held at once for so many images."""
APART = 1e-3
"""Of a node's largest result: over a hundred layers float32 alone comes to a thirtieth of that."""


def parting(made: Exportable, kind: str, path: Path, pixels: np.ndarray) -> str:
    """A sentence on the first node at which two part: the passes from the Keras model, or the file from what passes made."""
    images = pixels[:IMAGES]
    network, inputs = made.network, normalize(tf.constant(images), made.artifact.preprocess)
    trained = _trained(made.artifact, inputs)
    names = [node.name for node in network.graph.nodes if node.inputs]
    folded = {name: found.numpy() for name, found in compute(network.graph, network.weights, inputs, names).items()}
    original = counterparts(made.artifact.graph, network.graph)
    node = first(names, {name: trained[original[name]] for name in names}, folded)
    if node:
        return f"the network as it is exported parts from the Keras model at {node}"
    inside = TAPS[kind](path, images, network.graph) if kind in TAPS else {}
    node = first([name for name in names if name in inside], folded, inside)
    return f"the file parts from the network at {node}" if node else "no node by itself: only their results differ"


def first(names: Sequence[str], ours: Results, theirs: Results) -> str | None:
    """The first of these nodes whose results differ by more than rounding; None of none."""
    for name in names:
        difference = np.abs(np.float64(ours[name]) - theirs[name]).max()
        if not difference <= APART * max(np.abs(ours[name]).max(), np.finfo(np.float32).tiny):
            return name
    return None


def _trained(artifact: Artifact, inputs: tf.Tensor) -> Results:
    """What each layer of the Keras model gives."""
    model = keras_model(artifact)
    layers = [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
    taps = keras.Model(model.inputs, {layer.name: layer.output for layer in layers})
    return {name: np.asarray(found) for name, found in taps(inputs, training=False).items()}


def _of_savedmodel(path: Path, images: np.ndarray, graph: Graph) -> Results:
    """Of the last operation in each node's name scope."""
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2
    loaded = tf.saved_model.load(str(path))  # whose variables the function does not keep
    frozen = convert_variables_to_constants_v2(loaded.signatures["serving_default"])
    scopes = {node.name for node in graph.nodes}
    tensors = {}
    for operation in frozen.graph.get_operations():
        for name in scopes.intersection(operation.name.split("/")):
            if operation.outputs and operation.type not in ("Const", "Identity"):
                tensors[name] = operation.outputs[0].name
    taps = tf.compat.v1.wrap_function(lambda: tf.import_graph_def(frozen.graph.as_graph_def(), name=""), []).prune(
        [each.name for each in frozen.inputs], list(tensors.values()))
    return dict(zip(tensors, (found.numpy() for found in taps(tf.constant(images))), strict=True))


def _of_tflite(path: Path, images: np.ndarray, graph: Graph) -> Results:
    """Of the tensors that have the shape of a node's result and its name as a part of theirs; fused, the last of them."""
    from ai_edge_litert.interpreter import Interpreter
    with warnings.catch_warnings(action="ignore"):  # that this takes memory
        interpreter = Interpreter(model_path=str(path), experimental_preserve_all_tensors=True)
    runner = interpreter.get_signature_runner("serving_default")
    runner(images=images)
    order = {node.name: number for number, node in enumerate(graph.nodes)}
    found: dict[str, np.ndarray] = {}
    for detail in interpreter.get_tensor_details():
        parts = [part for name in detail["name"].split(";") for part in name.split("/") if part in order]
        node = graph.node(max(parts, key=order.__getitem__)) if parts else None
        if node and tuple(detail["shape"][1:]) == node.output.type.shape and detail["dtype"] == np.float32:
            found[node.name] = interpreter.get_tensor(detail["index"])
    return found


TAPS: Mapping[str, Callable[[Path, np.ndarray, Graph], Results]] = {"savedmodel": _of_savedmodel, "tflite": _of_tflite}
"""By format: what each node of an export gives, as far as it can be asked for."""
