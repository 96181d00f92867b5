"""The digits: a fixed split of real images."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from archspec.data.pipeline import Pipeline
from archspec.data.source import Source
from archspec.data.sources import load_data
from archspec.errors import InputError
from archspec.preprocess.rule import Shape, preprocess_of
from archspec.spec.data import Digits
from archspec.spec.recipe import Recipe


@pytest.fixture(scope="module")
def digits() -> Source:
    return load_data(Digits())


def test_the_split_is_1437_to_360(digits: Source) -> None:
    assert (digits.train.size, digits.test.size) == (1437, 360)


def test_each_class_is_in_both_halves_in_proportion(digits: Source) -> None:
    train, test = (np.bincount(split.labels, minlength=10) for split in (digits.train, digits.test))
    assert (np.abs(train - 4 * test) <= 6).all()


def test_no_image_is_in_both_halves(digits: Source) -> None:
    train, test = ({bytes(split.item(index)) for index in range(split.size)} for split in (digits.train, digits.test))
    assert not train & test


def test_images_have_the_inputs_shape_and_pixels_to_255(digits: Source) -> None:
    images, _ = Pipeline(digits.train, preprocess_of(Recipe(), (16, 16, 3)), Recipe()).sample(1, 0)
    image = images[0]
    assert image.shape == (16, 16, 3)
    assert image.dtype == np.float32
    assert image.min() == 0
    assert 200 < image.max() <= 255
    assert (image[..., 0] == image[..., 2]).all()


@pytest.mark.parametrize("shape", [(8, 8, 1), (16, 16, 3), (31, 20, 1)])
def test_pixels_are_those_of_all_images_scaled_at_once(digits: Source, shape: Shape) -> None:
    """But the images stay 8x8 and are scaled one at a time."""
    held = np.stack([digits.test.item(index) for index in range(5)])
    assert held.shape == (5, 8, 8, 1)
    whole = np.repeat(tf.image.resize(held, shape[:2], method="bilinear").numpy() * (255 / 16), shape[2], axis=-1)
    recipe = Recipe(batch=5)
    images = next(iter(Pipeline(digits.test, preprocess_of(recipe, shape), recipe).evaluation())).images
    assert np.abs(images.numpy() - whole).max() < 1e-3


def test_another_number_of_classes_is_refused_with_what_to_write(digits: Source) -> None:
    with pytest.raises(InputError) as error:
        digits.check(11)
    assert str(error.value) == ("data 'digits' has 10 classes (0, 1, 2, 3, 4, …), but the network tells 11 apart\n"
                                "  hint: --set classes=10")
