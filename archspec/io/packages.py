"""What is installed: archspec itself, and packages that only some of it needs, which one of its extras installs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import NamedTuple

from archspec.errors import InputError


class Package(NamedTuple):
    """Where a module comes from: what is installed, and the extra of archspec that installs it."""

    name: str
    extra: str


PACKAGES: Mapping[str, Package] = {
    "onnx": Package("onnx", "onnx"),
    "onnxruntime": Package("onnxruntime", "onnx"),
    "grpc": Package("grpcio", "serving"),
    "mlxtend": Package("mlxtend", "studies"),
    "pygls": Package("pygls", "editor"),
    "starlette": Package("starlette", "studio"),
    "tensorflow_serving": Package("tensorflow-serving-api", "serving"),
    "uvicorn": Package("uvicorn", "studio"),
}
"""By module."""


def own_version() -> str:
    """Of archspec itself; a checkout that is only on the path has none."""
    try:
        return version("archspec-keras")
    except PackageNotFoundError:
        return "0+unknown"


def refuse_missing(what: str, modules: Iterable[str], otherwise: str = "") -> None:
    """Raises InputError where a module is not there that `what` needs. Loads none.

    Those in PACKAGES have to be of one extra; all others come with archspec. `otherwise` is what else the user can do.
    """
    absent = [PACKAGES[module] for module in modules if module in PACKAGES and find_spec(module) is None]
    if absent:
        names, are = " and ".join(each.name for each in absent), "are" if absent[1:] else "is"
        more = f"; or {otherwise}" if otherwise else ""
        raise InputError(f"{what} needs {names}, which {are} not installed\n"
                         f"  hint: pip install 'archspec-keras[{absent[0].extra}]'{more}")
