"""Preprocessing as a value: what is done to an image before the network sees it. Kept with the model, read by all."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from archspec.errors import InputError
from archspec.spec.recipe import Digits, Recipe

Shape = tuple[int, int, int]
"""Height, width, channels."""
FILE_CHANNELS = (1, 3, 4)
"""Grey, RGB, RGB and alpha: what an image file can be turned into."""
WHITE = 255.0


@dataclass(frozen=True)
class Cover:
    """Scaled, aspect kept, so that both sides are at least `margin` times the input's; the middle is cut out.

    With a margin of 1.15 the cut is 1/1.15 = 87 % of the side that fits closest: 224 of 258 pixels.
    """

    margin: float


@dataclass(frozen=True)
class Squash:
    """Scaled to the input's very size; the aspect is lost, nothing is cut off."""


@dataclass(frozen=True)
class Preprocess:
    """What turns an image into the network's input; pixels count from 0 to 255 throughout.

    `background` is the grey that shows through where an image is transparent and the input has no alpha. `mean` and
    `std` hold one number, or one a channel: the input is (pixel - mean) / std.
    """

    height: int
    width: int
    channels: int
    resize: Cover | Squash
    interpolation: Literal["bilinear"]
    antialias: bool
    background: float
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @property
    def shape(self) -> Shape:
        """(height, width, channels) of the network's input."""
        return self.height, self.width, self.channels

    def to_json(self) -> dict[str, Any]:
        """A JSON document; `from_json` makes an equal value of it."""
        fields = asdict(self)
        resize = {"kind": _KINDS[type(self.resize)], **fields.pop("resize")}
        return {**fields, "resize": resize, "mean": list(self.mean), "std": list(self.std)}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Preprocess:
        """The value that `to_json` wrote. Raises InputError, with the key, for anything else."""
        if not isinstance(document, Mapping):
            raise InputError(f"preprocess: expected a mapping, not {document!r:.60}")
        for key in document.keys() ^ _READERS.keys():
            raise InputError(f"preprocess: the key {key} is {'missing' if key in _READERS else 'not known'}")
        return cls(**{key: _read(f"preprocess.{key}", document[key], read) for key, read in _READERS.items()})


def preprocess_of(recipe: Recipe, shape: Shape) -> Preprocess:
    """What a recipe says, for a network's input of `shape`. Raises InputError where the channels do not fit."""
    for key in ("mean", "std"):
        count = len(getattr(recipe.normalize, key))
        if count not in (1, shape[2]):
            raise InputError(f"train.normalize.{key} has {count} numbers, but the input has {shape[2]} channel(s)\n"
                             "  hint: write one number, or one a channel")
    drawn = isinstance(recipe.data, Digits)
    if not drawn and shape[2] not in FILE_CHANNELS:
        raise InputError(f"images in files have 1, 3 or 4 channels, but the network's input has {shape[2]}")
    return Preprocess(*shape, Squash() if isinstance(recipe.data, Digits) else Cover(recipe.data.resize), "bilinear",
                      not drawn, WHITE, recipe.normalize.mean, recipe.normalize.std)


_KINDS: dict[type[Cover | Squash], str] = {Cover: "cover", Squash: "squash"}


def _read(path: str, value: Any, read: Callable[[Any], Any]) -> Any:
    try:
        return read(value)
    except (ValueError, TypeError, KeyError):
        raise InputError(f"{path}: not a value of this key: {value!r:.60}") from None


def _size(value: Any) -> int:
    if type(value) is not int or not 1 <= value <= 1 << 20:
        raise ValueError(value)
    return value


def _number(value: Any, least: float, most: float) -> float:
    if type(value) not in (int, float) or not least <= value <= most:
        raise ValueError(value)
    return float(value)


def _numbers(value: Any, least: float) -> tuple[float, ...]:
    if not isinstance(value, (list, tuple)) or not 1 <= len(value) <= 1 << 10:
        raise ValueError(value)
    return tuple(_number(each, least, math.nextafter(math.inf, 0)) for each in value)


def _resize(value: Any) -> Cover | Squash:
    if value == {"kind": "squash"}:
        return Squash()
    if not isinstance(value, Mapping) or set(value) != {"kind", "margin"} or value["kind"] != "cover":
        raise ValueError(value)
    return Cover(_number(value["margin"], 1, 4))


def _one_of(value: Any, *known: Any) -> Any:
    if not any(value == each and type(value) is type(each) for each in known):
        raise ValueError(value)
    return value


_READERS: dict[str, Callable[[Any], Any]] = {
    "height": _size, "width": _size, "channels": _size, "resize": _resize,
    "interpolation": lambda value: _one_of(value, "bilinear"),
    "antialias": lambda value: _one_of(value, True, False),
    "background": lambda value: _number(value, 0, 255),
    "mean": lambda value: _numbers(value, 0),
    "std": lambda value: _numbers(value, math.ulp(0.0)),
}
