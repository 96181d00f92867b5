"""Makes the layers of archspec known to Keras as soon as both are imported: `import archspec` is enough to load a model.

Keras finds a class by name among those that have been imported, and imports none by itself. Importing archspec loads no
Keras, so what is left is to wait for it: the one thing that importing archspec does beside defining names.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType

AWAITED = ("tensorflow", "keras")
"""Importing TensorFlow imports Keras, and Keras TensorFlow: what is imported first is not ready before it is done."""


def register_with_keras() -> None:
    """Now, if Keras has been imported; else as soon as it is."""
    if "keras" in sys.modules:
        _register()
    else:
        sys.meta_path.insert(0, _Finder())


def _register() -> None:
    if sys.modules["keras"].config.backend() == "tensorflow":  # the layers need it, others shall not load it
        from archspec.model import emit  # noqa: F401


class _Finder(MetaPathFinder):
    """Waits for the import of Keras, and is gone then."""

    def __init__(self) -> None:
        self._finding = False
        self._loading = 0

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """As Python finds it, with a loader that tells of the import."""
        if fullname not in AWAITED or self._finding:
            return None
        self._finding = True
        try:
            spec = find_spec(fullname)
        finally:
            self._finding = False
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, self)
        return spec

    @contextmanager
    def importing(self) -> Iterator[None]:
        """While one is imported, the other may be waiting for it."""
        self._loading += 1
        try:
            yield
        finally:
            self._loading -= 1
        if not self._loading and self in sys.meta_path and "keras" in sys.modules:
            sys.meta_path.remove(self)
            _register()


class _Loader(Loader):
    """Loads a module as its own loader does, and tells the finder."""

    def __init__(self, own: Loader, finder: _Finder) -> None:
        self._own, self._finder = own, finder

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """As the own loader does."""
        return self._own.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """The module is what it would be without us."""
        assert module.__spec__ is not None
        module.__spec__.loader = module.__loader__ = self._own
        with self._finder.importing():
            self._own.exec_module(module)
