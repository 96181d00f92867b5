"""The grid: where images stand in it, how large they are, and of more channels which are shown."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from archspec.train.reporting.picture.examples import Example
from archspec.train.reporting.picture.sheet import BESIDE, GAP, LINE, MARGIN, Sheet, in_colours

RED, BLUE = (250, 0, 0), (0, 0, 250)
"""Of what evaluation sees, and of what is trained on."""


def example(height: int = 8, width: int = 8, channels: int = 3, label: int = 0) -> Example:
    still, trained = (np.broadcast_to(np.resize(colour, channels), (height, width, channels)).astype(np.float32) for colour in (RED, BLUE))
    return Example("a/1.jpg", {label: 1.0}, still, {label: 0.7, 1: 0.3}, trained)


def sheet(*examples: Example) -> Sheet:
    return Sheet("net: epoch 1", ["flip", "mixup"], ["cat", "dog", "花", "x" * 300], examples)


def squares(image: Image.Image, colour: tuple[int, int, int]) -> np.ndarray:
    """Top, left, bottom, right of all pixels of a colour."""
    places = np.argwhere((np.asarray(image) == colour).all(axis=2))
    return np.array([*places.min(axis=0), *(places.max(axis=0) + 1)])


@pytest.mark.parametrize(("size", "drawn"), [((8, 8), (112, 112)), ((32, 32), (128, 128)), ((96, 96), (192, 192)), ((224, 224), (224, 224)),
                                             ((299, 598), (112, 224)), ((20, 30), (80, 120)), ((1000, 1), (224, 1))])
def test_sizes(size: tuple[int, int], drawn: tuple[int, int]) -> None:
    found = sheet(example(*size)).draw()
    for colour in (RED, BLUE):
        top, left, bottom, right = squares(found, colour)
        assert (bottom - top, right - left) == drawn


def test_a_pair_stands_beside_each_other() -> None:
    found = sheet(example()).draw()
    still, trained = squares(found, RED), squares(found, BLUE)
    assert (still[1], trained[1]) == (MARGIN, MARGIN + 112 + BESIDE)
    assert still[0] == trained[0]


def test_rows_are_as_high_as_their_text() -> None:
    """A mixed label of a long name takes a second line, in every row."""
    one, two = (Sheet("net", ["flip"], ["cat", "dog", "", "x" * 300], [example(label=label)] * 12).draw() for label in (0, 3))
    assert (one.width, two.height - one.height) == (two.width, 2 * LINE)


@pytest.mark.parametrize(("count", "columns", "rows"), [(1, 1, 1), (4, 4, 1), (5, 3, 2), (24, 4, 6)])
def test_columns(count: int, columns: int, rows: int) -> None:
    found = np.asarray(sheet(*[example(224, 224)] * count).draw())
    edges = np.diff((found == RED).all(axis=2).astype(int), axis=1)
    assert (edges == 1).sum(axis=1).max() == columns
    assert (np.diff((found == RED).all(axis=2).any(axis=1).astype(int)) == 1).sum() == rows


def test_text_does_not_leave_the_picture() -> None:
    found = np.asarray(sheet(example(label=3), example(label=2)).draw())
    assert (found[:, -MARGIN:] == 255).all()
    assert (found[-MARGIN + GAP:] == 255).all()
    assert not (found[:, MARGIN:-MARGIN] == 255).all()


@pytest.mark.parametrize(("channels", "shown"), [(1, [0, 0, 0]), (2, [0, 0, 0]), (3, [0, 40, 80]), (4, [0, 40, 80]), (12, [0, 40, 80])])
def test_channels(channels: int, shown: list[int]) -> None:
    pixels = np.broadcast_to(np.arange(channels, dtype=np.float32) * 40, (2, 2, channels))
    assert in_colours(pixels)[0, 0].tolist() == shown


def test_what_is_beyond_black_and_white_is_cut_off() -> None:
    assert in_colours(np.array([[[-5.0, 254.6, 300.0]]]))[0, 0].tolist() == [0, 255, 255]


@pytest.mark.parametrize(("channels", "more"), [(1, 0), (2, 1), (3, 0), (8, 1)])
def test_which_channels_are_shown_is_said(channels: int, more: int) -> None:
    found = sheet(example(channels=channels)).draw()
    assert found.height - sheet(example()).draw().height == more * LINE
