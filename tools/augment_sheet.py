"""Draws the contact sheet of all augmentations: python tools/augment_sheet.py [FILE].

Without FILE it is that of tests/golden, which the tests compare with: look at it before it is committed.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from sklearn.datasets import load_sample_image

from archspec.data.augment.batches import blender
from archspec.data.augment.host import host
from archspec.data.draws import uniforms
from archspec.preprocess.rule import Preprocess
from archspec.preprocess.window import Window
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
from archspec.spec.preprocess import Squash

SHEET = Path(__file__).parents[1] / "tests" / "golden" / "augment.png"
HEIGHT, WIDTH, COLUMNS, MARGIN, SEED = 48, 64, 6, 120, 7
RULE = Preprocess(height=HEIGHT, width=WIDTH, channels=3, resize=Squash(), offset="floor", interpolation="bilinear",
                  antialias=True, origin="centre", decoder="accurate", order="rgb", background=255.0,
                  mean=(123.675, 116.28, 103.53), std=(58.395, 57.12, 57.375))
ROWS: tuple[tuple[str, Operation], ...] = (
    ("random_resized_crop", RandomResizedCrop()),
    ("  linear, random", RandomResizedCrop(draw="linear", interpolation="random")),
    ("random_scale_crop", RandomScaleCrop(shorter=(70, 110))),
    ("pad_crop: mean", PadCrop(pixels=8)), ("  black", PadCrop(pixels=12, fill="black")),
    ("  grey", PadCrop(pixels=8, fill="grey")), ("  reflect", PadCrop(pixels=12, fill="reflect")),
    ("flip", Flip()), ("  vertical", Flip(axis="vertical")),
    ("rotate: 45", Rotate(degrees=45)), ("  reflect, bicubic", Rotate(degrees=45, fill="reflect", interpolation="bicubic")),
    ("  mean, nearest", Rotate(degrees=45, fill="mean", interpolation="nearest")),
    ("colour_jitter", ColourJitter()), ("  hue 0.5, fixed", ColourJitter(hue=0.5, order="fixed")),
    ("pca_lighting: 0.5", PcaLighting(sigma=0.5)),
    ("inception_colour", InceptionColour()), ("  fast", InceptionColour(fast=True)),
    ("randaugment", RandAugment()), ("  timm inc, 0.5", RandAugment(dialect="timm", deviation=0.5, increasing=True)),
    ("  timm, 4 of 4", RandAugment(dialect="timm", magnitude=4, operations=4)),
    ("  tpu, 2 of 4", RandAugment(dialect="tpu", magnitude=4)),
    ("autoaugment", AutoAugment()), ("  v0", AutoAugment(policy="v0")),
    ("trivialaugment", TrivialAugment()), ("augmix", AugMix()), ("  10, 1, deep", AugMix(severity=10, width=1, depth=6)),
    ("random_erasing", RandomErasing(probability=0.8)), ("  colour", RandomErasing(probability=0.8, fill="colour")),
    ("  noise", RandomErasing(probability=0.8, fill="noise")),
    ("mixup: 1, pair", MixUp(alpha=1, draw="pair")), ("  batch", MixUp(alpha=1)),
    ("cutmix, pair", CutMix(draw="pair")), ("  batch", CutMix()),
)


def main() -> None:
    """Writes the sheet with names, each row an operation as it is done to a few images."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else SHEET
    sheet = np.full((len(ROWS) * HEIGHT, MARGIN + COLUMNS * WIDTH, 3), 255, np.uint8)
    for number, (_, operation) in enumerate(ROWS):
        sheet[number * HEIGHT:(number + 1) * HEIGHT, MARGIN:] = np.concatenate(list(row(operation)), axis=1)
    picture = Image.fromarray(sheet)
    pen = ImageDraw.Draw(picture)
    for number, (name, _) in enumerate(ROWS):
        pen.text((4, number * HEIGHT + 18), name, fill="black")
    picture.save(path, optimize=True)


def row(operation: Operation) -> np.ndarray:
    """(COLUMNS, HEIGHT, WIDTH, 3) uint8: what an operation makes of images that are seen under the numbers 0, 1, …"""
    found = host((operation,), RULE)
    images = []
    for number in range(COLUMNS):
        photo, draws = photograph(number), uniforms(SEED, number, found.draws)
        image = seen(photo, found.window(*photo.shape[:2], draws)[0])
        images.append(found.pixels(image, draws) if found.changes else image)
    return on_device(np.stack(images), operation)


def on_device(images: np.ndarray, operation: Operation) -> np.ndarray:
    """What the network sees, as pixels again: rounded to levels."""
    draw = blender((operation,), RULE.shape, 1)
    if draw is None:
        return images
    from archspec.preprocess.pixels import denormalize, normalize
    from archspec.train.step.blend import blended
    blend = draw.draw(SEED, 1, np.arange(COLUMNS))
    inputs, _ = blended(normalize(images, RULE), np.zeros((COLUMNS, 2), np.float32), blend)
    return np.clip(np.rint(denormalize(np.asarray(inputs), RULE)), 0, 255).astype(np.uint8)


def photograph(number: int) -> np.ndarray:
    """One of scikit-learn's two, (71, 107, 3) uint8; even numbers are the one, odd ones the other."""
    whole = Image.fromarray(load_sample_image(("china.jpg", "flower.jpg")[number % 2]))
    return np.asarray(whole.reduce(6))[:71]


def seen(photo: np.ndarray, window: Window) -> np.ndarray:
    """What a window shows, by Pillow: the sheet is about augmentation."""
    box = (window.left, window.top, window.left + window.width, window.top + window.height)
    scaled = Image.fromarray(photo).resize((window.scaled_width, window.scaled_height), Image.Resampling.BILINEAR, box)
    return np.asarray(scaled)[window.cut_top:window.cut_top + HEIGHT, window.cut_left:window.cut_left + WIDTH]


if __name__ == "__main__":
    main()
