"""The `train.loss` section of a spec: how far the network is from what is true."""

from __future__ import annotations

from archspec.schema.keys import Section, key, section, tag
from archspec.schema.kinds import Number, OrNone


@section
class Softmax(Section):
    """Cross entropy of one class among all."""

    kind: str = tag("cross entropy of one class among all", default="softmax")
    synonyms = ("cross_entropy", "categorical_crossentropy", "ce")


@section
class Sigmoid(Section):
    """Binary cross entropy of every class by itself, the mean over classes (Beyer et al. 2020, 2006.07159, section 5)."""

    kind: str = tag("binary cross entropy of every class by itself", default="sigmoid")
    synonyms = ("bce", "binary_cross_entropy", "binary_crossentropy")
    threshold: float | None = key(OrNone(Number(least=0, below=1)), "a class is true above this share of the truth, which "
                                  "mixing and smoothing part, and else false; none: its share", default=None,
                                  synonyms=("bce_target_thresh", "target_threshold"))


@section
class Focal(Section):
    """Lin et al. 2017, 1708.02002, equation 5: binary cross entropy in which what is well told already counts little."""

    kind: str = tag("binary cross entropy in which what is well told counts little", default="focal")
    gamma: float = key(Number(least=0, most=20), "the power of the probability that is missing", default=2.0)
    alpha: float | None = key(OrNone(Number(above=0, below=1)), "the weight of what is true, and of what is not 1 less it; "
                              "none: 1 for both", default=0.25)


Loss = Softmax | Sigmoid | Focal
LOSSES = (Softmax, Sigmoid, Focal)
