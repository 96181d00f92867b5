"""The weights of classes: of which there are, and which leave something to learn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from archspec.data.sources import load_data
from archspec.data.weighting import class_weights
from archspec.errors import InputError
from archspec.spec.data import Synthetic
from archspec.spec.recipe import Recipe

DATA = load_data(Synthetic(classes=2, train=4, test=2, height=8, width=8))


def test_those_that_are_not_named_have_1() -> None:
    found = class_weights(replace(Recipe(), class_weights={DATA.classes[1]: 3.0}), DATA)
    assert found is not None
    assert found.tolist() == np.float32([1, 3]).tolist()
    assert class_weights(Recipe(), DATA) is None


def test_no_image_with_a_weight_is_refused() -> None:
    with pytest.raises(InputError) as refused:
        class_weights(replace(Recipe(), class_weights=dict.fromkeys(DATA.classes, 0.0)), DATA)
    assert str(refused.value) == ("train.class_weights: all training images are of classes with the weight 0: nothing is learnt\n"
                                  "  hint: a weight above 0 for one of them at least")
