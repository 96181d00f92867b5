"""An ONNX file, for onnxruntime and all else that reads the format. The package is loaded when it is needed."""

from __future__ import annotations

from pathlib import Path

from archspec.errors import InputError
from archspec.export.exportable import Exportable

PLACE = "model.onnx"


def write(made: Exportable, path: Path) -> None:
    """Writes the file `path`, after onnx's own check of it: every node, every type and shape.

    Raises InputError for a network whose numbers do not fit into one file.
    """
    from onnx import checker

    from archspec.export.onnx_model import model
    from archspec.export.onnx_sheet import MOST_BYTES
    if (size := sum(array.nbytes for array in made.network.weights.values())) > MOST_BYTES:
        raise InputError(f"{made.artifact.name} has {size / (1 << 30):.1f} GiB of numbers, and an ONNX file ends at 2 GiB\n"
                         "  hint: leave onnx out of the formats; savedmodel has no such limit")
    path.write_bytes(model(made).SerializeToString(deterministic=True))
    checker.check_model(str(path), full_check=True)
