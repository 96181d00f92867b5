"""What can be known of a model that lies here before TensorFlow is loaded: whether it is one, and what lies beside it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from archspec.artifact.folder import FACTS, MODEL, SPEC, is_run, runs_in, said
from archspec.artifact.labels import read_labels
from archspec.errors import InputError, some
from archspec.export import companions, labels
from archspec.export.predecessor import FILES as FILES_OF_EXPORT
from archspec.predict.described import Described, described, of_file
from archspec.predict.labels import labels_within
from archspec.serving.layout import GRAPH, saved_models
from archspec.spec.files import spec_names
from archspec.train.run import RunFolder
from archspec.weights import archives

KERAS = ".keras"
FILES = {".tflite": "tflite", ".onnx": "onnx"}
"""The formats of files by suffix; those that archspec.export can run are read."""
SUFFIXES = (KERAS, *FILES)
"""Of files that can be asked."""
KINDS = ("a run folder, its model.keras, a SavedModel folder, a .tflite or .onnx file, or the address of a TensorFlow Serving "
         "(http://HOST:8501/v1/models/NAME, grpc://HOST:8500/NAME)")
SPECS = (".yaml", ".yml")


def facts_beside(path: Path) -> Described:
    """What lies beside a model that is there, or in it, without its weights being read: of a run, a SavedModel or a file.

    Raises InputError where it is no network, or nothing says how images are prepared for it.
    """
    if path.is_dir():
        return described(path, (path,)) if is_run(path) else _of_saved_model(version_of(path))
    if path.suffix == KERAS:
        return of_file(path)
    if path.suffix not in FILES:
        raise InputError(f"{path} is no model that is read\n  hint: {no_model(str(path))}")
    found = described(path, (path.parent,))
    return replace(found, classes=_classes(path, found))


def no_model(model: str) -> str:
    """What to do about a MODEL that is none: a spec has to be trained first."""
    if model in spec_names() or Path(model).suffix in SPECS:
        return f"a spec has learned nothing yet: archspec train {model}, and name the run that it makes"
    return f"MODEL is {KINDS}"


def has_blocks(path: Path) -> bool:
    """Whether a model that is there is a run or its model.keras, whose layers can be looked into."""
    return path.suffix == KERAS or is_run(path)


def version_of(folder: Path) -> Path:
    """The version that a folder is, or the highest of those in it, as a server has it. Raises InputError if none is there."""
    found = saved_models(folder)
    if not found and (files := _asked_alone(folder)):
        raise InputError(f"{folder} is no model by itself, but holds some\n  hint: name one: {some(map(str, files))}")
    if not found and _gives_maps(folder / MODEL):
        said(folder / MODEL)
    if not found and (runs := runs_in(folder)):
        raise InputError(f"{folder} is no run, but holds some\n  hint: name one: {some(map(str, runs))}")
    if not found and RunFolder(folder).manifest.is_file():
        raise InputError(f"{folder} is a run that is not finished: there is no {MODEL} yet\n"
                         "  hint: the command that began it goes on with it; archspec runs says how far it is")
    if not found:
        raise InputError(f"{folder} holds neither a trained network nor a SavedModel: no {FACTS} with {MODEL}, no {GRAPH}, and "
                         f"no folder NUMBER/{GRAPH}\n  hint: name the folder of a finished run, or models/NAME of an export")
    return found[-1]


def _of_saved_model(folder: Path) -> Described:
    return described(folder, (folder / companions.EXTRA, folder.resolve().parent.parent))


def _classes(path: Path, found: Described) -> tuple[str, ...]:
    """What an exported file calls its classes: it may say so itself, or a file beside it."""
    beside = path.parent / labels.NAME
    return labels_within(path) or (read_labels(beside) if beside.is_file() else found.classes)


def _asked_alone(folder: Path) -> list[Path]:
    """What can be asked of the files of an export; with them the SavedModel of the same version, if there is one."""
    served = folder.parent.parent / folder.name if folder.parent.name == FILES_OF_EXPORT else folder / GRAPH
    files = [each for each in sorted(folder.iterdir()) if each.suffix in SUFFIXES and not _gives_maps(each)]
    return [*files, *([served] if (served / GRAPH).is_file() else [])]


def _gives_maps(path: Path) -> bool:
    """Whether a .keras file is no whole network: one that holds no spec."""
    if path.suffix != KERAS or not path.is_file():
        return False
    try:
        with archives.opened(path) as archive:
            return SPEC not in archive.namelist()
    except InputError:
        return False
