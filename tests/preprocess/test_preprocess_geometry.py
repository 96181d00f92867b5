"""A graph reckons the same whole numbers as Python does, for every size and rule."""

from __future__ import annotations

import random

import numpy as np
import pytest
import tensorflow as tf

from archspec.preprocess import pixels
from archspec.preprocess.in_graph import geometry
from archspec.preprocess.routes import Route
from archspec.preprocess.rule import Preprocess, preprocess_of
from archspec.preprocess.sampling import sampling
from archspec.preprocess.window import centred
from archspec.spec.preprocess import FILTERS, OFFSETS, PRESETS, AsIs, Cover, Fraction, PreprocessKeys, Shorter, Squash
from archspec.spec.recipe import Recipe

DRAW = random.Random(1)
SIZES = [(1, 1), (1, 60_000), (60_000, 1), (224, 224), (375, 500), *((side, side + more) for side in range(160, 600, 5)
                                                                   for more in (0, 1)),
         *((DRAW.randint(1, 5000), DRAW.randint(1, 5000)) for _ in range(100))]
RESIZES = (Shorter(pixels=256), Shorter(pixels=299, longer="floor"), Cover(margin=1.143), Cover(margin=1 / 0.95, longer="floor"),
           Fraction(), Fraction(share=0.7, of="sides"), Squash(), AsIs())
KEYS: dict[str, PreprocessKeys] = {
    **{preset: PreprocessKeys(preset=preset) for preset in PRESETS},
    **{f"{each} {OFFSETS[place % 4]}": PreprocessKeys(resize=each, offset=OFFSETS[place % 4])
       for place, each in enumerate(RESIZES)},
    **{f"{each} {corner}": PreprocessKeys(interpolation=each, antialias=False, origin=corner)
       for each, corner in zip(FILTERS, ("corner", "centre") * 3, strict=False)},
    "lanczos3": PreprocessKeys(interpolation="lanczos3"),
}


def python(rule: Preprocess, height: int, width: int, jpeg: bool) -> tuple[np.ndarray, np.ndarray]:
    way = sampling(centred(height, width, rule), rule, rule.interpolation, jpeg=jpeg)
    return pixels.packed(way, rule, route=Route.JPEG if jpeg else Route.PNG, size=(height, width))


@pytest.mark.parametrize("name", KEYS)
def test_a_graph_sees_the_same_part(name: str) -> None:
    rule = preprocess_of(Recipe(preprocess=KEYS[name]), (224, 192, 3))
    sizes = [size for size in SIZES if not isinstance(rule.resize, AsIs) or (size[0] >= 224 and size[1] >= 192)]

    def packed(rows: tf.Tensor, columns: tf.Tensor) -> list[geometry.Pair]:
        return [geometry.packed(geometry.Size(rows, columns), rule, jpeg=jpeg) for jpeg in (False, True)]
    signature = [tf.TensorSpec((None,), tf.int64)] * 2
    found = tf.function(packed, input_signature=signature, autograph=False)(*np.array(sizes).T)
    for jpeg, (numbers, places) in zip((False, True), found, strict=True):
        expected = [python(rule, *size, jpeg) for size in sizes]
        np.testing.assert_array_equal(numbers, [each[0] for each in expected])
        np.testing.assert_array_equal(places, [each[1] for each in expected])
