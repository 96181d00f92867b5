"""What stands in a TFLite file: its operations, which of them reckon in float, and the errors that quantising makes."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

BATCH = 16
"""Images at once where a network is run for its results alone."""
NAMES = {number: name for name, number in vars(schema.BuiltinOperator).items() if name.isupper()}
"""The built-in operations, by number."""
LEAST = float(np.finfo(np.float32).tiny)
"""A power that is divided by is at least this."""
TYPES = {number: name for name, number in vars(schema.TensorType).items() if name.isupper() or name[-1].isdigit()}
"""The types of numbers, by number."""
VERIFY = "NumericVerify"
"""The converter's operation that subtracts from what has been quantised what it is in float."""


@dataclass(frozen=True)
class Operation:
    """One of a file: what it is in TFLite, the numbers of its tensors, the name of its first output and of its type."""

    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    name: str
    type: str


def operations(content: bytes) -> list[Operation]:
    """All of the one graph of a file, in order."""
    model = schema.Model.GetRootAs(content, 0)
    graph = model.Subgraphs(0)
    kinds = [_kind(model.OperatorCodes(index)) for index in range(model.OperatorCodesLength())]

    def read(each: Any) -> Operation:
        inputs, outputs = ([int(number) for number in numbers if number >= 0]  # an input that is left out has -1
                           for numbers in (each.InputsAsNumpy(), each.OutputsAsNumpy()))
        first = graph.Tensors(outputs[0])
        return Operation(kinds[each.OpcodeIndex()], tuple(inputs), tuple(outputs), first.Name().decode(),
                         TYPES[first.Type()])
    return [read(graph.Operators(index)) for index in range(graph.OperatorsLength())]


def _kind(code: Any) -> str:
    number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
    return str(code.CustomCode().decode()) if number == schema.BuiltinOperator.CUSTOM else NAMES[number]


def probabilities(content: bytes, images: np.ndarray) -> np.ndarray:
    """(n, classes) float32 of what a file with float ends takes, (n, h, w, c) float32."""
    runner = Interpreter(model_content=content).get_signature_runner("serving_default")
    return np.concatenate([runner(images=batch)["probabilities"] for batch in _batches(images)])


def errors(content: bytes, images: np.ndarray) -> dict[str, float]:
    """The error that each operation of a file made to verify makes by itself, by the name of its output in float.

    It is the mean over the channels of the share of a channel's power, so that a small channel beside a large one counts.
    """
    checks = [each for each in operations(content) if each.kind == VERIFY]
    named = {number: each.name for each in operations(content) for number in each.outputs}
    with warnings.catch_warnings(action="ignore", category=UserWarning):  # that tensors are kept costs memory
        interpreter = Interpreter(model_content=content, experimental_preserve_all_tensors=True)
    noise, power = (dict.fromkeys((named[check.inputs[1]] for check in checks), np.zeros(1)) for _ in range(2))
    place = interpreter.get_input_details()[0]["index"]
    interpreter.allocate_tensors()
    for image in images:
        interpreter.set_tensor(place, image[None])
        interpreter.invoke()
        for check in checks:
            for total, tensor in ((noise, check.outputs[0]), (power, check.inputs[1])):
                total[named[check.inputs[1]]] = total[named[check.inputs[1]]] + _power(interpreter.get_tensor(tensor))
    return {name: float(np.minimum(error / np.maximum(power[name], LEAST), 1).mean()) for name, error in noise.items()}


def _power(values: np.ndarray) -> np.ndarray:
    """Of each channel, (channels,)."""
    return np.asarray(np.square(np.float64(values)).reshape(-1, values.shape[-1]).mean(axis=0))


def _batches(images: np.ndarray) -> Iterator[np.ndarray]:
    for begin in range(0, len(images), BATCH):
        yield images[begin:begin + BATCH]


def told(content: bytes) -> Mapping[str, Any]:
    """For a report: how many operations there are, and the layers of those that reckon in float where others do not."""
    found = [each for each in operations(content) if each.kind not in ("QUANTIZE", "DEQUANTIZE")]
    whole = any(each.type in ("INT8", "INT16") for each in found)
    kept = [name for each in found if each.type == "FLOAT32" and whole for name in layers(each.name)]
    return {"operations": len(found), "in_float": list(dict.fromkeys(kept))}


def users(content: bytes) -> dict[str, list[str]]:
    """The operations that take what each gives, all by the names of their outputs."""
    found = operations(content)
    return {each.name: [user.name for user in found if set(each.outputs) & set(user.inputs)] for each in found}


def layers(name: str) -> list[str]:
    """The layers that an operation came of, by the name of what it gives: `conv_act/Relu;conv/BiasAdd;conv/Conv2D`."""
    return list(dict.fromkeys(part.partition("/")[0] for part in name.split(";") if "/" in part))
