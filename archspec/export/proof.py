"""The proof of exports: each in a process of its own, on real images, against the Keras model that was trained."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from archspec.artifact import keras_model
from archspec.data.looking import Tick
from archspec.data.pipeline import Pipeline
from archspec.data.source import Split
from archspec.evaluate.evaluator import TOP5_FROM
from archspec.evaluate.ranks import rank
from archspec.export import sample
from archspec.export.exportable import Exportable
from archspec.export.exporters import EXPORTERS, NotEqual, compared, leaving_out, refuse_unequal, tells_classes, why_not
from archspec.export.fresh import Ended, Failed, Fresh, Loaded
from archspec.export.parity import Parity, compare
from archspec.export.runners import OF_FILES
from archspec.preprocess.encoded import CHANNELS, KINDS, MOST_PIXELS
from archspec.preprocess.header import NoImage
from archspec.preprocess.routes import Route, route

BATCHES = (1, 8)
"""Images a call of which the time is taken."""
FILES = 16
"""How many files are compared."""
TRAINED = "Keras model"
"""What the others are held against."""


@dataclass(frozen=True)
class Proof:
    """What an export is in a process of its own: how equal, what loading it takes, milliseconds by batch, top1 and top5.

    Keras's own model is equal to itself: it has no parity. `files` is how equal the export is where it takes files and decodes
    them itself, None where it decodes none; `refused` how many of them it does not decode, None of one that takes no files.
    The scores are those on all test images; none where these are not there, or of feature maps.
    """

    parity: Parity | None
    files: Parity | None
    refused: int | None
    loaded: Loaded
    milliseconds: Mapping[int, float]
    scores: Mapping[str, float]

    def to_json(self) -> dict[str, Any]:
        """Its part of a row of parity.json: the parity is that of this process, in the place of the one before."""
        parity = {} if self.parity is None else self.parity.to_json()
        one, several = (round(self.milliseconds[batch], 3) for batch in BATCHES)
        files: dict[str, Any] = {} if self.refused is None else {"files": 0, "files_refused": self.refused}
        if self.files:
            files |= {"files": self.files.images, "files_max_difference": self.files.probabilities}
        return {**parity, **self.scores, **files, "load_seconds": round(self.loaded.seconds, 3),
                "memory_bytes": self.loaded.memory, "milliseconds": one, f"milliseconds_{BATCHES[-1]}": several}


def prove(made: Exportable, folder: Path, names: Sequence[str], pixels: np.ndarray, testing: Pipeline | None,
          tick: Tick) -> dict[str, Proof]:
    """Runs the exports that lie in a folder, and the Keras model, which is the first row.

    `pixels` (n, h, w, c) are what they are compared on, `testing` what their accuracy is counted on. Raises NotEqual for one
    that cannot be run, is not equal by the tolerance, or, with rounder numbers, loses more accuracy than it may.
    """
    with tempfile.TemporaryDirectory(prefix="archspec-") as place, ExitStack() as stack:
        path = Path(place) / "model.keras"
        keras_model.save(made.artifact, path)
        asked = {TRAINED: ("keras", path), **{name: (EXPORTERS[name].kind, folder / EXPORTERS[name].place) for name in names}}
        found = _running(asked, pixels, stack, tick)
        parities = {name: compared(name, made, pixels, found[TRAINED].said, found[name].said) for name in names}
        for name, parity in parities.items():
            refuse_unequal(name, made, parity, asked[name][1], pixels)
        files = _of_files(found, made, testing, tick)
        telling = {name: each for name, each in found.items() if name == TRAINED or tells_classes(name, made)}
        scores = _scores(telling, testing, tick) if testing else {}
    _refuse_worse(scores, made.options.accuracy_drop)
    return {name: Proof(parities.get(name), files.get(name, NO_FILES).parity, files.get(name, NO_FILES).refused, each.loaded,
                        each.milliseconds, scores.get(name, {})) for name, each in found.items()}


def _refuse_worse(scores: Mapping[str, Mapping[str, float]], drop: float) -> None:
    """Raises NotEqual for an export with rounder numbers that loses more accuracy than it may."""
    tops = {name: each["top1"] for name, each in scores.items()}
    for name, top in tops.items():
        if name != TRAINED and not EXPORTERS[name].exact and tops[TRAINED] - top > drop:
            raise NotEqual(f"{name}: its top-1 on the test images is {top:.2%}, the Keras model's {tops[TRAINED]:.2%}; "
                           f"export.accuracy_drop is {drop:.3g}")


@dataclass(frozen=True)
class _Running:
    """An export in its process, measured, and what it says of the images that are compared."""

    process: Fresh
    loaded: Loaded
    milliseconds: Mapping[int, float]
    said: np.ndarray

    @classmethod
    def of(cls, process: Fresh, pixels: np.ndarray) -> _Running:
        loaded = process.load(pixels[:1])
        times = {batch: process.milliseconds(np.resize(pixels, (batch, *pixels.shape[1:]))) for batch in BATCHES}
        return cls(process, loaded, times, np.concatenate([process.run(part) for part in _parts(pixels)]))


def _running(asked: Mapping[str, tuple[str, Path]], pixels: np.ndarray, stack: ExitStack, tick: Tick) -> dict[str, _Running]:
    """By name, each of its kind and path, as long as the stack lasts."""
    found: dict[str, _Running] = {}
    for done, (name, (kind, path)) in enumerate(asked.items()):
        tick("running each export", done, len(asked))
        with _told(name):
            found[name] = _Running.of(stack.enter_context(Fresh(kind, path)), pixels)
    return found


def _parts(pixels: np.ndarray) -> Iterator[np.ndarray]:
    """The images in batches of the largest of BATCHES."""
    for begin in range(0, len(pixels), BATCHES[-1]):
        yield pixels[begin:begin + BATCHES[-1]]


class _Files(NamedTuple):
    """`files` and `refused` of a Proof."""

    parity: Parity | None
    refused: int | None


NO_FILES = _Files(None, None)


def _of_files(found: Mapping[str, _Running], made: Exportable, testing: Pipeline | None, tick: Tick) -> dict[str, _Files]:
    """How equal those are that take files, to the Keras model, which takes the pixels that evaluation makes of them.

    With it how many files are refused: evaluation reads some kinds that TensorFlow does not. Raises NotEqual.
    """
    if made.artifact.preprocess.channels not in CHANNELS:
        return {}
    parities = {name: _Files(None, 0) for name in found if name in EXPORTERS and EXPORTERS[name].kind in OF_FILES}
    for name in parities if testing else ():
        assert testing
        with _told(name):
            parity, _ = parities[name] = _of_these(found[name].process, found[TRAINED].process, testing, tick)
        if parity and (unequal := why_not(name, parity, made.options)):
            raise NotEqual(f"{unequal}, where it decodes files itself")
    return parities


def _of_these(process: Fresh, trained: Fresh, testing: Pipeline, tick: Tick) -> _Files:
    """Of a sample of the test images. Raises Failed where one is refused that a server has to read."""
    said, refused = dict[int, np.ndarray](), dict[int, Failed]()
    files = {int(index): file for index in testing.drawn(FILES, sample.SEED) if (file := _file(testing.split, int(index)))}
    for done, (index, file) in enumerate(files.items()):
        tick("letting exports decode files", done, len(files))
        try:
            said[index] = process.run_file(file)
        except Ended:
            raise
        except Failed as error:
            refused[index] = error
    for index, why in refused.items():
        if kind := has_to_decode(files[index], testing.rule.channels, others=bool(said)):
            raise Failed(f"{testing.split.keys[index]}, a {kind} that it has to decode itself: {why}")
    if not said:
        return _Files(None, len(refused))
    pixels = np.stack([testing.still(index) for index in said]).astype(np.float32)
    return _Files(compare(trained.run(pixels), np.concatenate(list(said.values()))), len(refused))


def has_to_decode(file: bytes, channels: int, *, others: bool) -> str:
    """The kind of a file that an export has to decode into so many channels itself; '' of one that it may refuse.

    Of the kinds that TensorFlow decodes there are rare forms, and huge images, that no server does; so where it decodes none
    of the others it is not for that.
    """
    try:
        way, header = route(file, channels)
    except NoImage:
        return ""
    common = way is not Route.PILLOW and header.height * header.width <= MOST_PIXELS
    return header.kind if header.kind in KINDS and (common or not others) else ""


def _file(split: Split, index: int) -> bytes | None:
    """An image as a file: its own, or a PNG of its levels; None where these are no whole numbers of 8 bits."""
    item = split.item(index)
    if isinstance(item, bytes):
        return item
    levels = split.levels(item)
    if not np.array_equal(levels, np.clip(np.rint(levels), 0, 255)):
        return None
    return bytes(tf.io.encode_png(levels.astype(np.uint8)).numpy())


def _scores(found: Mapping[str, _Running], testing: Pipeline, tick: Tick) -> dict[str, dict[str, float]]:
    """The shares top1 and top5 of all test images, as evaluation counts them, by export."""
    hits = {name: np.zeros(2, np.int64) for name in found}
    batches, count, classes = iter(testing.evaluation()), 0, found[TRAINED].said.shape[1]
    for step in range(testing.steps):
        tick("testing each export", step, testing.steps)
        batch = testing.next(batches, step, training=False)
        real = batch.weights.numpy() > 0
        images, labels = batch.images.numpy()[real].astype(np.float32), batch.labels.numpy()[real]
        count += len(labels)
        for name, each in found.items():
            with _told(name):
                place = rank(tf.constant(each.process.run(images)), tf.constant(labels)).numpy()
            hits[name] += [(place < 1).sum(), (place < 5).sum()]
    named = ("top1", "top5") if classes >= TOP5_FROM and testing.split.labels.ndim == 1 else ("top1",)
    return {name: dict(zip(named, (each / count).tolist(), strict=False)) for name, each in hits.items()}


@contextmanager
def _told(name: str) -> Iterator[None]:
    """Says which export it was that could not be run."""
    try:
        yield
    except Failed as error:
        raise NotEqual(f"{name} cannot be run in a process of its own: {error}{leaving_out(name)}") from None
