"""Keras callbacks of the user's own (`--callback module:Class`), driven by our loop: Weights & Biases and others are used so.

They come from the command line alone: a spec may be a stranger's, and runs no code.
"""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import keras

from archspec.errors import InputError
from archspec.train.job import Job
from archspec.train.progress import Interrupted, Row, trained

KERAS_NAMES = {"test_loss": "val_loss", "test_top1": "val_accuracy", "test_top5": "val_top5"}
"""What Keras's callbacks look for in the logs of an epoch, beside our own names."""


def load_callbacks(names: Sequence[str]) -> list[keras.callbacks.Callback]:
    """One of each `module:Class`, made without arguments; modules are looked for in the working folder, too.

    Raises InputError where there is no such class, or it cannot be made.
    """
    return [_load(name) for name in names]


def _load(name: str) -> keras.callbacks.Callback:
    module, _, attribute = name.partition(":")
    if not module or not attribute:
        raise InputError(f"--callback {name}: write module:Class, such as wandb.integration.keras:WandbMetricsLogger")
    with _blamed(f"--callback {name}"), _here():
        found = getattr(importlib.import_module(module), attribute)()
    if not isinstance(found, keras.callbacks.Callback):
        raise InputError(f"--callback {name}: no keras.callbacks.Callback, but a {type(found).__name__}")
    return found


@contextmanager
def _here() -> Iterator[None]:
    """While it lasts, modules of the working folder are found."""
    sys.path.insert(0, os.getcwd())
    try:
        yield
    finally:
        sys.path.remove(os.getcwd())


@contextmanager
def _blamed(what: str) -> Iterator[None]:
    """Errors of the user's code are told as such, with the last place in it."""
    try:
        yield
    except (InputError, Interrupted):
        raise
    except Exception as error:
        frames = [each for each in traceback.extract_tb(error.__traceback__) if _of_the_user(each.filename)]
        place = f"\n  at {frames[-1].filename}:{frames[-1].lineno}, in {frames[-1].name}" if frames else ""
        raise InputError(f"{what}: {type(error).__name__}: {error}{place}") from error


def _of_the_user(file: str) -> bool:
    """Whether a file is neither this one nor one of those by which Python imports."""
    return file != __file__ and not file.startswith("<frozen") and Path(file).parent.name != "importlib"


class Callbacks:
    """An event between two steps that tells Keras callbacks what Model.fit would. Used as a context, from begin to end.

    The logs of a batch are loss and accuracy of the epoch so far; the device is waited for only where a callback takes them.
    The logs of an epoch are its row of metrics.jsonl, with Keras's names for the test.
    """

    def __init__(self, job: Job, callbacks: Sequence[keras.callbacks.Callback], say: Callable[[str], None]) -> None:
        self._job, self._say = job, say
        self._list = keras.callbacks.CallbackList(list(callbacks), model=job.model, epochs=job.recipe.epochs,
                                                  steps=job.training.steps, verbose=0)
        self._told = len(job.state.progress.history)
        self._each = any(_takes_batches(each) for each in callbacks)

    def __enter__(self) -> Callbacks:
        self._job.model.stop_training = False  # as Model.fit begins
        self._call(self._list.on_train_begin)
        if self._told < self._job.recipe.epochs:
            self._call(self._list.on_epoch_begin, self._told)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None or issubclass(kind, Interrupted):
            self._call(self._list.on_train_end)

    def due(self) -> bool:
        """Once an epoch has its row."""
        return len(self._job.state.progress.history) != self._told

    def act(self) -> None:
        """Where a callback asks to stop (`model.stop_training`), all workers do, as after a signal."""
        history = self._job.state.progress.history
        self._call(self._list.on_epoch_end, self._told, logs(history[-1]))
        self._told = len(history)
        self._heed(f"epoch {self._told}")
        if self._told < self._job.recipe.epochs and not self._job.vote.stops:
            self._call(self._list.on_epoch_begin, self._told)

    @contextmanager
    def step(self, within: int) -> Iterator[None]:
        """Around a step, by its number within the epoch."""
        self._call(self._list.on_train_batch_begin, within)
        yield
        if self._each:
            self._call(self._list.on_train_batch_end, within, trained(self._job.state.progress.read()))
        self._heed(f"step {within + 1} of epoch {self._told + 1}")

    def _heed(self, place: str) -> None:
        """Stops as after a signal, once, where a callback has asked for it: in an epoch, too, as Model.fit does."""
        if self._job.model.stop_training and not self._job.vote.asked:
            self._say(f"a callback asked to stop after {place}")
            self._job.vote.asked = "a callback"

    def _call(self, hook: Callable[..., object], *arguments: object) -> None:
        with _blamed("a callback"):
            hook(*arguments)


def _takes_batches(callback: keras.callbacks.Callback) -> bool:
    """Whether it does something after a batch."""
    return any(getattr(getattr(callback, name), "__func__", None) is not getattr(keras.callbacks.Callback, name)
               for name in ("on_train_batch_end", "on_batch_end"))


def logs(row: Row) -> dict[str, float]:
    """The row of an epoch as Keras's callbacks expect it."""
    return {**row, **{theirs: row[ours] for ours, theirs in KERAS_NAMES.items() if ours in row}}
