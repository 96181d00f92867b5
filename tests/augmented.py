"""Small made pictures in a folder and in TFRecord files, and lists that hold every operation there is."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from PIL import Image
from quietly import silent

from archspec.data.cache import caches
from archspec.data.check import checked
from archspec.data.pipeline import Pipeline
from archspec.data.sources import load_data
from archspec.preprocess.rule import preprocess_of
from archspec.spec.augment import (
    AugMix,
    AutoAugment,
    ColourJitter,
    CutMix,
    Flip,
    InceptionColour,
    MixUp,
    Operation,
    PadCrop,
    PcaLighting,
    RandAugment,
    RandomErasing,
    RandomResizedCrop,
    RandomScaleCrop,
    Rotate,
    TrivialAugment,
)
from archspec.spec.data import Data, Folder, Tfrecord
from archspec.spec.recipe import Recipe

TRAIN, TEST = 22, 6
BATCH, EPOCHS = 4, 5
STEPS = -(-TRAIN // BATCH) * EPOCHS
SHAPE = (16, 16, 3)
_BOTH: tuple[Operation, ...] = (PadCrop(pixels=2), Flip(), Rotate(), ColourJitter(hue=0.1), PcaLighting(), InceptionColour())
LISTS: dict[str, tuple[Operation, ...]] = {
    "parts": (RandomResizedCrop(interpolation="random"), *_BOTH, RandAugment(dialect="timm", deviation=0.5), AugMix(),
              RandomErasing(probability=0.7, fill="noise"), MixUp(probability=0.5, until=2.5),
              CutMix(probability=0.5, draw="pair")),
    "scales": (RandomScaleCrop(shorter=(16, 30)), *_BOTH, AutoAugment(), TrivialAugment(),
               CutMix(probability=0.4, until=3), RandomErasing(fill="colour"), MixUp(probability=0.6, draw="pair")),
}
"""Each operation is in one of them at least."""


def photograph(number: int) -> bytes:
    """A JPEG, PNG or BMP of its own size."""
    draw, file = np.random.default_rng(number), io.BytesIO()
    pixels = Image.fromarray(draw.integers(0, 256, (6, 7, 3), dtype=np.uint8))
    pixels.resize((30 + 3 * number, 60 - number), Image.Resampling.BICUBIC).save(file, ("JPEG", "PNG", "BMP")[number % 3])
    return file.getvalue()


def write(root: Path) -> None:
    """root/folder and root/records with the same images of three classes."""
    (root / "records").mkdir(parents=True)
    for half, pattern, numbers in (("train", "train-0", range(TRAIN)), ("val", "validation-0", range(TRAIN, TRAIN + TEST))):
        with tf.io.TFRecordWriter(str(root / "records" / pattern)) as writer:
            for number in numbers:
                place = root / "folder" / half / f"class{number % 3}" / f"{number:02}.img"
                place.parent.mkdir(parents=True, exist_ok=True)
                place.with_suffix((".jpg", ".png", ".bmp")[number % 3]).write_bytes(photograph(number))
                writer.write(_record(photograph(number), number % 3))


def _record(encoded: bytes, label: int) -> bytes:
    features = {"image/encoded": tf.train.Feature(bytes_list=tf.train.BytesList(value=[encoded])),
                "image/class/label": tf.train.Feature(int64_list=tf.train.Int64List(value=[label]))}
    return bytes(tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString())


def section(root: Path, source: str, cache: str = "none") -> Data:
    """The section `train.data` for one of the two that `write` made."""
    kind: Any = {"folder": Folder(path=str(root / "folder")), "tfrecord": Tfrecord(path=str(root / "records"), first_label=0)}[source]
    return replace(kind, cache=cache)


def pipeline(data: Data, **keys: Any) -> Pipeline:
    """As a training makes it, with a cache if the section has one."""
    recipe = replace(Recipe(data=data, batch=BATCH, epochs=EPOCHS, seed=7, augment=LISTS["parts"], repeated_augmentation=2,
                            sampling="balanced"), **keys)
    source, rule = load_data(data), preprocess_of(recipe, SHAPE)
    found = checked(source, data, rule, silent)
    cache, = caches(data, rule, [(source.train, found.train_sizes)], found.stamp)
    return Pipeline(source.train, rule, recipe, cache=cache)


def same(one: Any, other: Any) -> bool:
    """Whether two batches are equal, bit for bit, in all that they hold."""
    first, second = tf.nest.flatten(one), tf.nest.flatten(other)
    return len(first) == len(second) and all(a.dtype == b.dtype and np.array_equal(a, b) for a, b in zip(first, second, strict=True))
