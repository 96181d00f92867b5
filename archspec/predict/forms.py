"""The forms of a network that run here: a run, its .keras file, a SavedModel, a file of an export."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from archspec.artifact.folder import FACTS, MODEL, read
from archspec.errors import InputError, visible
from archspec.export import labels
from archspec.predict.described import described, white_of
from archspec.predict.labels import labels_within, read_labels
from archspec.predict.local import Local
from archspec.predict.opened import KINDS
from archspec.predict.versions import SAVED_MODEL, version_of

FILES = {".tflite": "tflite", ".onnx": "onnx"}
"""The formats of files by suffix; those that archspec.export can run are read."""
EXTRA = "assets.extra"
"""The folder of a SavedModel in which what describes it lies; no server reads it."""


def form(path: Path) -> Local:
    """What lies at a path that is there, ready to be asked.

    Raises InputError where it is no network, or one that does not say how images are prepared for it.
    """
    if path.is_dir():
        return _run(path) if (path / FACTS).is_file() and (path / MODEL).is_file() else _saved_model(path)
    return _run(_folder_of(path)) if path.suffix == ".keras" else _file(path)


def _folder_of(path: Path) -> Path:
    if path.name != MODEL or not (path.parent / FACTS).is_file():
        raise InputError(f"{path}: a .keras file alone does not say how images are prepared for it\n"
                         f"  hint: name the run folder, in which {FACTS} lies beside {MODEL}")
    return path.parent


def _run(folder: Path) -> Local:
    from archspec.export.predictor import reference
    artifact = read(folder)
    predict = reference(artifact)
    return Local(str(folder), artifact.classes, artifact.preprocess, white_of(folder),
                 lambda pixels: np.asarray(predict(pixels)))


def _saved_model(path: Path) -> Local:
    folder = version_of(path)
    found = described(folder, (folder / EXTRA, folder.parent.parent))
    return Local(str(folder), found.classes, found.rule, found.white, _served(folder))


def _served(folder: Path) -> Callable[[np.ndarray], np.ndarray]:
    """The signature that takes pixels. Raises InputError where the folder is damaged, or has none."""
    import tensorflow as tf

    from archspec.io.quiet import quiet
    try:
        with quiet():
            loaded = tf.saved_model.load(str(folder))
    except (OSError, ValueError, RuntimeError, tf.errors.OpError) as error:
        raise InputError(f"{folder / SAVED_MODEL} cannot be loaded: {visible(str(error).strip().partition(chr(10))[0])}\n"
                         "  hint: archspec serve-check says what is wrong with it") from None
    signature = loaded.signatures.get("serving_default")
    takes = {} if signature is None else signature.structured_input_signature[1]
    if list(takes) != ["images"] or "probabilities" not in signature.structured_outputs:
        raise InputError(f"{folder}: no signature serving_default from images to probabilities, as archspec's exports have it")

    def run(pixels: np.ndarray) -> np.ndarray:
        held = loaded  # whose variables are freed with it
        return np.asarray(held.signatures["serving_default"](images=tf.cast(pixels, takes["images"].dtype))["probabilities"])
    return run


def _file(path: Path) -> Local:
    from archspec.export.exporters import EXPORTERS
    name = FILES.get(path.suffix)
    if name not in EXPORTERS:
        raise InputError(f"{path} is no model that is read\n  hint: MODEL is {KINDS}")
    found = described(path, (path.parent,))
    beside = path.parent / labels.NAME
    classes = labels_within(path) or (read_labels(beside) if beside.is_file() else found.classes)
    return Local(str(path), classes, found.rule, found.white, partial(_asked, path, EXPORTERS[name].run))


def _asked(path: Path, run: Callable[[Path, np.ndarray], np.ndarray], pixels: np.ndarray) -> np.ndarray:
    """What a file says under its runtime. Raises InputError where that does not take it."""
    from archspec.io.quiet import quiet
    try:
        with quiet():
            return run(path, pixels)
    except (ValueError, RuntimeError, KeyError, TypeError) as error:
        raise InputError(f"{path} cannot be run: {visible(str(error).strip().partition(chr(10))[0])}\n"
                         "  hint: it is damaged, or was not made by archspec export") from None
