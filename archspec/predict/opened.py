"""From what a user calls a model to something that can be asked."""

from __future__ import annotations

from archspec.errors import InputError, nearest, visible
from archspec.io.places import expanded, is_address, kind_of
from archspec.predict.answers import Predictor

KINDS = ("a run folder, its model.keras, a SavedModel folder, a .tflite or .onnx file, or the address of a TensorFlow Serving "
         "(http://HOST:8501/v1/models/NAME, grpc://HOST:8500/NAME)")


def opened(model: str, timeout: float) -> Predictor:
    """What a command line calls MODEL, ready to be asked; a server's answers may take `timeout` seconds each.

    TensorFlow is loaded for what runs here, and for gRPC. Raises InputError where it is none, or cannot be asked.
    """
    if is_address(model):
        from archspec.predict.served import connected
        return connected(model, timeout)
    path = expanded(model)
    if kind_of(path) not in ("file", "folder"):
        beside = [each.name for each in path.parent.iterdir()] if path.parent.is_dir() else []
        hint = nearest(path.name, beside) or f"MODEL is {KINDS}"
        raise InputError(f"{visible(model)}: no such file or folder\n  hint: {hint}")
    from archspec.io.quiet import import_tensorflow
    import_tensorflow()
    from archspec.predict.forms import form
    return form(path)
