"""archspec: a network as a file. Importing it loads neither TensorFlow nor Keras."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from archspec.errors import InputError, Problem, SpecError, Where
from archspec.lower import load, lower
from archspec.model.registered import register_with_keras
from archspec.views.summary import Summary, summary

if TYPE_CHECKING:
    import keras

    from archspec.spec.arch import Spec

__all__ = ["InputError", "Problem", "SpecError", "Summary", "Where", "backbone", "build", "load", "lower", "summary"]

register_with_keras()


def build(spec: Spec, *, auxiliary: bool = False) -> keras.Model:
    """The functional Keras model of a spec: images (batch, height, width, channels) to logits (batch, classes).

    With `auxiliary` it gives a dict: `logits`, and `auxiliary_STAGE` for each extra classifier.
    """
    from archspec.model.emit import build as emit
    return emit(lower(spec), auxiliary=auxiliary)


def backbone(spec: Spec, levels: Sequence[str]) -> keras.Model:
    """A Keras model that gives a dict of feature maps: level (P1 to P5) to (batch, height, width, channels)."""
    from archspec.model.emit import backbone as emit
    return emit(lower(spec), levels)
