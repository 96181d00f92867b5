"""What a protocol shows of an image, against Pillow: the same crops to the pixel, on images of all shapes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps
from sklearn.datasets import load_sample_image

from archspec.data.names import Names
from archspec.data.source import BYTE, Split, in_memory
from archspec.errors import InputError, SpecError
from archspec.evaluate.seeing import Seeing
from archspec.evaluate.views import refuse_sizes, rule_of, views
from archspec.preprocess.rule import Preprocess, preprocess_of
from archspec.spec.preprocess import AsIs, PreprocessKeys
from archspec.spec.protocol import Geometry, Protocol, Side, load_protocol, protocol_names
from archspec.spec.recipe import Recipe

SIZE = 32
PHOTO = Image.fromarray(load_sample_image("china.jpg"))
SHAPES = [(64, 64), (97, 64), (64, 97), (41, 160), (160, 41), (33, 35), (20, 20), (7, 90), (90, 7), (200, 133)]
"""Ten photographs, (height, width): landscape, portrait, square, odd, and smaller than the input."""
FEWER = {"resnet-1": 1, "resnet-10": 10, "resnet-10-logits": 10, "inception-12": 12, "googlenet-144": 144, "inception-144": 144,
         "vgg-multi-crop": 150, "torchvision-v1": 1, "torchvision-v2": 1, "timm-875": 1, "timm-950": 1, "keras": 1,
         "vgg-dense": 2, "vgg-dense-multiscale": 6, "resnet-multiscale": 5}


def rule() -> Preprocess:
    return preprocess_of(Recipe(preprocess=PreprocessKeys(resize=AsIs(), interpolation="bilinear")), (SIZE, SIZE, 3))


def photo(shape: tuple[int, int]) -> Image.Image:
    return PHOTO.crop((30, 20, 30 + 3 * shape[1], 20 + 3 * shape[0])).resize((shape[1], shape[0]))


def split(images: list[Image.Image]) -> Split:
    arrays = [np.asarray(image) for image in images]
    whole = in_memory("photos", np.zeros(len(arrays), np.int32), Names.of(f"{i}".encode() for i in range(len(arrays))),
                      np.zeros((len(arrays), 1, 1, 3), np.uint8), BYTE)
    return replace(whole, item=lambda index: arrays[index], dimensions=None)


def test_crops_that_are_not_scaled_are_the_pixels_themselves() -> None:
    image = photo((64, 101))
    (seen,) = Seeing(split([image]), rule(), Protocol(sizes=(Side(64),), crops=("corners", "centre"), mirrored=True)).groups(1)
    upright, mirrored = np.asarray(image), np.asarray(ImageOps.mirror(image))
    places = [(0, 0), (0, 69), (32, 0), (32, 69), (16, 34)]
    np.testing.assert_array_equal(seen[0], [each[top:top + SIZE, left:left + SIZE] for each in (upright, mirrored) for top, left in places])


def test_an_image_that_cannot_be_read_is_named() -> None:
    broken = replace(split([photo((64, 64))] * 3), encoded=True, item=lambda index: b"no image")
    with pytest.raises(InputError, match=r"^0: cannot be read as an image"):
        list(Seeing(broken, rule(), load_protocol("resnet-10")).groups(2))


def test_an_image_too_small_for_what_is_not_scaled_is_named() -> None:
    protocol = Protocol(mirrored=True)
    with pytest.raises(InputError, match=r"0: cannot be read as an image .20x20 pixels"):
        list(Seeing(split([photo((20, 20))]), rule(), protocol).groups(1))


def test_the_size_has_to_hold_the_input() -> None:
    with pytest.raises(InputError, match="an image of 31 pixels, and the input is 32x32\n  hint: --sizes 32"):
        refuse_sizes(Protocol(sizes=(Side(31),)), rule())
    refuse_sizes(Protocol(sizes=(Side(31),), crops=("whole",)), rule())


def test_a_way_to_scale_that_there_is_not_is_refused() -> None:
    corner = replace(rule(), antialias=False, origin="corner")
    with pytest.raises(InputError, match="origin: corner has no antialias"):
        rule_of(Protocol(preprocess=Geometry(antialias=True)), corner)
    for name in protocol_names():
        rule_of(load_protocol(name), corner)


def test_of_a_mirrored_image_the_middle_is_its_own() -> None:
    """Half a pixel is rounded on the other side: the mirror image of the middle would be another part."""
    upright, mirrored = views(Protocol(sizes=(Side(33),), mirrored=True), rule(), 33, 33)
    assert (upright.window.cut_left, mirrored.window.cut_left) == (0, 1)


@pytest.mark.parametrize(("text", "message"), [
    ("", "the file is empty\n  hint: protocol is a mapping of keys"),
    ("sizes: 0", "protocol.sizes needs a whole number of pixels"),
    ("sizes: [256, 256]", "twice"),
    ("crop: centre", "protocol has no key 'crop'"),
    ("grid: 3", "grid is of images scaled to sizes"),
    ("sizes: 256\ngrid: 1", "a grid of one row is the centre"),
    ("sizes: 256\ngrid: 3\ncrops: corners", "both say what is cut out"),
    ("sizes: 256\ndense: true\ncrops: corners", "all of an image is seen at once"),
    ("sizes: 256\npreprocess: {resize: squash}", "both say how large"),
    ("average: geometric", "protocol.average"),
])
def test_a_protocol_that_says_nothing_is_told_with_its_place(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(SpecError) as caught:
        load_protocol(str(path))
    assert message in str(caught.value)
    assert "mine.yaml:" in str(caught.value)


def test_a_protocol_that_there_is_not_is_told_with_the_nearest() -> None:
    with pytest.raises(InputError, match="no protocol 'resnet10'\n  hint: did you mean 'resnet-10'"):
        load_protocol("resnet10")


def test_counts_of_what_ships_are_those_of_the_papers() -> None:
    assert {name: load_protocol(name).count for name in protocol_names()} == FEWER
    for name in protocol_names():
        protocol = load_protocol(name)
        for height, width in SHAPES[:-4]:
            assert len(views(protocol, rule_of(protocol, rule()), height, width)) == protocol.count
        assert protocol.source
        assert protocol.description
