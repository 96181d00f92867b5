"""Every protocol that ships on ten photographs, against crops and means that NumPy and Pillow make as papers and code say them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from matplotlib.cbook import get_sample_data
from PIL import Image
from sklearn.datasets import load_sample_image

from archspec.data.names import Names
from archspec.data.source import BYTE, Split, in_memory
from archspec.evaluate.evaluation import Evaluated
from archspec.evaluate.seeing import Seeing
from archspec.preprocess.rule import preprocess_of
from archspec.spec.preprocess import PreprocessKeys
from archspec.spec.protocol import load_protocol, protocol_names
from archspec.spec.recipe import Recipe

SIZE = 32
NETWORK = preprocess_of(Recipe(preprocess=PreprocessKeys(interpolation="bilinear")), (SIZE, SIZE, 3))
"""How the network has it where a protocol says nothing: scaled with the mean of what falls together, halves rounded down."""
SHAPES = ((64, 64), (97, 64), (64, 97), (41, 160), (160, 41), (33, 35), (20, 20), (7, 90), (90, 7), (200, 133))
ODD = ((1, 1), (3, 500), (500, 3), (31, 33), (2, 1))
"""(height, width): landscape, portrait, square, odd, smaller than the input; and what no camera makes."""
CLOSE = 0.01
"""Levels by which sums in float32 may part before they are rounded."""
CLASSES = 7


@cache
def photographs() -> list[np.ndarray]:
    """Ten pieces of three photographs, (h, w, 3) uint8."""
    with get_sample_data("grace_hopper.jpg") as file:
        whole = [load_sample_image("china.jpg"), load_sample_image("flower.jpg"), np.asarray(Image.open(file))]
    return [piece(whole[number % 3], shape) for number, shape in enumerate(SHAPES)]


def piece(photograph: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """A part of a photograph at a half of its size or less, of a shape."""
    most = min(photograph.shape[0] // shape[0], photograph.shape[1] // shape[1], 4)
    return photograph[10:10 + most * shape[0]:most, 5:5 + most * shape[1]:most][:shape[0], :shape[1]].copy()


def noise(shape: tuple[int, int]) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)


# -- the reference -------------------------------------------------------------------------------------------------------

def triangle(x: np.ndarray) -> np.ndarray:
    return np.maximum(0, 1 - np.abs(x))


def keys(x: np.ndarray) -> np.ndarray:
    """Of Keys's cubic with a = -0.5, Pillow's."""
    x = np.abs(x)
    return np.where(x < 1, 1.5 * x**3 - 2.5 * x**2 + 1, np.where(x < 2, -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2, 0))


def weights(old: int, new: int, kernel: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """(new, old): how much of each pixel there is in each new one; the kernel is as wide as what falls together."""
    wide = max(1.0, old / new)
    found = kernel((np.arange(old) + 0.5 - (np.arange(new)[:, None] + 0.5) * old / new) / wide)
    return found / found.sum(axis=1, keepdims=True)


def scaled(image: np.ndarray, rows: int, columns: int, kernel: Callable[[np.ndarray], np.ndarray] | None) -> np.ndarray:
    """In double precision, not yet rounded to levels; without a kernel the nearest pixel."""
    if kernel is None:
        return np.asarray(Image.fromarray(image).resize((columns, rows), Image.Resampling.NEAREST), np.float64)
    return np.asarray(np.einsum("ij,jkc,lk->ilc", weights(len(image), rows, kernel), image, weights(image.shape[1], columns, kernel),
                                optimize=True)).clip(0, 255)


@dataclass(frozen=True)
class Said:
    """A protocol as its source has it, for an input of 224 pixels, or of `input`."""

    sizes: Sequence[int]
    crops: Sequence[str] = ("centre",)
    mirrored: bool = False
    frame: str = "image"
    input: int = 224
    kernel: Callable[[np.ndarray], np.ndarray] | None = triangle
    half: Callable[[float], int] = math.floor
    whole: Callable[[float], int] = round
    extra: Sequence[int] = field(default=())

    def sides(self) -> list[int]:
        return [self.whole(Fraction(SIZE * size, self.input)) for size in self.sizes]


CORNERS = ("top left", "top right", "bottom left", "bottom right")
TEN, SIX = (*CORNERS, "centre"), (*CORNERS, "centre", "whole")
GRID = tuple(f"{row} {column}" for row in range(5) for column in range(5))
LIBRARY = {"half": round, "whole": math.floor}
"""torchvision and timm: sides cut to whole numbers, halves rounded to even ones."""
SAID = {
    "resnet-1": Said([256]), "resnet-10": Said([256], TEN, True),
    "resnet-10-logits": Said([256], ("centre", *CORNERS), True, kernel=keys, half=math.ceil),
    "inception-12": Said([320], SIX, True, "square", 299), "googlenet-144": Said([256, 288, 320, 352], SIX, True, "squares"),
    "inception-144": Said([320, 352, 384, 416], SIX, True, "squares", 299), "vgg-multi-crop": Said([256, 384, 512], GRID, True),
    "torchvision-v1": Said([256], **LIBRARY), "torchvision-v2": Said([232], **LIBRARY),
    "timm-875": Said([256], kernel=keys, **LIBRARY), "timm-950": Said([224], kernel=keys, **LIBRARY, extra=[math.floor(SIZE / 0.95)]),
    "keras": Said([224], ("whole",), kernel=None),
    "vgg-dense": Said([256], ("all",), True), "vgg-dense-multiscale": Said([256, 384, 512], ("all",), True),
    "resnet-multiscale": Said([224, 256, 384, 480, 640], ("all",)),
}
DENSE = {name for name, said in SAID.items() if said.crops == ("all",)}
COUNTS = {"resnet-10": 10, "resnet-10-logits": 10, "inception-12": 12, "googlenet-144": 144, "inception-144": 144,
          "vgg-multi-crop": 150, "vgg-dense": 2, "vgg-dense-multiscale": 6, "resnet-multiscale": 5}


def by_hand(said: Said, image: np.ndarray) -> Iterator[np.ndarray]:
    """The parts in order: of each size those of the image, then those of its mirror image."""
    for side in said.extra or said.sides():
        for turned in [image, image[:, ::-1]] if said.mirrored else [image]:
            for frame in frames(said, turned):
                yield from parts(said, frame, side)


def frames(said: Said, image: np.ndarray) -> Iterator[np.ndarray]:
    if said.frame != "squares":
        yield image
        return
    least = min(image.shape[:2])
    for share in (Fraction(0), Fraction(1, 2), Fraction(1)):
        top, left = (math.floor((side - least) * share) for side in image.shape[:2])
        yield image[top:top + least, left:left + least]


def parts(said: Said, frame: np.ndarray, side: int) -> Iterator[np.ndarray]:
    height, width = frame.shape[:2]
    least = min(height, width)
    rows, columns = (side, side) if said.frame != "image" else (
        side if each == least else max(side, said.whole(Fraction(each * side, least))) for each in (height, width))
    large = scaled(frame, rows, columns, said.kernel) if said.crops != ("whole",) else frame
    down, across = rows - SIZE, columns - SIZE
    places = {"centre": (said.half(Fraction(down, 2)), said.half(Fraction(across, 2))), "top left": (0, 0), "top right": (0, across),
              "bottom left": (down, 0), "bottom right": (down, across)}
    places |= {f"{row} {column}": (round(down * row / 4), round(across * column / 4)) for row in range(5) for column in range(5)}
    for crop in said.crops:
        if crop == "all":
            yield large
        elif crop == "whole":
            yield scaled(frame, SIZE, SIZE, said.kernel)
        else:
            top, left = places[crop]
            yield large[top:top + SIZE, left:left + SIZE]


# -- ours ----------------------------------------------------------------------------------------------------------------

def split(images: Sequence[np.ndarray]) -> Split:
    whole = in_memory("photos", np.zeros(len(images), np.int32), Names.of(b"%d" % number for number in range(len(images))),
                      np.zeros((len(images), 1, 1, 3), np.uint8), BYTE)
    return replace(whole, item=lambda index: images[index], dimensions=None)


class Asked:
    """A network that remembers what it was asked, and says what a linear one would, in float32."""

    def __init__(self) -> None:
        self.pixels: list[np.ndarray] = []
        self.kernel = np.random.default_rng(1).normal(0, 0.002, (SIZE * SIZE * 3, CLASSES))

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        assert len(pixels) <= 64
        self.pixels.append(pixels)
        return self.probabilities(pixels).astype(np.float32)

    def probabilities(self, pixels: np.ndarray) -> np.ndarray:
        logits = pixels.reshape(len(pixels), -1).astype(np.float64) @ self.kernel
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def evaluated(name: str, images: Sequence[np.ndarray], run: Asked) -> Evaluated:
    model: Any = SimpleNamespace(called="asked", classes=[*"abcdefg"], rule=NETWORK, run=run, facts={"several": False},
                                 precision="float32", spec=None, artifact=None, devices=(None,))
    return Evaluated(model, load_protocol(name), name, split(images), Recipe())


def test_all_that_ship_are_held_against_their_sources() -> None:
    assert sorted(SAID) == protocol_names()


@pytest.mark.parametrize("name", sorted(set(SAID) - DENSE))
def test_crops_and_means_on_ten_photographs(name: str) -> None:
    """Crops are those of the reference, rounded to levels; of those the means are taken in double precision."""
    images, run = [*photographs(), *map(noise, ODD)], Asked()
    ours = evaluated(name, images, run)
    said = np.concatenate(list(ours.groups(min(4, ours.together))))
    expected = np.stack([np.stack(list(by_hand(SAID[name], image))) for image in images])
    count = COUNTS.get(name, 1)
    assert expected.shape[1] == count
    seen = np.concatenate(run.pixels).reshape(expected.shape)
    assert np.abs(seen - expected).max() <= 0.5 + CLOSE
    found = run.probabilities(seen.reshape(-1, SIZE, SIZE, 3)).reshape(len(images), count, CLASSES)
    mean = np.log(found).mean(axis=1) if name == "resnet-10-logits" else np.log(found.mean(axis=1))
    by = np.exp(mean) / np.exp(mean).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(said, by, atol=1e-6)


@pytest.mark.parametrize("name", sorted(DENSE))
def test_whole_images_on_ten_photographs(name: str) -> None:
    images = [*photographs(), *map(noise, ODD[:1] + ODD[3:])]
    ours = evaluated(name, images, Asked())
    found = [one for group in Seeing(ours.split, ours.rule, ours.protocol).wholes(4) for one in group]
    for image, seen in zip(images, found, strict=True):
        expected = list(by_hand(SAID[name], image))
        assert len(seen) == len(expected) == COUNTS[name]
        for ones, others in zip(seen, expected, strict=True):
            assert np.abs(ones - others).max() <= 0.5 + CLOSE


@pytest.mark.parametrize("name", ["resnet-10", "resnet-10-logits", "vgg-multi-crop"])
def test_what_is_cut_out_of_the_whole_is_what_is_scaled_alone(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = evaluated(name, photographs(), Asked())
    seeing = Seeing(ours.split, ours.rule, ours.protocol)
    together = [seeing.parts(index) for index in range(len(SHAPES))]
    monkeypatch.setattr(Seeing, "_of_frame", lambda self, image, frame, cuts: (self._scaled(image, cut, self.rule) for cut in cuts))
    for index, parts_of in enumerate(together):
        alone = seeing.parts(index)
        off = np.abs(parts_of.astype(int) - alone)
        assert off.max() <= 1
        assert (off > 0).mean() < 0.01  # where half a level is rounded


def test_they_are_the_pixels_of_pillow_but_for_its_rounding_between_two_passes() -> None:
    image = photographs()[9]
    pillow = Image.fromarray(image).resize((SIZE + 5, SIZE + 23), Image.Resampling.BILINEAR)
    assert np.abs(scaled(image, SIZE + 23, SIZE + 5, triangle) - np.asarray(pillow)).max() <= 1.5
