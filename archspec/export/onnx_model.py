"""From a trained network to an ONNX model: pixels in, probabilities out, with the training's own normalisation between.

onnx is not installed everywhere: what imports this module has made sure of it (archspec.export.packages).
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
from onnx import ModelProto, helper

from archspec.artifact.artifact import Artifact
from archspec.export.exportable import Exportable
from archspec.export.onnx_operations import FROM_MAPS, TO_MAPS, compute
from archspec.export.onnx_sheet import Axis, Sheet
from archspec.graph.types import Tensor
from archspec.io.packages import own_version
from archspec.preprocess.rule import Preprocess

BATCH, SIDES = "batch", ("height", "width")
"""What axes are called that are open."""
IMAGES, PROBABILITIES = "images", "probabilities"


def model(made: Exportable) -> ModelProto:
    """`images` (batch, h, w, c) float32, pixels from 0 to 255, to `probabilities` (batch, classes) float32.

    Beside them each level asked for, (batch, h, w, c), under its name. Nodes are called as those of the network, and what
    belongs to one `NODE/what`. The model's metadata hold `classes`, a JSON list in the order of the probabilities,
    `preprocess`, the rule as JSON, and the `fingerprint` of the network.
    """
    sheet, graph = Sheet(), made.network.graph
    levels = {level: feature.value for level, feature in graph.features.items()}
    wanted = [graph.output.name, *(value.name for value in levels.values())]
    values = compute(sheet, graph, made.network.weights, _normalized(sheet, made.artifact.preprocess), wanted,
                     (IMAGES, PROBABILITIES, *levels))
    (_sigmoid if made.artifact.several else _softmax)(sheet, values[graph.output.name])
    for level, value in levels.items():
        sheet.put("Transpose", [values[value.name]], level, {"perm": FROM_MAPS})
    outputs = {PROBABILITIES: shape(graph.output.type), **{level: shape(value.type) for level, value in levels.items()}}
    return _described(sheet.model(graph.name, {IMAGES: shape(graph.input.type)}, outputs), made.artifact)


def _softmax(sheet: Sheet, logits: str) -> None:
    sheet.put("Softmax", [logits], PROBABILITIES, {"axis": 1})


def _sigmoid(sheet: Sheet, logits: str) -> None:
    """1 / (1 + exp(-x)), written out: onnxruntime's own Sigmoid gives 1e-8 for all that is smaller."""
    power = sheet.put("Exp", [sheet.put("Neg", [logits], f"{PROBABILITIES}/negative", {})], f"{PROBABILITIES}/power", {})
    one = sheet.array(f"{PROBABILITIES}/one", np.array(1, np.float32))
    sheet.put("Reciprocal", [sheet.put("Add", [one, power], f"{PROBABILITIES}/sum", {})], PROBABILITIES, {})


def shape(tensor: Tensor) -> Sequence[Axis]:
    """Of a batch, with a name for what is open."""
    named = [side or name for side, name in zip(tensor.shape, SIDES, strict=False)] if tensor.is_map else []
    return [BATCH, *named, tensor.channels]


def _normalized(sheet: Sheet, rule: Preprocess) -> str:
    """The network's input, maps, of `images`: as archspec.preprocess.pixels.normalize."""
    x = IMAGES
    if rule.order == "bgr":
        x = sheet.put("Gather", [x, sheet.array(f"{IMAGES}/order", np.array([2, 1, 0]))], f"{IMAGES}/bgr", {"axis": 3})
    mean = sheet.array(f"{IMAGES}/mean", np.array(rule.mean, np.float32))
    factor = sheet.array(f"{IMAGES}/factor", np.array([1 / std for std in rule.std], np.float32))
    centred = sheet.put("Sub", [x, mean], f"{IMAGES}/centred", {})
    normal = sheet.put("Mul", [centred, factor], f"{IMAGES}/normalized", {})
    return sheet.put("Transpose", [normal], f"{IMAGES}/maps", {"perm": TO_MAPS})


def _described(found: ModelProto, artifact: Artifact) -> ModelProto:
    """With who has written it, and what its numbers mean."""
    found.producer_name, found.producer_version = "archspec", own_version()
    helper.set_model_props(found, {
        "classes": json.dumps(artifact.classes, ensure_ascii=False), "fingerprint": artifact.fingerprint,
        "preprocess": json.dumps(artifact.preprocess.to_json())})
    return found
