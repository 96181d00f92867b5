"""Keys of `train` on what is done to gradients and weights beside the optimizer."""

from __future__ import annotations

from archspec.schema.keys import Section, key, section
from archspec.schema.kinds import Choice, Number


@section
class Clip(Section):
    """Bounds a gradient: its length over all weights, each number of it, or its length beside the weight's."""

    main = "at"
    at: float = key(Number(above=0, most=1e6), "the bound", synonyms=("max_norm", "clipnorm", "clip_grad", "value", "norm"))
    kind: str = key(Choice(("norm", "value", "adaptive"), {"globalnorm": "norm", "clipvalue": "value", "agc": "adaptive"}),
                    "norm: the length of all gradients together; value: each number; adaptive: each unit's length as a share "
                    "of its weights', the classifier's left as it is (2102.06171, section 4.1)", default="norm",
                    synonyms=("mode", "clip_mode"))
