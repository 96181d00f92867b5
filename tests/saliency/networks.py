"""Small networks with numbers of the tests' own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from artifacts import artifact

from archspec.artifact.artifact import Artifact
from archspec.preprocess.rule import Preprocess
from archspec.spec.preprocess import Resize, Squash


def rule(side: int = 8, resize: Resize | None = None, **keys: object) -> Preprocess:
    """For colour images; the input is (pixel - 127.5) / 127.5 if not said otherwise."""
    said = {"offset": "floor", "interpolation": "bilinear", "antialias": True, "origin": "centre", "decoder": "accurate", "order": "rgb",
            "background": 255.0, "mean": (127.5,), "std": (127.5,)} | keys
    return Preprocess(height=side, width=side, channels=3, resize=resize or Squash(), **said)


def network(text: str, own: Preprocess | None = None, *, biased: bool = True) -> Artifact:
    """Of a text whose input is 8x8x3 and whose classes are 3, unless it says others: weights around zero, drawn."""
    own = own or rule()
    head = f"archspec: 1\nname: small\ninput: {own.height}x{own.width}x3\nclasses: 3\n"
    made = artifact(head + text, own)
    draw = np.random.default_rng(7)

    def drawn(key: tuple[str, str], shape: tuple[int, ...]) -> np.ndarray:
        if key[1] in ("gamma", "moving_variance"):
            return draw.uniform(0.5, 1.5, shape)
        return draw.normal(0, 0.5 if key[1] == "kernel" else 0.3 * biased, shape)
    return replace(made, weights={key: drawn(key, array.shape).astype(np.float32) for key, array in made.weights.items()})


def noise(side: int = 8, seed: int = 0) -> np.ndarray:
    """(side, side, 3) float32 from 0 to 255."""
    return np.random.default_rng(seed).uniform(0, 255, (side, side, 3)).astype(np.float32)
