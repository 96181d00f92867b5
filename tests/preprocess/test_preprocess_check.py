"""Files that are no images, or only part of one, are found without decoding the good ones."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from archspec.preprocess import check
from archspec.preprocess.check import Look, look, problem_code

Encode = Callable[..., bytes]


@pytest.fixture
def looked(tmp_path: Path) -> Callable[[bytes], Look]:
    """What is seen of a file of these bytes."""
    def run(data: bytes) -> Look:
        (tmp_path / "file").write_bytes(data)
        with (tmp_path / "file").open("rb", buffering=0) as file:
            return look(file)
    return run


@pytest.fixture
def said(looked: Callable[[bytes], Look]) -> Callable[[bytes], str]:
    """What is wrong with a file of these bytes."""
    return lambda data: looked(data).problem


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "PPM", "JPEG2000", "AVIF", "MPO"])
def test_good_files_are_not_decoded(form: str, photo: Image.Image, encode: Encode, said: Callable[[bytes], str],
                                    monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "decode_with_pillow", None)
    assert said(encode(photo, form)) == ""


@pytest.mark.parametrize(("left", "expected"), [(0, "the file is empty"), (0.005, "the JPEG has no size"),
                                                (0.7, "the JPEG breaks off before its end"),
                                                (0.99, "the JPEG breaks off before its end")])
def test_a_jpeg_that_breaks_off(left: float, expected: str, photo: Image.Image, encode: Encode,
                                said: Callable[[bytes], str]) -> None:
    data = encode(photo.resize((400, 300)), "JPEG", quality=95)
    assert said(data[:int(len(data) * left)]) == expected


def test_a_png_that_breaks_off(photo: Image.Image, encode: Encode, said: Callable[[bytes], str]) -> None:
    data = encode(photo, "PNG")
    assert said(data[:len(data) // 2]) == "the PNG breaks off before its end"
    assert said(data[:-12]) == ""


def test_what_follows_a_jpegs_end_does_not_matter(photo: Image.Image, encode: Encode, said: Callable[[bytes], str],
                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "decode_with_pillow", None)
    assert said(encode(photo, "JPEG") + bytes(100_000)) == ""


def test_an_end_mark_in_a_preview_is_no_end(photo: Image.Image, encode: Encode, said: Callable[[bytes], str]) -> None:
    exif = Image.Exif()
    exif[0x010F] = "x\xff\xd9" * 50
    data = encode(photo, "JPEG", exif=exif.tobytes() + b"\xff\xd9", quality=95)
    assert said(data) == ""
    assert said(data[:-30]) == "the JPEG breaks off before its end"


def test_broken_headers_of_what_pillow_reads(photo: Image.Image, encode: Encode, said: Callable[[bytes], str]) -> None:
    assert said(encode(photo, "TIFF")[:6]) == "damaged, or of a kind that is not read"
    assert said(b"GIF89a") == "damaged, or of a kind that is not read"


def test_too_many_pixels_and_too_many_bytes(said: Callable[[bytes], str], monkeypatch: pytest.MonkeyPatch) -> None:
    huge = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">IIBBBBB", 20_000, 10_000, 8, 2, 0, 0, 0)
    assert said(huge) == "20000x10000 pixels; at most 179 million are read"
    monkeypatch.setattr(check, "MAX_BYTES", 10)
    assert said(bytes(11)) == "0.0 GB; at most 0.0 are read"


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "PPM", "JPEG2000", "AVIF"])
def test_the_size_is_in_the_header(form: str, photo: Image.Image, encode: Encode, looked: Callable[[bytes], Look]) -> None:
    found = looked(encode(photo, form))
    assert (found.height, found.width, found.orientation) == (30, 40, 1)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize(("orientation", "size"), [(3, (30, 40)), (6, (40, 30)), (9, (30, 40))])
def test_the_size_is_that_which_a_viewer_shows(form: str, orientation: int, size: tuple[int, int], photo: Image.Image,
                                               encode: Encode, looked: Callable[[bytes], Look]) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    found = looked(encode(photo, form, exif=exif))
    assert (found.height, found.width, found.orientation) == (*size, orientation if orientation < 9 else 1)


@pytest.mark.parametrize(("form", "mode", "said"), [
    ("JPEG", "L", "grey"), ("JPEG", "CMYK", "CMYK"), ("PNG", "P", "palette"), ("PNG", "LA", "grey and alpha"), ("PNG", "RGBA", "RGBA"),
    ("PNG", "1", "grey, 1 bit"), ("PNG", "I;16", "grey, 16 bit"), ("TIFF", "L", "grey"), ("TIFF", "I;16", "grey, 16 bit"),
    ("TIFF", "F", "grey, floats"), ("WEBP", "RGBA", "RGBA")])
def test_channels_and_bits(form: str, mode: str, said: str, encode: Encode, looked: Callable[[bytes], Look]) -> None:
    assert looked(encode(Image.new(mode, (8, 9)), form)).mode == said


@pytest.mark.parametrize(("problem", "code"), [
    ("the file is empty", "empty"), ("the PNG breaks off before its end", "truncated"), ("the JPEG breaks off in its header", "truncated"),
    ("the JPEG's data end before its image does", "truncated"), ("image file is truncated (7 bytes not processed)", "truncated"),
    ("Truncated File Read", "truncated"), ("200x9000000 pixels; at most 179 million are read", "too-large"),
    ("1.2 GB; at most 1.1 are read", "too-large"), ("a HEIC photograph, which is not read", "no-image"), ("a text", "no-image"),
    ("an HTML page", "no-image"), ("no kind of image that is known", "no-image"), ("32 bits a pixel; 8 or 16 are read", "damaged"),
    ("damaged, or of a kind that is not read", "damaged"), ("the JPEG has no size", "damaged"), ("No such file or directory", "missing"), ("Permission denied", "refused")])
def test_the_code_of_a_problem(problem: str, code: str) -> None:
    assert problem_code(problem) == code
