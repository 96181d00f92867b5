"""Tensors of a .safetensors file (github.com/huggingface/safetensors)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import safetensors

from archspec.weights.tensors import Stored, Unreadable, WeightsFile

TYPES = {"F64": np.float64, "F32": np.float32, "F16": np.float16, "BF16": ml_dtypes.bfloat16, "I64": np.int64, "I32": np.int32,
         "I16": np.int16, "I8": np.int8, "U64": np.uint64, "U32": np.uint32, "U16": np.uint16, "U8": np.uint8, "BOOL": np.bool_}
"""The kinds of number that are read. NumPy knows bfloat16 once ml_dtypes, which TensorFlow needs too, is imported."""
MOST_HEADER = 16 << 20
"""Bytes of the list of tensors; that of 10,000 tensors has 1 MB."""


@contextmanager
def reader(path: Path) -> Iterator[WeightsFile]:
    """The file's tensors; it is mapped into memory and copied tensor by tensor. Raises Unreadable."""
    with path.open("rb") as start:
        if int.from_bytes(start.read(8), "little") > MOST_HEADER:
            raise Unreadable(path, "this is not a whole .safetensors file (its list of tensors is too long)")
    with _explained(path):
        file: Any = safetensors.safe_open(path, framework="numpy")  # its methods are not annotated
    with file:
        with _explained(path):
            names = file.keys()
            tensors = {name: Stored(tuple(file.get_slice(name).get_shape()), partial(_array, path, file, name))
                       for name in names}
        yield WeightsFile(path, "torch", tensors)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except (safetensors.SafetensorError, OSError, ValueError, OverflowError) as error:
        raise Unreadable(path, f"this is not a whole .safetensors file ({error})") from None


def _array(path: Path, file: Any, name: str) -> np.ndarray:
    with _explained(path):
        kind = file.get_slice(name).get_dtype()
        if kind not in TYPES:
            raise Unreadable(path, f"{name} in it is in {kind}, which is not read", "save the weights in F32, F16 or BF16")
        return np.asarray(file.get_tensor(name))
