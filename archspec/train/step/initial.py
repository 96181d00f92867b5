"""First values that a recipe asks for."""

from __future__ import annotations

import keras
import tensorflow as tf

from archspec.errors import InputError
from archspec.graph.branches import last_norms
from archspec.graph.ir import Graph


def quiet_branches(graph: Graph, model: keras.Model) -> None:
    """Each residual branch starts as nothing: the scale of the norm that it ends in is 0 (1706.02677, section 5.1).

    Raises InputError where no branch ends in a norm.
    """
    names = last_norms(graph)
    if not names:
        raise InputError("train.zero_init_residual: no residual branch of this network ends in a norm with a scale\n"
                         "  hint: leave it out")
    for name in names:
        gamma = model.get_layer(name).gamma
        gamma.assign(tf.zeros(gamma.shape))
