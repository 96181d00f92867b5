"""The packages that only some formats need, and that are installed for these alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec

from archspec.errors import InputError

PACKAGES: Mapping[str, Sequence[str]] = {"onnx": ("onnx", "onnxruntime")}
"""By format: the one that writes and the one that runs. The extra of archspec that installs them is called as the format."""


def refuse_missing(formats: Iterable[str]) -> None:
    """Raises InputError where a package is not installed that one of these formats needs. Loads none."""
    for name in formats:
        absent = [package for package in PACKAGES.get(name, ()) if find_spec(package) is None]
        if absent:
            are = "are" if absent[1:] else "is"
            raise InputError(f"the format {name} needs {' and '.join(absent)}, which {are} not installed\n"
                             f"  hint: pip install 'archspec-keras[{name}]'")
