"""How each weight is treated: at which factor of the learning rate it learns, and how much it decays."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

import keras

from archspec.model.learned import GlobalResponseNormalization
from archspec.spec.optimizers import Lamb, Optimizer

NORMS = (keras.layers.BatchNormalization, keras.layers.LayerNormalization, keras.layers.GroupNormalization,
         GlobalResponseNormalization)
SETS = {"kernels": ("kernel",), "all_but_norms": ("kernel", "other"), "all": ("kernel", "other", "norm")}
"""Which kinds of weights decay, by the recipe's word."""


@dataclass(frozen=True)
class Treatment:
    """`rate` is a factor of the learning rate, `decay` the coefficient of the weight decay, 0 for none.

    `decays` says whether the weight is of those that decay at all: LAMB adapts no other.
    """

    kind: str
    rate: float
    decay: float
    decays: bool


def treatments(optimizer: Optimizer, model: keras.Model) -> dict[str, Treatment]:
    """The treatment of every weight that learns, by its path."""
    return {variable.path: _treatment(optimizer, layer, variable)
            for layer in model.layers for variable in layer.trainable_variables}


def _treatment(optimizer: Optimizer, layer: keras.layers.Layer, variable: keras.Variable) -> Treatment:
    kind = kind_of(layer, variable)
    decays = kind in SETS[optimizer.decays]
    fitting = [each for each in optimizer.layers if fnmatchcase(layer.name, each.match)]
    rate, decay = (fitting[-1].learning_rate, fitting[-1].weight_decay) if fitting else (1.0, 1.0)
    return Treatment(kind, rate, optimizer.weight_decay * decay * decays, decays)


def kind_of(layer: keras.layers.Layer, variable: keras.Variable) -> str:
    """`kernel`, `norm` for what a norm learns, `other` for biases and the like."""
    if isinstance(layer, NORMS):
        return "norm"
    return "kernel" if str(variable.name).endswith("kernel") else "other"


WORDS = {"kernel": "kernels", "norm": "of norms", "other": "others"}


def table(optimizer: Optimizer, model: keras.Model, still: Collection[str], until: float = 0
          ) -> Iterator[tuple[str, str, str, str, str]]:
    """How weights are treated, with a head: which, how many arrays and numbers, the factor of their rate, their decay.

    Those of the layers `still` do not learn, or not before so many epochs.
    """
    found = treatments(optimizer, model)
    form = ("in the change that is adapted" if isinstance(optimizer, Lamb) else
            "decoupled" if optimizer.decoupled else "in the gradient")
    kept = ", frozen" + f" for {until:g} epochs" * (until > 0)
    weights = {variable.path: (layer.name in still, math.prod(variable.shape))
               for layer in model.layers for variable in layer.trainable_variables}
    yield "weights", "arrays", "numbers", "rate", "decay"
    for group in dict.fromkeys((weights[path][0], each) for path, each in found.items()):
        sizes = [size for path, (frozen, size) in weights.items() if (frozen, found[path]) == group]
        frozen, each = group
        yield (WORDS[each.kind] + kept * frozen, f"{len(sizes)}", f"{sum(sizes):,}", f"x{each.rate:g}",
               f"{each.decay:g} {form}" if each.decay else "none")
