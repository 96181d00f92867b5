"""The pixels that exports are compared on: images of the data, or made ones where the data is not there."""

from __future__ import annotations

import numpy as np

from archspec.preprocess.rule import Preprocess

IMAGES = 64
SEED = 0
COARSE = 4
"""Fields a side of a made image's coarse half."""


def made(rule: Preprocess) -> np.ndarray:
    """Images of nothing, (n, h, w, c) float32 over all of 0 to 255: coarse fields and noise, half and half."""
    draw = np.random.default_rng(SEED)
    height, width, channels = rule.shape
    fields = draw.uniform(0, 255, (IMAGES, COARSE, COARSE, channels))
    rows, columns = (np.arange(size) * COARSE // size for size in (height, width))
    noise = draw.uniform(0, 255, (IMAGES, height, width, channels))
    return ((fields[:, rows][:, :, columns] + noise) / 2).astype(np.float32)
