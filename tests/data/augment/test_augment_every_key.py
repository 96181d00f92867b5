"""Every key of every augmentation changes what is drawn or done. The declarations are walked: a new key needs a row here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from augment_rule import rule

from archspec.data.augment.batches import blender
from archspec.data.augment.host import host
from archspec.data.draws import uniforms
from archspec.spec.augment import OPERATIONS, Operation

SHAPE = (24, 24, 3)
IMAGE = np.random.default_rng(0).integers(0, 256, SHAPE, dtype=np.uint8)
OTHERS: dict[tuple[str, str], object] = {
    ("random_resized_crop", "area"): (0.5, 0.6), ("random_resized_crop", "aspect"): (0.5, 2.0),
    ("random_resized_crop", "draw"): "linear", ("random_resized_crop", "tries"): 1,
    ("random_resized_crop", "interpolation"): "bicubic", ("random_scale_crop", "shorter"): (40, 50),
    ("pad_crop", "pixels"): 2, ("pad_crop", "fill"): "reflect", ("flip", "probability"): 0.9, ("flip", "axis"): "vertical",
    ("rotate", "degrees"): 90.0, ("rotate", "fill"): "grey", ("rotate", "interpolation"): "nearest",
    ("colour_jitter", "brightness"): 0.1, ("colour_jitter", "contrast"): 0.1, ("colour_jitter", "saturation"): 0.1,
    ("colour_jitter", "hue"): 0.2, ("colour_jitter", "order"): "fixed", ("pca_lighting", "sigma"): 0.5,
    ("inception_colour", "fast"): True, ("randaugment", "operations"): 3, ("randaugment", "magnitude"): 4.0,
    ("randaugment", "dialect"): "tpu", ("randaugment", "deviation"): 0.5, ("randaugment", "increasing"): True,
    ("autoaugment", "policy"): "v0", ("augmix", "severity"): 9, ("augmix", "width"): 1, ("augmix", "depth"): 2,
    ("augmix", "alpha"): 0.2, ("random_erasing", "probability"): 0.9, ("random_erasing", "area"): (0.4, 0.5),
    ("random_erasing", "aspect"): (1.0, 1.0), ("random_erasing", "fill"): "noise", ("mixup", "alpha"): 1.0,
    ("mixup", "probability"): 0.5, ("mixup", "draw"): "pair", ("mixup", "until"): 2.0, ("cutmix", "alpha"): 0.2,
    ("cutmix", "probability"): 0.5, ("cutmix", "draw"): "pair", ("cutmix", "until"): 2.0,
}
"""For each key another value than its default."""
BESIDE: dict[tuple[str, str], dict[str, Any]] = {
    ("random_resized_crop", "tries"): {"area": (0.9, 1.0), "aspect": (0.2, 5.0)}, ("random_scale_crop", "shorter"): {},
    ("randaugment", "deviation"): {"dialect": "timm"}, ("randaugment", "increasing"): {"dialect": "timm"}}
"""What a key needs beside it to mean anything."""
KEYS = [(section, name) for section in OPERATIONS.item.sections for name in section.declared]


def seen(operation: Operation) -> Iterator[object]:
    """What becomes of forty images and forty batches."""
    one, batches = host((operation,), rule(*SHAPE)), blender((operation,), SHAPE, 10)
    for number in range(40):
        draws = uniforms(0, number, one.draws)
        yield one.window(60, 80, draws), one.pixels(IMAGE, draws).tobytes()
        if batches:
            yield [[np.asarray(each).tobytes() for each in part] for part in batches.draw(0, number, np.arange(4))]


def test_every_key_has_a_row() -> None:
    assert {(section.word, name) for section, name in KEYS} == OTHERS.keys()


@pytest.mark.parametrize(("section", "name"), KEYS, ids=lambda each: each if isinstance(each, str) else each.word)
def test_a_key_acts(section: Any, name: str) -> None:
    beside = BESIDE.get((section.word, name), {})
    before, after = (list(seen(section(**beside, **more))) for more in ({}, {name: OTHERS[section.word, name]}))
    assert before != after
    assert before == list(seen(section(**beside)))
