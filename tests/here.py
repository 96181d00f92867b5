"""An export run in this process, in the place of one of its own: what is wrong with it is the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from archspec.export.fresh import Loaded
from archspec.export.runners import OF_FILES, RUNNERS


class Here:
    """As fresh.Fresh."""

    def __init__(self, kind: str, path: Path) -> None:
        self.run, self._kind, self._path = RUNNERS[kind](path), kind, path

    def __enter__(self) -> Here:
        return self

    def __exit__(self, *_: object) -> None: ...

    def load(self, images: np.ndarray) -> Loaded:
        return Loaded(0.0, 0)

    def milliseconds(self, images: np.ndarray) -> float:
        return 0.0

    def run_file(self, encoded: bytes) -> np.ndarray:
        return OF_FILES[self._kind](self._path)([encoded])
