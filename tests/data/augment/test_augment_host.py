"""A list of operations as one: its numbers, its order, and what it refuses."""

from __future__ import annotations

import re

import numpy as np
import pytest
from augment_rule import rule

from archspec.data.augment.host import CROPS, STEPS, host
from archspec.data.draws import uniforms
from archspec.errors import InputError
from archspec.preprocess.window import centred
from archspec.spec.augment import CROPS as ALL_CROPS
from archspec.spec.augment import (
    ON_BATCHES,
    ON_IMAGES,
    AugMix,
    ColourJitter,
    Flip,
    InceptionColour,
    Operation,
    PadCrop,
    PcaLighting,
    RandAugment,
    RandomErasing,
    RandomResizedCrop,
    RandomScaleCrop,
    Rotate,
)
from archspec.spec.preprocess import FILTERS

IMAGE = np.random.default_rng(1).integers(0, 256, (48, 64, 3), dtype=np.uint8)
RULE = rule(interpolation="bicubic")
ALL = (RandomResizedCrop(), *(each() for each in ON_IMAGES), *(each() for each in ON_BATCHES))


def test_every_operation_on_images_is_there() -> None:
    assert CROPS.keys() == set(ALL_CROPS)
    assert STEPS.keys() == set(ON_IMAGES)


def test_without_operations_training_sees_what_evaluation_sees() -> None:
    found = host((RandomErasing(),), RULE)
    assert not found.changes
    assert found.draws == 0
    assert found.window(100, 80, np.zeros(0)) == found.still(100, 80) == (centred(100, 80, RULE), FILTERS.index("bicubic"))
    assert np.array_equal(found.pixels(IMAGE, np.zeros(0)), IMAGE)


def test_evaluation_is_not_cropped_at_random() -> None:
    found = host(ALL, RULE)
    assert found.changes
    assert found.still(100, 80) == (centred(100, 80, RULE), FILTERS.index("bicubic"))
    assert found.window(100, 80, uniforms(0, 1, found.draws))[0] != centred(100, 80, RULE)


def test_each_has_numbers_of_its_own() -> None:
    parts = [host((each,), RULE) for each in ALL]
    whole = host(ALL, RULE)
    assert whole.draws == sum(each.draws for each in parts)
    draws = uniforms(0, 5, whole.draws)
    image, begin = IMAGE, parts[0].draws
    for part in parts[1:]:
        image = part.pixels(image, draws[begin:begin + part.draws])
        begin += part.draws
    assert np.array_equal(whole.pixels(IMAGE, draws), image)


def test_the_order_of_the_list_is_kept() -> None:
    draws = np.array([0.0, 0.0, 0.0])
    padded_first = host((PadCrop(pixels=8), Flip()), RULE).pixels(IMAGE, draws)
    flipped_first = host((Flip(), PadCrop(pixels=8)), RULE).pixels(IMAGE, draws)
    assert np.array_equal(flipped_first[8:, 8:], IMAGE[:-8, ::-1][:, :-8])
    assert np.array_equal(padded_first[8:, :-8], IMAGE[:-8, :-8][:, ::-1])


def test_the_image_itself_is_not_written_to() -> None:
    found, before = host(ALL, RULE), IMAGE.copy()
    for number in range(30):
        assert found.pixels(IMAGE, uniforms(0, number, found.draws)).flags.c_contiguous
    assert np.array_equal(IMAGE, before)


@pytest.mark.parametrize("channels", [2, 4, 12])
def test_any_number_of_channels_where_that_means_something(channels: int) -> None:
    operations = (RandomScaleCrop(shorter=(64, 70)), PadCrop(), Flip(), Rotate(fill="reflect"), ColourJitter(saturation=0.0))
    found = host(operations, rule(channels=channels))
    image = np.random.default_rng(0).uniform(0, 255, (48, 64, channels)).astype(np.float32)
    assert found.pixels(image, uniforms(0, 0, found.draws)).shape == image.shape


@pytest.mark.parametrize(("operation", "channels", "message"), [
    (PcaLighting(), 1, "pca_lighting is for images of 3 channels, and the input has 1\n  hint: leave it out"),
    (InceptionColour(), 4, "inception_colour is for images of 3 channels, and the input has 4\n  hint: leave it out"),
    (ColourJitter(), 1, "colour_jitter's saturation is for images of 3 channels, and the input has 1\n"
                        "  hint: colour_jitter: {saturation: 0}"),
    (ColourJitter(saturation=0.0, hue=0.1), 2, "colour_jitter's hue is for images of 3 channels, and the input has 2\n"
                                               "  hint: colour_jitter: {hue: 0}"),
    (RandAugment(), 4, "randaugment is for images of 1 or 3 channels, and the input has 4\n  hint: leave it out; crops, flip, rotate, "
                       "colour_jitter's brightness and contrast, and what acts on batches are for any number of channels"),
    (RandomScaleCrop(shorter=(60, 62)), 3, "random_scale_crop: the shorter side has 60 pixels at least, and the input has 64\n"
                                           "  hint: shorter: [64, 64]"),
    (PadCrop(pixels=48), 3, "pad_crop: 48 is as much as the image, 48 x 64: a crop may hold none of it\n"
                            "  hint: a few pixels: 4 for 32x32, 28 for 224x224"),
])
def test_what_means_nothing_for_the_input_is_refused(operation: Operation, channels: int, message: str) -> None:
    with pytest.raises(InputError, match="^" + re.escape("train.augment: " + message) + "$"):
        host((operation,), rule(channels=channels))


def test_grey_images_are_augmented() -> None:
    found = host((RandAugment(), AugMix()), rule(channels=1))
    assert found.pixels(IMAGE[..., :1], uniforms(0, 0, found.draws)).shape == (48, 64, 1)
