"""What some bytes are, from their beginning: kind, size, orientation, and what is said of those that are no image."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from contextlib import suppress

import pytest
from PIL import Image

from archspec.preprocess.header import HEAD, MAGIC, Header, NoImage, kind_of, read_header
from archspec.preprocess.routes import Route, route

Encode = Callable[..., bytes]


def header(data: bytes) -> Header:
    return read_header(lambda offset, count: data[offset:offset + count])


def refused(data: bytes) -> str:
    with pytest.raises(NoImage) as error:
        header(data)
    return str(error.value)


@pytest.mark.parametrize(("form", "kind"), [
    ("JPEG", "JPEG"), ("PNG", "PNG"), ("GIF", "GIF"), ("BMP", "BMP"), ("WEBP", "WebP"), ("TIFF", "TIFF"), ("PPM", "PPM"),
    ("JPEG2000", "JPEG 2000"), ("AVIF", "AVIF"), ("MPO", "JPEG")])
def test_kinds(form: str, kind: str, photo: Image.Image, encode: Encode) -> None:
    assert header(encode(photo, form)).kind == kind


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_sizes_and_channels(form: str, photo: Image.Image, encode: Encode) -> None:
    found = header(encode(photo, form))
    assert (found.height, found.width, found.components, found.depth, found.plain) == (30, 40, 3, 8, True)


def test_what_is_attached_to_a_jpeg_is_stepped_over(photo: Image.Image, encode: Encode) -> None:
    data = encode(photo, "JPEG", icc_profile=bytes(200_000), comment=b"\xff\xd9" * 1000)
    found = header(data)
    assert found.start > 200_000 > HEAD
    assert (found.height, found.width) == (30, 40)
    assert route(data, 3)[0] is Route.JPEG


def test_an_orientation_behind_a_profile_is_found(photo: Image.Image, encode: Encode) -> None:
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "maker " * 900, 6
    data = encode(photo, "JPEG", exif=exif, icc_profile=bytes(70_000))
    assert (header(data).orientation, header(data).plain) == (6, False)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("kind", "form"), [(1, "Bxxx"), (3, "Hxx"), (4, "I")])
def test_an_orientation_in_any_width(order: str, kind: int, form: str, photo: Image.Image, encode: Encode) -> None:
    entry = struct.pack(f"{order}HHI{form}", 0x0112, kind, 1, 8)
    exif = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(f"{order}IH", 8, 1) + entry + bytes(4)
    assert header(encode(photo, "JPEG", exif=b"Exif\0\0" + exif)).orientation == 8


@pytest.mark.parametrize(("data", "said"), [
    (b"", "the file is empty"), (b"no image\n", "a text"), (b"\xef\xbb\xbf \n<!DOCTYPE html><html>", "an HTML page"),
    (b"<html><body>404</body>", "an HTML page"), (b"\0\5\26\7\0\2\0\0Mac OS X        ", "no kind of image that is known"),
    (b"\0\0\0\x18ftypheic\0\0", "a HEIC photograph, which is not read"), (b"%PDF-1.4", "a PDF, which is not read"),
    (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0", "the PNG breaks off in its header"), (b"\xff\xd8\xff", "the JPEG has no size"),
    (b"\xff\xd8\xff\xe0\0\x10JFIF", "the JPEG has no size"), (b"\x89PNG\r\n\x1a\n" + bytes(40), "the PNG has no header"),
    (b"BMW is a car, and this is a text", "a text"), (b"P1 and P2 are places", "a text"), (b"GIF", "a text")])
def test_what_is_said_of_what_is_no_image(data: bytes, said: str) -> None:
    assert refused(data) == said


def test_any_bytes_are_an_image_or_are_not(photo: Image.Image, encode: Encode) -> None:
    """No other error than NoImage, and few reads, whatever the bytes are."""
    draw = random.Random(0)
    exif = Image.Exif()
    exif[0x0112] = 6
    whole = [encode(photo, "JPEG", exif=exif), encode(photo, "PNG"), b"\xff\xd8" + b"\xff" * 100_000]
    for _ in range(3000):
        data = bytearray(draw.choice(whole)[:draw.choice([20, 100, 300, 10 ** 6])])
        for _ in range(draw.randrange(1, 8)):
            data[draw.randrange(len(data))] = draw.choice([0, 1, 255, draw.randrange(256)])
        reads = list[int]()

        def read(offset: int, count: int, data: bytes = bytes(data), reads: list[int] = reads) -> bytes:
            reads.append(count)
            assert count >= 0
            return data[offset:offset + count]
        with suppress(NoImage):
            read_header(read)
        assert len(reads) <= 4000


def test_what_tensorflow_decodes_is_what_it_reads_rightly(photo: Image.Image, encode: Encode) -> None:
    wanted = {(form, channels): Route.PILLOW for form in ("GIF", "BMP", "WEBP", "TIFF") for channels in (1, 3, 4)}
    wanted |= {("JPEG", 1): Route.JPEG, ("JPEG", 3): Route.JPEG, ("JPEG", 4): Route.PILLOW,
               ("PNG", 1): Route.PNG, ("PNG", 3): Route.PNG, ("PNG", 4): Route.PILLOW}
    assert {(form, channels): route(encode(photo, form), channels)[0] for form, channels in wanted} == wanted


def test_every_magic_is_known_for_its_kind() -> None:
    unsure = {"BMP", "PPM"}  # two letters, which need more than themselves
    assert {kind_of(bytes(offset) + magic) for offset, magic, kind in MAGIC if kind not in unsure} == {
        kind for _, _, kind in MAGIC} - unsure
