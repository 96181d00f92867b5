"""TIFF beyond what Pillow reads: channels, bits, floats, pages; and what hostile ones cost."""

from __future__ import annotations

import io
import lzma
import re
import struct
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from archspec.preprocess import tiff
from archspec.preprocess.check import look
from archspec.preprocess.decoding import decode
from archspec.preprocess.header import ORIENTATION, NoImage
from archspec.preprocess.rule import Preprocess, preprocess_of
from archspec.spec.recipe import Recipe

DRAW = np.random.default_rng(0)


def rule(channels: int) -> Preprocess:
    return preprocess_of(Recipe(), (8, 8, channels))


def noise(*shape: int, kind: str = "u1") -> np.ndarray:
    return DRAW.integers(0, np.iinfo(kind).max + 1, shape).astype(kind) if kind[0] == "u" else DRAW.random(shape).astype(kind)


def encoded(pixels: np.ndarray, **keys: Any) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, pixels, **keys)
    return file.getvalue()


BANDS: dict[str, Any] = {"photometric": "minisblack", "planarconfig": "contig"}


@pytest.mark.parametrize("kind", ["u1", "u2", "f4"])
@pytest.mark.parametrize("channels", [2, 4, 5, 12])
@pytest.mark.parametrize("keys", [{}, {"compression": "zlib"}, {"tile": (16, 16)}, {"bigtiff": True}, {"byteorder": ">"}])
def test_any_number_of_channels(kind: str, channels: int, keys: dict[str, Any]) -> None:
    pixels = noise(20, 30, channels, kind=kind)
    found = decode(encoded(pixels, **BANDS, **keys), rule(channels), deep=True)
    assert found.dtype == pixels.dtype
    assert (found == pixels).all()


def test_planes_one_after_another_and_pages() -> None:
    pixels = noise(6, 20, 30, kind="u2")
    for keys in ({"photometric": "minisblack", "planarconfig": "separate"}, {"photometric": "minisblack"}):
        assert (decode(encoded(pixels, **keys), rule(6), deep=True) == np.moveaxis(pixels, 0, -1)).all()


def test_an_array_that_was_written_without_a_word_about_its_channels(tmp_path: Path) -> None:
    pixels = noise(20, 30, 12, kind="u2")
    assert (decode(encoded(pixels), rule(12), deep=True) == pixels).all()
    assert looked(tmp_path, encoded(pixels)) == ("", 20, 30, "TIFF", "12 channels, 16 bit", 1)
    with pytest.raises(NoImage, match=re.escape("12 channel(s); the network's input has 3 (input: HEIGHTxWIDTHx12 reads it)")):
        decode(encoded(pixels), rule(3))
    torn = encoded(pixels).replace(b'"shape": [20,', b'"shape": [21,')
    with pytest.raises(NoImage, match=re.escape("1 channel, and 20 page(s); its description says 21 rows")):
        decode(torn, rule(12), deep=True)


def test_of_several_pages_the_first_where_the_input_is_a_colour_image() -> None:
    pixels = noise(3, 20, 30)
    assert (decode(encoded(pixels, photometric="minisblack"), rule(3)) == pixels[0][..., None]).all()


def test_eight_bits_are_the_upper_ones() -> None:
    pixels = noise(20, 30, 6, kind="u2")
    found = decode(encoded(pixels, **BANDS), rule(6))
    assert found.dtype == np.uint8
    assert (found == pixels >> 8).all()
    with pytest.raises(NoImage) as error:
        decode(encoded(noise(20, 30, 6, kind="f4"), **BANDS), rule(6))
    assert str(error.value) == "32 bits a pixel; 8 or 16 are read, or train.data.white says which value is white"


def test_all_of_sixteen_bits() -> None:
    grey, colour = noise(20, 30, kind="u2"), noise(20, 30, 3, kind="u2")
    assert (decode(encoded(grey), rule(1), deep=True)[..., 0] == grey).all()
    assert (decode(encoded(grey), rule(3), deep=True) == grey[..., None]).all()
    assert (decode(encoded(colour, photometric="rgb"), rule(3), deep=True) == colour).all()
    assert (decode(encoded(colour, photometric="rgb"), rule(3)) == colour >> 8).all()
    assert (decode(encoded(noise(9, 9, 3, kind="u1"), photometric="rgb"), rule(3), deep=True)).dtype == np.uint8


@pytest.mark.parametrize("form", ["PNG", "TIFF", "PPM", "JPEG2000"])
def test_sixteen_bits_of_grey_in_other_files(form: str) -> None:
    grey = noise(20, 30, kind="u2")
    file = io.BytesIO()
    Image.fromarray(grey).save(file, form)
    for channels in (1, 3):
        found = decode(file.getvalue(), rule(channels), deep=True)
        assert (found.dtype, found.shape) == (np.uint16, (20, 30, channels))
        assert (found == grey[..., None]).all()
    assert (decode(file.getvalue(), rule(1))[..., 0] == grey >> 8).all()


def test_of_other_files_eight_bits() -> None:
    file = io.BytesIO()
    Image.fromarray(noise(20, 30, 3)).save(file, "JPEG")
    assert (decode(file.getvalue(), rule(3), deep=True) == decode(file.getvalue(), rule(3))).all()


def test_compressed_by_lzw_as_pillow_reads_it() -> None:
    grey = noise(20, 30, kind="u2")
    file = io.BytesIO()
    Image.fromarray(grey).save(file, "TIFF", compression="tiff_lzw")
    assert (decode(file.getvalue(), rule(1), deep=True)[..., 0] == grey).all()


def test_white_that_is_zero_is_turned() -> None:
    grey = noise(20, 30, kind="u2")
    assert (decode(encoded(grey, photometric="miniswhite"), rule(1), deep=True)[..., 0] == 65535 - grey).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_as_pillow_turns_it(orientation: int) -> None:
    pixels = noise(20, 30, 3)
    tag = [(ORIENTATION, "H", 1, orientation, True)]
    expected = decode(encoded(pixels, photometric="rgb", extratags=tag), rule(3))
    found = decode(encoded(np.repeat(pixels, 2, axis=-1), extratags=tag, **BANDS), rule(6))
    assert (found[..., ::2] == expected).all()


def test_transparent_is_white_and_colour_turns_grey() -> None:
    pixels = np.full((4, 5, 4), 65535, np.uint16)
    pixels[..., 1:3] = 0
    pixels[0, ..., 3] = 0
    data = encoded(pixels, photometric="rgb", extrasamples=["unassalpha"])
    found = decode(data, rule(3), deep=True)
    assert found[0, 0].tolist() == [65535] * 3
    assert found[1, 0].tolist() == [65535, 0, 0]
    assert decode(data, rule(1), deep=True)[1, 0].tolist() == [round(65535 * 0.299)]
    assert (decode(data, rule(4), deep=True) == pixels).all()


@pytest.mark.parametrize(("pixels", "keys", "channels", "said"), [
    (noise(9, 9, 5), BANDS, 6, "5 channel(s); the network's input has 6 (input: HEIGHTxWIDTHx5 reads it)"),
    (noise(9, 9, 5), BANDS, 3, "5 channel(s); the network's input has 3 (input: HEIGHTxWIDTHx5 reads it)"),
    (noise(9, 9), {}, 5, "1 channel, and 1 page(s); the network's input has 5 channels (input: HEIGHTxWIDTHx1 reads the first page)"),
    (noise(6, 9, 9), {"photometric": "minisblack"}, 5, "1 channel, and 6 page(s); the network's input has 5 channels (input: "
     "HEIGHTxWIDTHx6 reads all of them)"),
    (noise(9, 9, 3), {"photometric": "rgb"}, 6, "3 channel(s); the network's input has 6 (input: HEIGHTxWIDTHx3 reads it)"),
    (np.full((9, 9), -3, np.int16), {}, 1, "pixels from -3 on; 0 is black"),
    (np.full((9, 9, 5), np.nan, np.float32), BANDS, 5, "pixels that are no finite numbers")])
def test_what_cannot_be_made_of_it(pixels: np.ndarray, keys: dict[str, Any], channels: int, said: str) -> None:
    with pytest.raises(NoImage) as error:
        decode(encoded(pixels, **keys), rule(channels), deep=True)
    assert str(error.value) == said


def test_a_jpeg_has_no_six_channels() -> None:
    file = io.BytesIO()
    Image.fromarray(noise(20, 30, 3)).save(file, "JPEG")
    with pytest.raises(NoImage) as error:
        decode(file.getvalue(), rule(6))
    assert str(error.value) == "3 channel(s); the network's input has 6 (input: HEIGHTxWIDTHx3 reads it)"


def looked(tmp_path: Path, data: bytes) -> tuple[object, ...]:
    (tmp_path / "file.tif").write_bytes(data)
    with (tmp_path / "file.tif").open("rb") as file:
        found = look(file)
    return found.problem, found.height, found.width, found.kind, found.mode, found.orientation


def test_the_header_says_all_before_it_is_decoded(tmp_path: Path) -> None:
    data = encoded(noise(20, 30, 6, kind="u2"), extratags=[(ORIENTATION, "H", 1, 6, True)], **BANDS)
    assert looked(tmp_path, data) == ("", 30, 20, "TIFF", "6 channels, 16 bit", 6)
    assert looked(tmp_path, data[:40])[0] == "damaged, or of a kind that is not read"


def test_broken_anywhere_it_is_no_image_and_no_other_error() -> None:
    data = encoded(noise(20, 30, 6, kind="u2"), compression="zlib", **BANDS)
    for place in range(600):
        broken = bytearray(data)
        broken[place] ^= 0x55
        with suppress(NoImage):
            decode(bytes(broken), rule(6), deep=True)


def test_more_than_the_memory_is_refused_before_it_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded(noise(20, 30, 6, kind="u2"), **BANDS)
    monkeypatch.setattr(tiff, "MOST_BYTES", 7199)
    with pytest.raises(NoImage, match=r"^its pixels take 0.0 GB; at most 0.0 are read$"):
        decode(data, rule(6), deep=True)


def test_a_strip_that_unpacks_to_more_than_the_image_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded(np.zeros((20, 30, 6), np.uint8), compression="zlib", **BANDS)
    packed = zlib.compress(bytes(3600), 6)
    assert packed in data
    bomb = data.replace(packed, zlib.compress(bytes(20_000), 9)[:len(packed)].ljust(len(packed), b"\0"))
    monkeypatch.setattr(tiff, "MOST_BYTES", 5000)
    monkeypatch.setattr(tiff, "RATIO", 10**6)
    with pytest.raises(NoImage, match="its data unpack to more than its pixels"):
        decode(bomb, rule(6), deep=True)


def test_without_imagecodecs_the_message_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    data = bytearray(encoded(noise(20, 30, 6), **BANDS))
    page = tifffile.TiffFile(io.BytesIO(data)).pages[0]
    data[page.tags["Compression"].valueoffset] = 5
    with pytest.raises(NoImage) as error:
        decode(bytes(data), rule(6))
    assert str(error.value) == ("its compression needs the package imagecodecs: pip install imagecodecs "
                                "(<COMPRESSION.LZW: 5> requires the 'imagecodecs' package)")


def test_what_lzma_makes_of_few_bytes_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiff, "MOST_BYTES", 10_000)
    file = io.BytesIO()
    tifffile.imwrite(file, np.zeros((8, 8, 6), np.uint8), photometric="minisblack", planarconfig="contig",
                     extrasamples=("unspecified",) * 5, metadata=None)
    data, packed = bytearray(file.getvalue()), lzma.compress(bytes(20_000))
    with tifffile.TiffFile(io.BytesIO(data)) as read:
        tags = read.pages[0].tags
        for name, value in (("StripOffsets", len(data)), ("StripByteCounts", len(packed)), ("Compression", 34925)):
            struct.pack_into("<I", data, tags[name].valueoffset, value)
    with pytest.raises(NoImage, match="its data unpack to more than its pixels"):
        decode(bytes(data) + packed, rule(6), deep=True)


def test_the_depth_of_a_volume_counts() -> None:
    file = io.BytesIO()
    tifffile.imwrite(file, np.zeros((8, 8, 6), np.uint8), photometric="minisblack", planarconfig="contig", metadata=None,
                     extrasamples=("unspecified",) * 5, extratags=[(40000, "I", 1, 100_000_000, True)])
    data = file.getvalue().replace(struct.pack("<H", 40000), struct.pack("<H", 32997))  # which tifffile writes of volumes alone
    with pytest.raises(NoImage, match=r"its pixels take 38\.4 GB; at most 1\.1 are read"):
        decode(data, rule(6), deep=True)
