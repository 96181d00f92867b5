"""What has to be installed for a format beside archspec. No framework is loaded to know it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from archspec.io import packages

MODULES: Mapping[str, Sequence[str]] = {"onnx": ("onnx", "onnxruntime")}
"""By format: the one that writes and the one that runs."""


def refuse_missing(formats: Iterable[str]) -> None:
    """Raises InputError where a package is not installed that one of these formats needs."""
    for name in formats:
        packages.refuse_missing(f"the format {name}", MODULES.get(name, ()))
