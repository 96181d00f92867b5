"""A rule for tests: what the network sees of an image."""

from __future__ import annotations

from typing import Any

from archspec.preprocess.rule import Preprocess
from archspec.spec.preprocess import Fraction


def rule(height: int = 48, width: int = 64, channels: int = 3, **keys: Any) -> Preprocess:
    said: dict[str, Any] = {
        "resize": Fraction(), "offset": "floor", "interpolation": "bilinear", "antialias": True, "origin": "centre",
        "decoder": "accurate", "order": "rgb", "background": 255.0, "mean": (127.5,), "std": (127.5,)}
    return Preprocess(height=height, width=width, channels=channels, **said | keys)
