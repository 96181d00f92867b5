"""Numbers and labels as one text."""

from __future__ import annotations

import pytest

from archspec.data.columns import labels_in, labels_written, numbers, written


def test_numbers_come_back() -> None:
    assert written([7, -1, 1 << 62]) == "7 -1 4611686018427387904"
    assert numbers(["7", "-1", "4611686018427387904"]).tolist() == [7, -1, 1 << 62]


@pytest.mark.parametrize("word", ["x", "1.5", "", "9" * 5000])
def test_what_is_no_number(word: str) -> None:
    with pytest.raises(ValueError):
        numbers(["1", word])


def test_a_number_that_64_bits_do_not_hold() -> None:
    with pytest.raises(OverflowError):
        numbers(["99999999999999999999"])


def test_labels_come_back() -> None:
    assert labels_written([[0], [], [1, 2]]) == "0 - 1,2"
    assert labels_in("0 - 1,2") == [["0"], [], ["1", "2"]]
