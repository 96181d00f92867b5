"""The images of a training's batches with their labels, as the network gets them and as evaluation sees them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
import tensorflow as tf

from archspec.data.pipeline import Batch, Pipeline
from archspec.evaluate.loss import truth
from archspec.preprocess.pixels import denormalize, normalize
from archspec.train.reporting.picture.words import Labels
from archspec.train.step.blend import blended

LEAST = 0.005
"""Shares below this are not told: a Beta distribution gives many of them."""


@dataclass(frozen=True)
class Example:
    """One image twice, (h, w, c) float32 from 0 to 255, and its labels: untouched, and as the network is trained on it."""

    file: str
    labels: Labels
    still: np.ndarray
    mixed: Labels
    trained: np.ndarray


def examples(pipeline: Pipeline, classes: int, step: int, count: int) -> list[Example]:
    """Up to `count` of the images that are trained on from a step of the run on, to the end of its epoch, in their order.

    What the device does to a batch is done, and the normalisation undone. Raises InputError for an image that cannot be read.
    """
    found = (each for rows, batch in pipeline.shown(step, count) for each in _examples(pipeline, classes, rows, batch))
    return list(islice(found, count))


def _examples(pipeline: Pipeline, classes: int, rows: np.ndarray, batch: Batch) -> Iterator[Example]:
    own = truth(tf.constant(batch.labels), classes, 0.0)  # smoothing would spread every label over all classes
    inputs = normalize(batch.images, pipeline.rule)
    inputs, mixed = blended(inputs, own, tf.nest.map_structure(tf.constant, batch.blend))
    trained = denormalize(inputs.numpy(), pipeline.rule)
    for place, row in enumerate(rows.tolist()):
        if not batch.weights[place]:  # fills up the last batch
            continue
        yield Example(pipeline.split.keys[row], shares(own[place].numpy()), pipeline.still(row).astype(np.float32),
                      shares(mixed[place].numpy()), trained[place])


def shares(truths: np.ndarray) -> Labels:
    """Of (classes,) those that are worth telling, the greatest first, to two digits."""
    told = [(int(number), round(float(truths[number]), 2)) for number in np.flatnonzero(truths >= LEAST)]
    return dict(sorted(told, key=lambda each: (-each[1], each[0])))
