"""Labels of images that may have several."""

from __future__ import annotations

import numpy as np
import pytest

from archspec.data.sources.several import MOST_CELLS, table_of
from archspec.errors import InputError


def test_a_table_has_a_1_for_each_label() -> None:
    assert table_of(3, 2, np.array([0, 2, 2]), np.array([1, 0, 1]), "a.csv").tolist() == [[0, 1], [0, 0], [1, 1]]


def test_what_does_not_fit_into_memory_is_refused() -> None:
    none = np.zeros(0, np.int32)
    with pytest.raises(InputError) as error:
        table_of(MOST_CELLS // 1000 + 1, 1000, none, none, "a.csv")
    assert str(error.value) == "a.csv: 2147484 images with several of 1000 labels are more than fit into memory"
