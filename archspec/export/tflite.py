"""TFLite files, for devices: float32, and quantised in one of several ways. Built-in operations alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from archspec.export import quantize, tflite_file
from archspec.export.exportable import Exportable
from archspec.export.metadata import described, normalization
from archspec.model.operations import ON_DEVICES, Arrays, compute, variables
from archspec.preprocess.pixels import normalize, ordered
from archspec.spec.export import QUANTIZED

PLACE = "model.tflite"
PLACES = {mode: f"model_{mode}.tflite" for mode in QUANTIZED}
"""By mode."""


def write(made: Exportable, path: Path, mode: str | None = None) -> None:
    """Writes the file `path`, in float32 or quantised.

    Its signature serving_default takes `images` and gives `probabilities`; the class names and what is done to an image
    before are inside, see `metadata`.
    """
    path.write_bytes(described(CONVERTED[mode](made), made))


def told(path: Path) -> Mapping[str, Any]:
    """What a report says of a file, see `tflite_file`."""
    return tflite_file.told(path.read_bytes())


def _float32(made: Exportable) -> bytes:
    return quantize.convert(_converter(made))


def _float16(made: Exportable) -> bytes:
    converter = _converter(made)
    converter.optimizations, converter.target_spec.supported_types = [tf.lite.Optimize.DEFAULT], [tf.float16]
    return quantize.convert(converter)


def _dynamic(made: Exportable) -> bytes:
    converter = _converter(made)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    return quantize.convert(converter)


def _int8(made: Exportable) -> bytes:
    options = made.options
    return quantize.int8(_converter(made), _inputs(made), options.accuracy_drop, options.integers)


def _int16x8(made: Exportable) -> bytes:
    return quantize.int16x8(_converter(made), _inputs(made))


CONVERTED: dict[str | None, Callable[[Exportable], bytes]] = {
    None: _float32, "float16": _float16, "dynamic": _dynamic, "int8": _int8, "int16x8": _int16x8}
"""By mode: what makes the bytes of a file."""
WRITERS = {mode: partial(write, mode=mode) for mode in QUANTIZED}
"""What writes a quantised file, by mode."""


class Device(tf.Module):
    """`images` (batch, h, w, c) float32 to `probabilities` (batch, classes) float32, in operations that TFLite has.

    The pixels count from 0 to 255, or are normalised if that is done outside; the order of colours is RGB either way.
    """

    def __init__(self, made: Exportable) -> None:
        super().__init__()
        arrays = variables(made.network.weights)
        self.weights = list(arrays.values())  # a tf.Module finds its variables here; without them the signature is lost
        spec = tf.TensorSpec((None, *made.artifact.preprocess.shape), tf.float32, name="images")
        self.predict = tf.function(partial(_predict, made, arrays), input_signature=[spec], autograph=False)


def _predict(made: Exportable, arrays: Arrays, images: tf.Tensor) -> dict[str, tf.Tensor]:
    rule, graph = made.artifact.preprocess, made.network.graph
    with tf.name_scope("pixels"):
        inputs = normalize(images, rule) if made.options.pixels == "inside" else ordered(images, rule)
    logits = compute(graph, arrays, inputs, [graph.output.name], ON_DEVICES)[graph.output.name]
    with tf.name_scope("probabilities"):
        return {"probabilities": (tf.nn.sigmoid if made.artifact.several else tf.nn.softmax)(logits)}


def _converter(made: Exportable) -> Any:
    device = Device(made)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([device.predict.get_concrete_function()], device)
    converter.exclude_conversion_metadata = True  # it holds nothing for a reader
    return converter


def _inputs(made: Exportable) -> np.ndarray:
    """The images to calibrate with, as the file takes them."""
    said = normalization(made)
    mean, std = (np.array(numbers, np.float32) for numbers in (said.mean, said.std))
    return np.asarray((made.calibrating() - mean) / std, np.float32)
