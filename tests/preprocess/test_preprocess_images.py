"""Every kind of image file that people have: its pixels are those that a viewer shows."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from archspec.preprocess.decoding import decode
from archspec.preprocess.header import NoImage
from archspec.preprocess.pixels import packed, seen_encoded
from archspec.preprocess.routes import Route, route
from archspec.preprocess.rule import Preprocess
from archspec.preprocess.sampling import sampling
from archspec.preprocess.window import Window
from archspec.spec.preprocess import AsIs

Encode = Callable[..., bytes]
TURNED = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
"""A quarter turn: such a JPEG goes to Pillow."""
JPEG_LEVELS = 2
"""How far what is made of a JPEG may be from what Pillow makes of it, of 255; the quick transform is farther from it."""


def rule(channels: int = 3, background: float = 255.0) -> Preprocess:
    return Preprocess(height=8, width=8, channels=channels, resize=AsIs(), offset="floor", interpolation="bilinear",
                      antialias=True, origin="centre", decoder="accurate", order="rgb", background=background, mean=(0.0,),
                      std=(1.0,))


def decoded(data: bytes, channels: int = 3, background: float = 255.0) -> np.ndarray:
    """At once, and what TensorFlow decodes as in a pipeline, too: in a graph, of the part that is wanted."""
    whole, (chosen, header) = decode(data, rule(channels, background)), route(data, channels)
    if chosen is not Route.PILLOW:
        own = replace(rule(channels), height=header.height, width=header.width)
        way = sampling(Window(0, 0, *own.shape[:2], *own.shape[:2]), own, "bilinear", jpeg=True)
        known = packed(way, own, route=chosen, size=own.shape[:2])
        run = tf.function(lambda encoded: seen_encoded(encoded, *known, own))
        assert (np.asarray(run(tf.constant(data))) == whole).all()
    return whole


def pixels(image: Image.Image, mode: str = "RGB") -> np.ndarray:
    found = np.asarray(image.convert(mode))
    return found if found.ndim == 3 else found[..., None]


def furthest(one: np.ndarray, other: np.ndarray) -> int:
    assert one.shape == other.shape
    return int(np.abs(one.astype(int) - other.astype(int)).max())


@pytest.mark.parametrize(("form", "keys"), [
    ("PNG", {}), ("BMP", {}), ("WEBP", {"lossless": True}), ("TIFF", {}), ("TIFF", {"compression": "tiff_lzw"}), ("PPM", {}),
    ("JPEG2000", {"irreversible": False}), ("PNG", {"optimize": True})])
def test_what_is_stored_without_loss_is_read_without_loss(form: str, keys: dict[str, object], photo: Image.Image,
                                                          encode: Encode) -> None:
    assert furthest(decoded(encode(photo, form, **keys)), pixels(photo)) == 0


@pytest.mark.parametrize("keys", [{}, {"progressive": True}, {"subsampling": 0}, {"quality": 50}, {"optimize": True}])
def test_jpegs_are_close_to_pillows_reading(keys: dict[str, object], photo: Image.Image, encode: Encode) -> None:
    data = encode(photo, "JPEG", **keys)
    assert route(data, 3)[0] is Route.JPEG
    assert furthest(decoded(data), pixels(Image.open(io.BytesIO(data)))) <= JPEG_LEVELS


@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turns_the_image(form: str, orientation: int, photo: Image.Image, encode: Encode) -> None:
    turn = {2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
            5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
            8: Image.Transpose.ROTATE_90}
    exif = Image.Exif()
    exif[0x0112] = orientation
    shown = photo.transpose(turn[orientation]) if orientation > 1 else photo
    keys = {"WEBP": {"lossless": True}, "JPEG": {"quality": 95}}.get(form, {})
    assert furthest(decoded(encode(photo, form, exif=exif, **keys)), pixels(shown)) <= (12 if form == "JPEG" else 0)


@pytest.mark.parametrize("mode", ["1", "L", "P"])
@pytest.mark.parametrize("form", ["PNG", "BMP", "TIFF", "GIF"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_few_colours(mode: str, form: str, channels: int, photo: Image.Image, encode: Encode) -> None:
    few = photo.convert(mode)
    assert furthest(decoded(encode(few, form), channels), pixels(few.convert("RGB"), {1: "L", 3: "RGB", 4: "RGBA"}[channels])) <= 1


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "BMP"])
@pytest.mark.parametrize("channels", [1, 4])
def test_networks_that_take_grey_or_alpha(form: str, channels: int, photo: Image.Image, encode: Encode) -> None:
    data = encode(photo, form, **({"lossless": True} if form == "WEBP" else {}))
    expected = pixels(Image.open(io.BytesIO(data)), {1: "L", 4: "RGBA"}[channels])
    assert furthest(decoded(data, channels), expected) <= (JPEG_LEVELS if form == "JPEG" else 1)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("form", ["JPEG", "TIFF"])
def test_cmyk(form: str, channels: int, photo: Image.Image, encode: Encode) -> None:
    data = encode(photo.convert("CMYK"), form)
    expected = pixels(Image.open(io.BytesIO(data)).convert("RGB"), {1: "L", 3: "RGB"}[channels])
    assert furthest(decoded(data, channels), expected) <= (10 if form == "JPEG" else 0)


@pytest.mark.parametrize(("mode", "form"), [("RGBA", "PNG"), ("RGBA", "WEBP"), ("RGBA", "TIFF"), ("LA", "PNG"), ("LA", "TIFF"),
                                            ("PA", "PNG")])
@pytest.mark.parametrize("background", [0, 255])
def test_what_is_transparent_shows_the_background(mode: str, form: str, background: int, photo: Image.Image,
                                                  encode: Encode) -> None:
    clear = photo.convert("L").convert("RGB") if mode == "LA" else photo.copy()
    clear.putalpha(Image.linear_gradient("L").resize(photo.size))
    stored = clear.convert({"LA": "LA", "PA": "RGBA"}.get(mode, "RGBA"))
    if mode == "PA":
        stored = stored.quantize(64)
    data = encode(stored, form, **({"lossless": True, "exact": True} if form == "WEBP" else {}))
    rgb, alpha = np.split(np.asarray(stored.convert("RGBA"), np.float64), [3], axis=-1)
    expected = (rgb * alpha + background * (255 - alpha)) / 255
    assert furthest(decoded(data, 3, background), expected.round()) <= 1
    assert furthest(decoded(data, 4), np.asarray(stored.convert("RGBA"))) == 0


def test_a_png_with_one_transparent_colour(encode: Encode) -> None:
    image = Image.new("RGB", (4, 4), (10, 20, 30))
    image.putpixel((0, 0), (0, 0, 0))
    found = decoded(encode(image, "PNG", transparency=(0, 0, 0)))
    assert found[0, 0].tolist() == [255, 255, 255]
    assert found[1, 1].tolist() == [10, 20, 30]


@pytest.mark.parametrize("form", ["PNG", "TIFF", "PPM"])
@pytest.mark.parametrize("channels", [1, 3])
def test_of_16_bits_the_upper_8(form: str, channels: int, encode: Encode) -> None:
    deep = (np.arange(30 * 40, dtype=np.uint16) * 54).reshape(30, 40)
    found = decoded(encode(Image.fromarray(deep), form), channels)
    assert (found == (deep >> 8)[..., None]).all()


@pytest.mark.parametrize(("colour", "samples"), [(2, 3), (6, 4), (4, 2)])
def test_16_bits_a_channel(colour: int, samples: int) -> None:
    deep = (np.arange(6 * 5 * samples) * 700 % 65536).astype(">u2").reshape(6, 5, samples)
    if samples in (2, 4):
        deep[..., -1] = 65535
    found = decoded(png(6, 5, 16, colour, b"".join(b"\0" + row.tobytes() for row in deep)))
    expected = (deep >> 8)[..., :-1] if samples in (2, 4) else deep >> 8
    assert (found == expected).all()


def png(height: int, width: int, depth: int, colour: int, rows: bytes) -> bytes:
    """A PNG that Pillow does not write."""
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG", "TIFF", "MPO"])
def test_of_several_pictures_the_first(form: str, photo: Image.Image, encode: Encode) -> None:
    first = photo.convert("L").convert("RGB")
    keys = {"WEBP": {"lossless": True}}.get(form, {})
    data = encode(first, form, save_all=True, append_images=[Image.new("RGB", photo.size, "red")] * 2, **keys)
    assert furthest(decoded(data), pixels(first)) <= (JPEG_LEVELS if form == "MPO" else 0)


@pytest.mark.parametrize(("form", "channels"), [("JPEG", 1), ("PNG", 3), ("GIF", 4), ("WEBP", 3), ("BMP", 1), ("TIFF", 3)])
def test_one_pixel(form: str, channels: int, encode: Encode) -> None:
    assert decoded(encode(Image.new("RGB", (1, 1), "white"), form), channels).tolist() == [[[255] * channels]]


@pytest.mark.parametrize("missing", [4, 8, 12])
def test_a_png_that_lacks_nothing_but_its_end_is_read(missing: int, photo: Image.Image, encode: Encode) -> None:
    assert furthest(decoded(encode(photo, "PNG")[:-missing]), pixels(photo)) == 0


def test_avif(photo: Image.Image, encode: Encode) -> None:
    assert furthest(decoded(encode(photo, "AVIF", quality=95)), pixels(photo)) <= 12


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF"])
@pytest.mark.parametrize("left", [0.5, 0.8])
def test_part_of_a_file_is_an_error_and_no_picture(form: str, left: float, photo: Image.Image, encode: Encode) -> None:
    data = encode(photo, form)
    with pytest.raises(NoImage):
        decoded(data[:int(len(data) * left)])


def cut(data: bytes, share: float) -> bytes:
    """So much of what is coded in a JPEG, and its end mark."""
    start = data.index(b"\xff\xda")
    return data[:start + int((len(data) - start) * share)].rstrip(b"\xff") + b"\xff\xd9"


@pytest.mark.parametrize("share", [0.1, 0.5, 0.8])
@pytest.mark.parametrize(("mode", "keys"), [
    ("RGB", {}), ("RGB", {"subsampling": 0}), ("L", {}), ("CMYK", {}), ("RGB", {"progressive": True}), ("L", {"progressive": True}),
    ("RGB", {"restart_marker_rows": 1}), ("RGB", {"optimize": True}), ("RGB", {"exif": TURNED}),
    ("RGB", {"exif": TURNED, "progressive": True})])
def test_a_jpeg_that_is_cut_short_is_an_error_though_it_has_an_end(mode: str, keys: dict[str, object], share: float,
                                                                   photo: Image.Image, encode: Encode) -> None:
    data = encode(photo.resize((150, 90)).convert(mode), "JPEG", **keys)
    assert decoded(data).shape[2] == 3
    with pytest.raises(NoImage, match="the JPEG's data end before its image does"):
        decoded(cut(data, share))


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("keys", [{}, {"progressive": True}, {"exif": TURNED}])
def test_a_jpeg_that_ends_in_grey_is_whole(mode: str, keys: dict[str, object], photo: Image.Image, encode: Encode) -> None:
    image = photo.resize((150, 90)).convert("RGB")
    image.paste((128, 128, 128), (0, 45, 150, 90))
    if mode == "CMYK":
        image = Image.new("CMYK", image.size, (127, 127, 127, 127))
    data = encode(image.convert(mode), "JPEG", **keys)
    comment = b"\xff\xfe\0\x06\xff\xd9\xff\xda"
    frame = max(data.find(b"\xff\xc0"), data.find(b"\xff\xc2"))
    commented = data[:frame] + comment + data[frame:]
    assert (decoded(commented + b"\0" * 9 + data) == decoded(data)).all()


def test_32_bits_a_pixel_are_refused(encode: Encode) -> None:
    with pytest.raises(NoImage, match="32 bits a pixel; 8 or 16 are read"):
        decoded(encode(Image.new("F", (4, 4)), "TIFF"))


@pytest.mark.parametrize(("height", "width"), [(1, 1_000_001), (1_000_001, 1)])
def test_a_png_longer_than_tensorflow_reads(height: int, width: int) -> None:
    data = png(height, width, 8, 0, (b"\0" + bytes(width)) * height)
    assert decoded(data, channels=1).shape == (height, width, 1)


def test_a_bomb_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(NoImage, match="20000x10000 pixels; at most 179 million are read"):
        decoded(png(10000, 20000, 8, 2, b""))


def scanned(scans: int, **keys: object) -> tuple[bytes, bytes]:
    """A JPEG whose last scan is there so many times more, and that scan."""
    file = io.BytesIO()
    Image.fromarray(np.arange(64 * 64, dtype=np.uint8).reshape(64, 64)).convert("RGB").save(file, "JPEG", **keys)
    data = file.getvalue()[:-2]
    last = data[data.rindex(b"\xff\xda"):]
    return data + last * scans + b"\xff\xd9", last


def test_the_scans_of_a_jpeg_are_bounded() -> None:
    """Each goes over the whole image: 2000 of them, in 190 kB, take a minute at 8000x8000."""
    for many, keys in ((91, {"exif": b""}), (91, {"exif": TURNED}), (3000, {"exif": b""})):
        with pytest.raises(NoImage, match=r"^a JPEG in more than 100 scans$"):
            decoded(scanned(many, progressive=True, **keys)[0])
    assert decoded(scanned(90, progressive=True)[0]).shape == (64, 64, 3)


def test_scans_behind_the_end_of_a_jpeg_are_none() -> None:
    for keys in ({"progressive": True}, {}):
        data, last = scanned(0, **keys)
        assert (decoded(data + last * 2000) == decoded(data)).all()
