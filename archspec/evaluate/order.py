"""Whose class is which: the classes of data and of a model are the same where they have the same name, wherever they stand."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from archspec.errors import InputError, closest, some

BACKGROUND = ("background", "dummy")
"""What the first of 1001 classes of ImageNet is called."""
SYNSET = re.compile(r"n[0-9]{8}")
"""A synset of WordNet, by which ILSVRC's folders are called."""


def places(data: Sequence[str], model: Sequence[str], called: str) -> np.ndarray:
    """(classes of the data,) int32: the output of the model for each class of the data, by their names.

    A model may tell apart more classes than the data has. Raises InputError where it lacks one.
    """
    known = {name: index for index, name in enumerate(model)}
    if lacking := [name for name in data if name not in known]:
        raise InputError(f"{called} tells no class called {some(lacking)} apart: it has {some(model)}\n"
                         f"  hint: {_hint(data, model, lacking)}")
    return np.array([known[name] for name in data], np.int32)


def moved(labels: np.ndarray, to: np.ndarray, classes: int) -> np.ndarray:
    """Labels of the data, (n,) or (n, classes), as those of the model."""
    if labels.ndim == 1:
        return np.asarray(to[labels])
    found = np.zeros((len(labels), classes), labels.dtype)
    found[:, to] = labels
    return found


def _hint(data: Sequence[str], model: Sequence[str], lacking: Sequence[str]) -> str:
    if len(data) > len(model):
        return f"the data have {len(data)} classes and it tells {len(model)} apart: name other data, or another model"
    named = f"--labels FILE names the model's {len(model)} classes as the data do, one a line, in its order"
    if len(model) == len(data) + 1 and model[0].lower() in BACKGROUND:
        return f"its first class is '{model[0]}', so that it counts from 1 what the data count from 0; {named}"
    if all(SYNSET.fullmatch(name) for name in data) and not any(SYNSET.fullmatch(name) for name in model):
        return f"the data name classes by synsets, the model by words; {named}"
    if all(name.isdecimal() for name in data):
        return f"the data name classes by numbers, and ILSVRC's ids are not in the order of synsets; {named}"
    near = closest(lacking[0], model)
    return f"is '{near}' meant? " * bool(near) + named
