"""The forms of a network that run here: a run, its .keras file, a SavedModel, a file of an export."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from archspec.artifact.artifact import Artifact
from archspec.artifact.facts import facts_of
from archspec.artifact.folder import FACTS, MODEL, SPEC, is_run, read, runs_in, spec_of
from archspec.artifact.labels import read_labels
from archspec.errors import InputError, one_line, some
from archspec.export import companions, labels
from archspec.export.predecessor import FILES as FILES_OF_EXPORT
from archspec.io.packages import refuse_missing
from archspec.predict.described import Described, described, white_of
from archspec.predict.labels import labels_within
from archspec.predict.local import Local, Run
from archspec.predict.opened import KINDS, SUFFIXES
from archspec.serving.contract import unsafe
from archspec.serving.layout import GRAPH, saved_models
from archspec.serving.rules import RULES
from archspec.train.run import RunFolder
from archspec.weights import archives

LOOK = "archspec serve-check says what is wrong with it"
FILES = {".tflite": "tflite", ".onnx": "onnx"}
"""The formats of files by suffix; those that archspec.export can run are read."""


def form(path: Path) -> Local:
    """What lies at a path that is there, ready to be asked.

    Raises InputError where it is no network, or one that does not say how images are prepared for it.
    """
    if path.is_dir():
        return _run(path) if is_run(path) else _saved_model(path)
    return _run(path) if path.suffix == ".keras" else _file(path)


def _asked_alone(folder: Path) -> list[Path]:
    """What can be asked of the files of an export; with them the SavedModel of the same version, if there is one."""
    served = folder.parent.parent / folder.name if folder.parent.name == FILES_OF_EXPORT else folder / GRAPH
    files = [each for each in sorted(folder.iterdir()) if each.suffix in SUFFIXES and not _gives_maps(each)]
    return [*files, *([served] if (served / GRAPH).is_file() else [])]


def _gives_maps(path: Path) -> bool:
    """Whether a .keras file is no whole network: one that holds no spec."""
    if path.suffix != ".keras" or not path.is_file():
        return False
    try:
        with archives.opened(path) as archive:
            return SPEC not in archive.namelist()
    except InputError:
        return False


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


def facts_beside(path: Path) -> Described:
    """What lies beside a model that is there, without the model being loaded: of a run, a SavedModel or a file.

    Raises InputError where nothing says how images are prepared for it.
    """
    if path.is_dir():
        return described(path, (path,)) if is_run(path) else _of_saved_model(_version(path))
    found = described(path, (path.parent,))
    return found if path.suffix == ".keras" else replace(found, classes=_classes(path, found))


def _of_saved_model(folder: Path) -> Described:
    return described(folder, (folder / companions.EXTRA, folder.resolve().parent.parent))


def _classes(path: Path, found: Described) -> tuple[str, ...]:
    """What an exported file calls its classes: it may say so itself, or a file beside it."""
    beside = path.parent / labels.NAME
    return labels_within(path) or (read_labels(beside) if beside.is_file() else found.classes)


def _saved_model(path: Path) -> Local:
    folder = _version(path)
    found = _of_saved_model(folder)
    for fault in unsafe(folder):
        where = f"{fault.where}: " if fault.where else ""
        raise InputError(f"{folder} cannot be loaded: {RULES[fault.code].says} ({where}{fault.message})\n  hint: {LOOK}")
    return Local(str(folder), found.classes, found.rule, found.white,
                 _loaded("savedmodel", folder, LOOK), found.facts, found.spec)


def _version(folder: Path) -> Path:
    """The version that a folder is, or the highest of those in it, as a server has it. Raises InputError if none is there."""
    found = saved_models(folder)
    if not found and (files := _asked_alone(folder)):
        raise InputError(f"{folder} is no model by itself, but holds some\n  hint: name one: {some(map(str, files))}")
    if not found and _gives_maps(folder / MODEL):
        read(folder / MODEL)
    if not found and (runs := runs_in(folder)):
        raise InputError(f"{folder} is no run, but holds some\n  hint: name one: {some(map(str, runs))}")
    if not found and RunFolder(folder).manifest.is_file():
        raise InputError(f"{folder} is a run that is not finished: there is no {MODEL} yet\n"
                         "  hint: the command that began it goes on with it; archspec runs says how far it is")
    if not found:
        raise InputError(f"{folder} holds neither a trained network nor a SavedModel: no {FACTS} with {MODEL}, no {GRAPH}, and "
                         f"no folder NUMBER/{GRAPH}\n  hint: name the folder of a finished run, or models/NAME of an export")
    return found[-1]


def _file(path: Path) -> Local:
    if path.suffix not in FILES:
        raise InputError(f"{path} is no model that is read\n  hint: MODEL is {KINDS}")
    found = described(path, (path.parent,))
    return Local(str(path), _classes(path, found), found.rule, found.white,
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
