"""Makes our layers known to Keras as soon as both archspec and Keras are imported, in either order.

`keras.models.load_model` imports no module that a file names, for good reason; it finds a layer that Keras lacks only where
someone has registered it. Importing archspec must not load Keras, so this waits for Keras to be loaded by someone.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.abc import Loader

MODULES = ("archspec.model.custom", "archspec.model.attention", "archspec.model.axes", "archspec.model.learned",
           "archspec.model.recompute")
"""Those that register what a saved model may name."""


class _WhenKerasIsLoaded:
    """A finder on sys.meta_path: finds Keras as the others do, and has the layers registered once it is executed."""

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Python's hook. Whoever only looks for Keras (TensorFlow does) gets it, and this goes on waiting."""
        if name != "keras":
            return None
        others = (finder.find_spec(name, path, target) for finder in sys.meta_path if finder is not self)
        spec = next((found for found in others if found is not None), None)
        if spec is not None and spec.loader is not None:
            self._follow(spec.loader)
        return spec

    def _follow(self, loader: Loader) -> None:
        execute = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            execute(module)
            sys.meta_path.remove(self)
            _register()
        loader.exec_module = exec_module  # type: ignore[method-assign]


def register_with_keras() -> None:
    """Registers the layers now if Keras is loaded, else when it will be."""
    if "keras" in sys.modules:
        _register()
    elif not any(isinstance(finder, _WhenKerasIsLoaded) for finder in sys.meta_path):  # two would ask one another for ever
        sys.meta_path.insert(0, _WhenKerasIsLoaded())


def _register() -> None:
    if sys.modules["keras"].config.backend() != "tensorflow":  # our layers need it, and others shall not load it
        return
    for module in MODULES:
        importlib.import_module(module)
