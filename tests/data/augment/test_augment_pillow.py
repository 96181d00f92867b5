"""Each operation of the policies against Pillow's own calls, as torchvision and timm make them: not a bit differs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps
from sklearn.datasets import load_sample_image

from archspec.data.augment import enhance
from archspec.data.augment.dialects import OPERATIONS, Canvas
from archspec.data.augment.geometry import METHODS

PHOTO = np.ascontiguousarray(load_sample_image("china.jpg")[100:164, 200:296])
DARK = PHOTO // 3 + 20
NOISE = np.random.default_rng(0).integers(0, 256, (31, 40, 3), dtype=np.uint8)
FLAT = np.full((9, 8, 3), 77, np.uint8)
TWO = np.where(np.arange(900).reshape(30, 30, 1) % 7 == 0, 255, 3).astype(np.uint8).repeat(3, axis=2)
IMAGES = [PHOTO, DARK, NOISE, FLAT, TWO, PHOTO[:2, :2], PHOTO[:1, :5]]
COLOUR = np.array([10.0, 20.0, 30.0])
CANVAS = Canvas(COLOUR, METHODS["nearest"], (0.5, 0.5))
By = Callable[[Image.Image, float], Image.Image]


def added(image: Image.Image, amount: float) -> Image.Image:
    return image.point([min(255, level + int(amount)) if level < 128 else level for level in range(256)] * len(image.getbands()))


PILLOW: dict[str, tuple[By, list[float]]] = {
    "identity": (lambda image, _: image, [0]),
    "autocontrast": (lambda image, _: ImageOps.autocontrast(image), [0]),
    "equalize": (lambda image, _: ImageOps.equalize(image), [0]),
    "invert": (lambda image, _: ImageOps.invert(image), [0]),
    "posterize": (lambda image, bits: ImageOps.posterize(image, int(bits)), [1, 4, 7, 8]),
    "solarize": (lambda image, threshold: ImageOps.solarize(image, threshold), [0, 93.5, 128, 255, 256]),  # type: ignore[arg-type]
    "solarize_add": (added, [0, 44, 110]),
    "brightness": (lambda image, factor: ImageEnhance.Brightness(image).enhance(factor), [0.1, 0.73, 1, 1.9]),
    "colour": (lambda image, factor: ImageEnhance.Color(image).enhance(factor), [0, 0.1, 0.73, 1, 1.9]),
    "contrast": (lambda image, factor: ImageEnhance.Contrast(image).enhance(factor), [0, 0.1, 0.73, 1, 1.9]),
    "sharpness": (lambda image, factor: ImageEnhance.Sharpness(image).enhance(factor), [0, 0.1, 0.73, 1, 1.9]),
}
MOVED: dict[str, Callable[[float], tuple[float, ...]]] = {
    "shear_x": lambda part: (1, part, 0, 0, 1, 0), "shear_y": lambda part: (1, 0, 0, part, 1, 0),
    "translate_x": lambda pixels: (1, 0, pixels, 0, 1, 0), "translate_y": lambda pixels: (1, 0, 0, 0, 1, pixels)}


def coloured(image: np.ndarray) -> float | tuple[int, ...]:
    return (10, 20, 30) if image.ndim == 3 else 10


@pytest.mark.parametrize(("name", "amount"), [(name, amount) for name, (_, amounts) in PILLOW.items() for amount in amounts])
def test_pixels(name: str, amount: float) -> None:
    for image in IMAGES:
        assert np.array_equal(OPERATIONS[name](image, amount, CANVAS), np.asarray(PILLOW[name][0](Image.fromarray(image), amount)))
        grey = np.ascontiguousarray(image[..., 1])
        assert np.array_equal(OPERATIONS[name](grey[..., None], amount, CANVAS)[..., 0],
                              np.asarray(PILLOW[name][0](Image.fromarray(grey), amount)))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", [*MOVED, "rotate"])
@pytest.mark.parametrize("amount", [0.3, -0.27, 14.4])
def test_places(name: str, amount: float, method: str) -> None:
    canvas = CANVAS._replace(method=METHODS[method])
    for image in IMAGES:
        for each in (image, np.ascontiguousarray(image[..., 1])):
            picture, colour = Image.fromarray(each), coloured(each)
            expected = picture.rotate(amount, METHODS[method], fillcolor=colour) if name == "rotate" else picture.transform(
                picture.size, Image.Transform.AFFINE, MOVED[name](amount), METHODS[method], fillcolor=colour)
            found = OPERATIONS[name](each if each.ndim == 3 else each[..., None], amount, canvas)
            assert np.array_equal(found.reshape(each.shape), np.asarray(expected))


def test_every_operation_is_compared() -> None:
    assert {*PILLOW, *MOVED, "rotate", "flat_contrast", "cutout"} == OPERATIONS.keys()


@pytest.mark.parametrize(("name", "amount"), [(name, amounts[-1]) for name, (_, amounts) in PILLOW.items()]
                         + [("shear_x", 0.3), ("translate_y", 5.0), ("rotate", 20.0), ("flat_contrast", 0.4), ("cutout", 7.0)])
def test_floats_are_what_eight_bits_are(name: str, amount: float) -> None:
    for method in METHODS.values():
        for image in (PHOTO, PHOTO[..., :1]):
            canvas = CANVAS._replace(method=method, colour=COLOUR[:image.shape[2]])
            expected = OPERATIONS[name](image, amount, canvas)
            found = OPERATIONS[name](image.astype(np.float32), amount, canvas)
            assert found.dtype == np.float32
            assert found.shape == image.shape
            assert np.abs(found - expected.astype(np.float32)).max() < 1.6  # cut off, and amplified by what is cut off before


def test_floats_keep_what_lies_between_levels() -> None:
    fine = np.linspace(10, 11, 64, dtype=np.float32).reshape(8, 8, 1)
    stretched = enhance.autocontrast(fine)
    assert (stretched.min(), stretched.max()) == (0, pytest.approx(255, abs=1e-2))
    assert len(np.unique(enhance.brightness(fine, 1.5))) == 64


def test_without_bits_all_is_black() -> None:
    assert not OPERATIONS["posterize"](PHOTO, 0, CANVAS).any()
    assert not OPERATIONS["posterize"](PHOTO.astype(np.float32), 0, CANVAS).any()


def test_contrast_of_tpu_goes_to_a_256th_of_the_number_of_pixels() -> None:
    assert enhance.flat_contrast(PHOTO, 0.0)[0, 0].tolist() == [24, 24, 24]  # 64 * 96 / 256
    assert enhance.flat_contrast(np.zeros((300, 300, 3), np.uint8), 0.0)[0, 0].tolist() == [255, 255, 255]


@pytest.mark.parametrize(("place", "rows", "columns"), [
    ((0.5, 0.5), (22, 42), (38, 58)), ((0.0, 0.999), (0, 10), (85, 96)), ((0.999, 0.0), (53, 64), (0, 10))])
def test_cutout(place: tuple[float, float], rows: tuple[int, int], columns: tuple[int, int]) -> None:
    expected = PHOTO.copy()
    expected[slice(*rows), slice(*columns)] = (10, 20, 30)
    assert np.array_equal(OPERATIONS["cutout"](PHOTO, 10, CANVAS._replace(place=place)), expected)
    assert np.array_equal(OPERATIONS["cutout"](PHOTO, 0, CANVAS), PHOTO)
