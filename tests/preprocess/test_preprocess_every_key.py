"""Every key of `preprocess` changes what the network sees of some image. The declarations are walked: a new key needs a row."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from archspec.preprocess.decoding import decode
from archspec.preprocess.pixels import fit, normalize
from archspec.preprocess.rule import preprocess_of
from archspec.spec.data import Folder
from archspec.spec.preprocess import PRESETS, RESIZES, AsIs, Cover, Fraction, PreprocessKeys, Shorter, Squash
from archspec.spec.recipe import Recipe

SHAPE = (16, 16, 3)
SIZES = [(77, 100), (61, 39), (30, 45), (33, 33)]
OTHERS: dict[str, PreprocessKeys] = {
    "preset": PreprocessKeys(preset="timm"), "resize": PreprocessKeys(resize=Squash()), "offset": PreprocessKeys(offset="ceil"),
    "interpolation": PreprocessKeys(interpolation="bicubic"), "antialias": PreprocessKeys(antialias=False),
    "origin": PreprocessKeys(origin="corner"), "decoder": PreprocessKeys(decoder="fast"), "order": PreprocessKeys(order="bgr"),
    "mean": PreprocessKeys(mean=(100.0,)), "std": PreprocessKeys(std=(100.0,))}
BESIDE = {"origin": PreprocessKeys(antialias=False)}
"""What a key is compared with where that is not all defaults; it holds beside the key as well."""
RESIZED = {("shorter", "pixels"): (Shorter(pixels=20), Shorter(pixels=25)), ("shorter", "longer"): (
    Shorter(pixels=20), Shorter(pixels=20, longer="floor")), ("cover", "margin"): (Cover(margin=1.1), Cover(margin=1.5)),
    ("cover", "longer"): (Cover(margin=1.3), Cover(margin=1.3, longer="floor")),
    ("fraction", "share"): (Fraction(), Fraction(share=0.5)), ("fraction", "of"): (Fraction(), Fraction(of="sides"))}


def photograph(height: int, width: int) -> bytes:
    file = io.BytesIO()
    pixels = np.random.default_rng(height).integers(0, 256, (height // 3, width // 3, 3), dtype=np.uint8)
    Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC).save(file, "JPEG", quality=60)
    return file.getvalue()


def seen(keys: PreprocessKeys) -> list[bytes]:
    """What the network gets of images of several sizes."""
    rule = preprocess_of(Recipe(data=Folder(path="x"), preprocess=keys), SHAPE)
    return [normalize(fit(decode(photograph(*size), rule), rule), rule).numpy().tobytes() for size in SIZES]


def test_every_key_has_a_row() -> None:
    assert PreprocessKeys.declared.keys() == OTHERS.keys()
    assert {(section.word, name) for section in RESIZES.sections for name in section.declared} == RESIZED.keys()


@pytest.mark.parametrize("name", PreprocessKeys.declared)
def test_a_key_acts(name: str) -> None:
    beside = BESIDE.get(name, PreprocessKeys())
    assert seen(beside) != seen(replace(beside, **{name: getattr(OTHERS[name], name)}))


@pytest.mark.parametrize("name", RESIZED)
def test_a_key_of_resize_acts(name: tuple[str, str]) -> None:
    before, after = (seen(PreprocessKeys(resize=each)) for each in RESIZED[name])
    assert before != after


def test_every_resize_and_every_preset_is_another() -> None:
    found = [seen(PreprocessKeys(resize=each)) for each in (Shorter(pixels=20), Cover(margin=1.5), Fraction(), Squash(), AsIs())]
    assert all(one != other for index, one in enumerate(found) for other in found[:index])
    presets = [seen(PreprocessKeys(preset=each)) for each in ("none", *PRESETS)]
    assert all(one != other for index, one in enumerate(presets) for other in presets[:index])
