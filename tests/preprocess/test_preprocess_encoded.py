"""What a server makes of an image's bytes is what evaluation makes of them, or an error."""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from archspec.errors import InputError
from archspec.preprocess.decoding import decode
from archspec.preprocess.encoded import batch_from_bytes
from archspec.preprocess.header import NoImage
from archspec.preprocess.pixels import fit, packed, seen_encoded
from archspec.preprocess.routes import Route, route
from archspec.preprocess.rule import Preprocess, preprocess_of
from archspec.preprocess.sampling import sampling
from archspec.preprocess.window import centred
from archspec.spec.preprocess import AsIs, PreprocessKeys
from archspec.spec.recipe import Recipe

Encode = Callable[..., bytes]
MOST = 100_000


def rule(channels: int = 3, preset: str = "none", **keys: Any) -> Preprocess:
    return preprocess_of(Recipe(preprocess=PreprocessKeys(preset=preset, **keys)), (24, 20, channels))


@cache
def served(channels: int = 3) -> Callable[[list[bytes]], np.ndarray]:
    """Bytes to pixels, in a graph, as it is optimised."""
    own = rule(channels)
    run = tf.function(lambda encoded: batch_from_bytes(encoded, own, most=MOST), autograph=False,
                      input_signature=[tf.TensorSpec((None,), tf.string)])
    return lambda images: np.asarray(run(tf.constant(images, tf.string)))


def evaluated(data: bytes, channels: int = 3) -> np.ndarray:
    """What a pipeline makes of them."""
    own, (chosen, header) = rule(channels), route(data, channels)
    if chosen is Route.PILLOW:
        return fit(decode(data, own), own)
    size = header.height, header.width
    way = sampling(centred(*size, own), own, own.interpolation, jpeg=chosen is Route.JPEG)
    return np.asarray(seen_encoded(tf.constant(data), *packed(way, own, route=chosen, size=size), own))


def furthest(images: dict[str, bytes], channels: int = 3) -> dict[str, int]:
    """By name, how far both are apart, where they are."""
    found = served(channels)(list(images.values())).astype(int)
    apart = (np.abs(one - evaluated(data, channels)).max() for one, data in zip(found, images.values(), strict=True))
    return {name: int(most) for name, most in zip(images, apart, strict=True) if most}


def exif(orientation: int, order: str = ">", kind: int = 3) -> bytes:
    value = struct.pack(f"{order}I" if kind == 4 else f"{order}HH", *((orientation,) if kind == 4 else (orientation, 0)))
    head = (b"MM\0*" if order == ">" else b"II*\0") + struct.pack(f"{order}IH", 8, 1)
    return head + struct.pack(f"{order}HHI", 0x0112, kind, 1) + value + bytes(4)


def clear_grey(levels: np.ndarray, bits: int) -> bytes:
    """A PNG of the upper bits of grey levels, of which the lowest but black is transparent."""
    height, width = levels.shape
    said = np.unpackbits(levels[..., None], axis=2)[..., :bits].reshape(height, -1)
    rows = np.pad(np.packbits(said, axis=1), ((0, 0), (1, 0)))
    parts = ((b"IHDR", struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0)), (b"tRNS", struct.pack(">H", 1)),
             (b"IDAT", zlib.compress(rows.tobytes())), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in parts)


@pytest.fixture(scope="module")
def noise() -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (61, 83, 3), dtype=np.uint8))


@pytest.fixture(scope="module")
def kinds(noise: Image.Image, encode: Encode) -> dict[str, bytes]:
    return {name: data for image in (noise, noise.resize((300, 200))) for name, data in _kinds(image, encode)}


def _kinds(image: Image.Image, encode: Encode) -> Iterator[tuple[str, bytes]]:
    clear, light, few = image.copy(), image.convert("LA"), image.quantize(16)
    for each in (clear, light):
        each.putalpha(Image.linear_gradient("L").resize(image.size))
    deep = Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257 + 3)
    size = str(image.size)
    for mode in ("RGB", "L", "CMYK"):
        for keys in ({}, {"progressive": True}, {"subsampling": 0}, {"restart_marker_rows": 1}):
            yield f"JPEG {size} {mode} {keys}", encode(image.convert(mode), "JPEG", **keys)
    for turn in range(1, 9):
        order, kind = "<>"[turn % 2], 3 if turn % 4 in (1, 2) else 4
        yield f"JPEG {size} {turn} {order} {kind}", encode(image, "JPEG", exif=b"Exif\0\0" + exif(turn, order, kind))
        yield f"PNG {size} {turn}", encode(image, "PNG", exif=exif(turn))
        yield f"WebP {size} {turn}", encode(image, "WEBP", lossless=True, exif=exif(turn, "<"))
    for mode in ("1", "L", "P", "RGB"):
        for form in ("PNG", "GIF", "BMP"):
            yield f"{form} {size} {mode}", encode(image.convert(mode), form)
    for name, each in (("16", deep), ("LA", light), ("RGBA", clear), ("palette", clear.quantize(64))):
        yield f"PNG {size} {name}", encode(each, "PNG")
    for colours in (2, 4, 16):
        yield f"PNG {size} palette of {colours}", encode(image.quantize(colours), "PNG")
    for bits in (1, 2, 4, 8):
        yield f"PNG {size} {bits} bits clear", clear_grey(np.asarray(image.convert("L")), bits)
    for form in ("JPEG", "PNG", "WEBP"):
        yield f"{form} {size} EXIF of nothing", encode(image, form, exif=Image.Exif())
    yield f"PNG {size} clear colour", encode(few, "PNG", transparency=3)
    yield f"PNG {size} clear RGB", encode(image, "PNG", transparency=image.getpixel((3, 3)))
    yield f"PNG {size} clear bit", encode(image.convert("1"), "PNG", transparency=1)
    for keys in ({"lossless": True}, {"quality": 80}):
        yield f"WebP {size} {keys}", encode(image, "WEBP", **keys)
        yield f"WebP {size} alpha {keys}", encode(clear, "WEBP", exact=True, **keys)
    yield f"GIF {size} straight", encode(image, "GIF", interlace=0)
    yield f"GIF {size} clear", encode(few, "GIF", transparency=3)
    yield f"GIF {size} film", encode(image, "GIF", save_all=True, append_images=[Image.new("RGB", image.size, "red")] * 2)
    yield f"BMP {size} 32", encode(clear, "BMP")


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_bytes_are_served_as_they_are_evaluated(channels: int, kinds: dict[str, bytes]) -> None:
    """To the bit, but for CMYK where evaluation leaves it to Pillow: TensorFlow has another formula for its colours."""
    apart = furthest(kinds, channels)
    assert max([most for name, most in apart.items() if "CMYK" in name], default=0) <= {1: 4, 3: 0, 4: 4}[channels]
    assert {name: most for name, most in apart.items() if "CMYK" not in name} == {}


def test_none_of_a_batch_and_other_channels() -> None:
    assert served()([]).shape == (0, 24, 20, 3)
    with pytest.raises(InputError, match="images of 2 channels cannot be sent as bytes; 1, 3 or 4 can"):
        batch_from_bytes(tf.constant([b""]), rule(2))


def refused(data: bytes, good: bytes) -> str:
    """What is said of bytes among good ones; '' if they are shown."""
    try:
        served()([good, data, good])
    except tf.errors.InvalidArgumentError as error:
        return error.message.split("assertion failed: [")[-1].split("]")[0].replace("\\'", "'")
    return ""


def claimed(kind: str) -> bytes:
    """A small file whose header claims an enormous size."""
    side = struct.pack("<HH", 65535, 65535)
    return {"PNG": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">IIBBBBB", 10_000, 10_000, 8, 2, 0, 0, 0) + bytes(9),
            "GIF": b"GIF89a" + side + b"\0\0\0,\0\0\0\0" + side + b"\0\2\2D\1\0;",
            "WebP": b"RIFF" + struct.pack("<I", 22) + b"WEBPVP8X\x0a\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff",
            "BMP": b"BM" + bytes(8) + struct.pack("<IIiiHHI", 54, 40, 30_000, 30_000, 1, 24, 0) + bytes(20),
            "JPEG": b"\xff\xd8\xff\xc0\0\x11\x08\xff\xff\xff\xff\x03\1\x22\0\2\x11\1\3\x11\1\xff\xd9"}[kind]


@pytest.mark.parametrize("kind", ["PNG", "GIF", "WebP", "BMP", "JPEG"])
def test_what_claims_to_be_enormous_is_not_decoded(kind: str, kinds: dict[str, bytes]) -> None:
    good = kinds["PNG (83, 61) RGB"]
    assert refused(claimed(kind), good) == f"image 1: no size, or more than {MOST} pixels, which are not read"


def test_what_is_not_read_is_named(photo: Image.Image, noise: Image.Image, kinds: dict[str, bytes], encode: Encode) -> None:
    good = kinds["PNG (83, 61) RGB"]
    film = encode(photo, "WEBP", save_all=True, append_images=[noise.resize(photo.size)])
    for data, reason in ((b"", "no image that is known"), (b"no image", "no image that is known"),
                         (encode(photo, "TIFF"), "TIFF: not read here"), (encode(photo, "AVIF"), "AVIF: not read here"),
                         (film, "an animated WebP, which is not read here; send the frame that is meant")):
        assert refused(data, good) == f"image 1: {reason}"


@pytest.mark.parametrize(("name", "ending"), [("JPEG (83, 61) RGB {}", "JPEG"), ("PNG (83, 61) RGB", "PNG"),
                                              ("WebP (83, 61) {'lossless': True}", "WebP"), ("BMP (83, 61) RGB", "BMP")])
def test_part_of_an_image_is_none(name: str, ending: str, kinds: dict[str, bytes]) -> None:
    data = kinds[name]
    for left in (40, len(data) // 2, len(data) - 12):
        assert "breaks off" in (said := refused(data[:left], kinds["PNG (83, 61) RGB"])) or "no size" in said
        assert said.startswith("image 1: ")


@pytest.mark.parametrize("name", ["JPEG (300, 200) RGB {}", "JPEG (300, 200) L {'progressive': True}", "JPEG (300, 200) 6 < 3"])
def test_a_jpeg_that_is_cut_short_is_an_error_though_it_has_an_end(name: str, kinds: dict[str, bytes]) -> None:
    data = kinds[name]
    start = data.index(b"\xff\xda")
    short = data[:start + (len(data) - start) // 2].rstrip(b"\xff") + b"\xff\xd9"
    assert refused(short, kinds["PNG (83, 61) RGB"]) == "image 1: the JPEG's data end before its image does"


def test_the_scans_of_a_jpeg_are_bounded(kinds: dict[str, bytes]) -> None:
    data = kinds["JPEG (83, 61) RGB {'progressive': True}"][:-2]
    many = data + data[data.rindex(b"\xff\xda"):] * 100 + b"\xff\xd9"
    assert refused(many, kinds["PNG (83, 61) RGB"]) == "image 1: a JPEG in more than 100 scans"


def test_images_that_are_not_scaled(photo: Image.Image, encode: Encode) -> None:
    own = rule(resize=AsIs())
    run = tf.function(lambda encoded: batch_from_bytes(encoded, own), autograph=False, input_signature=[tf.TensorSpec((None,), tf.string)])
    assert (np.asarray(run([encode(photo, "PNG")])) == np.asarray(photo)[3:27, 10:30]).all()
    with pytest.raises(tf.errors.InvalidArgumentError, match="image 0: smaller than the input, which is 20x24"):
        run([encode(photo.resize((20, 23)), "PNG")])
    assert not {node.op for node in _nodes(run)} & {"PyFunc", "EagerPyFunc", "PyFuncStateless"}


def _nodes(run: Any) -> list[Any]:
    known = run.get_concrete_function().graph.as_graph_def()
    return [*known.node, *(node for function in known.library.function for node in function.node_def)]


def test_flipped_bits_are_an_error_or_an_image(kinds: dict[str, bytes]) -> None:
    """Never the end of the process; what is shown has the right shape."""
    draw = random.Random(3)
    for name in [name for name in kinds if "(83, 61)" in name][::2]:
        for _ in range(4):
            data = bytearray(kinds[name])
            data[draw.randrange(min(len(data), 400))] = draw.randrange(256)
            try:
                assert served()([bytes(data)]).shape == (1, 24, 20, 3)
            except tf.errors.OpError:
                continue
            except NoImage:
                raise AssertionError("Python in the graph") from None
