"""Checkpoints: one file each, whole or not at all, the newest few kept."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from archspec.errors import InputError
from archspec.io.files import replacing
from archspec.train.progress import Progress

Variables = Mapping[str, keras.Variable]
DAMAGED = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error)
_PROGRESS = "progress"


@dataclass(frozen=True)
class Checkpoints:
    """`step-00000450.npz` in a folder: every variable under its name, and the progress as JSON."""

    folder: Path
    keep: int

    def save(self, variables: Variables, progress: Progress) -> None:
        """Writes one, then removes all but the newest."""
        self.folder.mkdir(parents=True, exist_ok=True)
        arrays = {name: variable.value.numpy() for name, variable in variables.items()}
        arrays[_PROGRESS] = np.array(json.dumps(progress.to_json()))
        with replacing(self.folder / f"step-{progress.step:08d}.npz") as partial, partial.open("wb") as file:
            np.savez(file, **arrays)
        for old in self.found()[self.keep:]:
            old.unlink()

    def restore(self, variables: Variables) -> tuple[Progress, list[Path]]:
        """Sets the variables to the newest checkpoint that can be read; the beginning if there is none.

        Also returns those that could not be read. Raises InputError if one holds other variables.
        """
        damaged: list[Path] = []
        for path in self.found():
            try:
                arrays = _read(path)
                progress = Progress(**json.loads(str(arrays.pop(_PROGRESS))))
            except DAMAGED:
                damaged.append(path)
                continue
            _assign(variables, arrays, path)
            return progress, damaged
        return Progress(), damaged

    def found(self) -> list[Path]:
        """The newest first."""
        return sorted(self.folder.glob("step-*.npz"), reverse=True)


def _read(path: Path) -> dict[str, np.ndarray]:
    # opened here: np.load does not close a file that it cannot read
    with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def _assign(variables: Variables, arrays: dict[str, np.ndarray], path: Path) -> None:
    wanted = {name: tuple(variable.shape) for name, variable in variables.items()}
    held = {name: array.shape for name, array in arrays.items()}
    if wanted != held:
        differing = sorted(name for name in wanted.keys() | held.keys() if wanted.get(name) != held.get(name))
        raise InputError(f"{path}: not a checkpoint of this network; {len(differing)} variables differ, "
                         f"the first is {differing[0]}\n  hint: --fresh starts over")
    for name, variable in variables.items():
        variable.assign(arrays[name])
