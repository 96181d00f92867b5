"""A .keras file, for Keras itself: normalised images to logits, or to feature maps.

It loads without archspec wherever no layer of archspec's is needed.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow as tf

from archspec.artifact.keras_model import features_model, save, save_features
from archspec.export.exportable import Exportable
from archspec.preprocess.pixels import normalize

PLACE = "model.keras"


def write(made: Exportable, path: Path) -> None:
    """Writes the file `path`: the network as it was trained; with levels, the part of it that gives their feature maps.

    It is not folded: a training may go on from it, here or in a detector.
    """
    if made.levels:
        save_features(made.artifact, made.levels, path)
    else:
        save(made.artifact, path)


def maps(made: Exportable, pixels: np.ndarray) -> np.ndarray:
    """What the file with levels has to give: (n, all numbers of an image), level by level. Pixels: (n, h, w, c), 0 to 255."""
    model = features_model(made.artifact, made.levels)
    found = model(normalize(tf.constant(pixels), made.artifact.preprocess), training=False)
    return np.concatenate([np.reshape(found[level], (len(pixels), -1)) for level in sorted(found)], axis=1)
