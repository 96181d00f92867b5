"""The forms of a network that run here: a run, its .keras file, a SavedModel, a file of an export."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np

from archspec.artifact.artifact import Artifact
from archspec.artifact.facts import facts_of
from archspec.artifact.folder import read, spec_of
from archspec.errors import InputError, one_line
from archspec.io.packages import refuse_missing
from archspec.predict.beside import FILES, has_blocks, version_of
from archspec.predict.described import Described, white_of
from archspec.predict.local import Local, Run
from archspec.serving.contract import unsafe
from archspec.serving.rules import RULES

LOOK = "archspec serve-check says what is wrong with it"


def form(path: Path, found: Described) -> Local:
    """What lies at a path that is there, ready to be asked; `found` is what lies beside it.

    Raises InputError where it cannot be loaded.
    """
    if has_blocks(path):
        return _run(path)
    return _saved_model(version_of(path), found) if path.is_dir() else _file(path, found)


def _run(place: Path) -> Local:
    artifact = read(place)
    spec = spec_of(artifact)
    return Local(str(place), artifact.classes, artifact.preprocess, white_of(spec), _when_asked(artifact),
                 facts_of(artifact), spec, artifact=artifact)


def _when_asked(artifact: Artifact) -> Run:
    """The Keras model as it was tested, made for the first images: what is wrong with a command shows before.

    Nor is it made where another one is asked, as on several GPUs or densely.
    """
    from archspec.export.reference import reference
    made = cache(lambda: reference(artifact))
    return lambda pixels: made()(pixels)


def _saved_model(folder: Path, found: Described) -> Local:
    for fault in unsafe(folder):
        where = f"{fault.where}: " if fault.where else ""
        raise InputError(f"{folder} cannot be loaded: {RULES[fault.code].says} ({where}{fault.message})\n  hint: {LOOK}")
    return Local(str(folder), found.classes, found.rule, found.white,
                 _loaded("savedmodel", folder, LOOK), found.facts, found.spec)


def _file(path: Path, found: Described) -> Local:
    return Local(str(path), found.classes, found.rule, found.white,
                 _loaded(FILES[path.suffix], path, "it is damaged, or was not made by archspec export"),
                 found.facts, found.spec, f"that of {path.name}")


def _loaded(kind: str, path: Path, hint: str) -> Callable[[np.ndarray], np.ndarray]:
    """What runs an export.

    Raises InputError where its library is not installed; at once, or when it is asked, where it is damaged or none of ours.
    """
    from archspec.export.runners import LIBRARIES, RUNNERS
    from archspec.io.quiet import quiet
    refuse_missing(str(path), [LIBRARIES[kind]])
    try:
        with quiet():
            run = RUNNERS[kind](path)
    except Exception as error:  # each runtime has its own
        raise InputError(f"{path} cannot be loaded: {one_line(error)}\n  hint: {hint}") from None

    def asked(pixels: np.ndarray) -> np.ndarray:
        try:
            with quiet():
                return run(pixels)
        except Exception as error:  # each runtime has its own
            raise InputError(f"{path} cannot be run: {one_line(error)}\n  hint: {hint}") from None
    return asked
