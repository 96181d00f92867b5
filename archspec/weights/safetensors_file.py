"""Tensors of a .safetensors file (github.com/huggingface/safetensors)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import safetensors

from archspec.weights.tensors import Stored, Unreadable, WeightsFile


@contextmanager
def reader(path: Path) -> Iterator[WeightsFile]:
    """The file's tensors; it is mapped into memory and copied tensor by tensor."""
    try:
        file: Any = safetensors.safe_open(path, framework="numpy")  # its methods are not annotated
    except safetensors.SafetensorError as error:
        raise Unreadable(path, f"this is not a whole .safetensors file ({error})") from None
    with file:
        names = file.keys()
        yield WeightsFile(path, "torch", {name: Stored(tuple(file.get_slice(name).get_shape()),
                                                       partial(file.get_tensor, name)) for name in names})
