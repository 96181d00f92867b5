"""The `train.optimizer` section of a spec: how gradients change weights."""

from __future__ import annotations

from archspec.schema.keys import Section, key, section, tag
from archspec.schema.kinds import Flag, Number

SHARE = Number(least=0, below=1)


@section
class Sgd(Section):
    """Stochastic gradient descent with momentum, as in the papers: weight decay is an L2 penalty on kernels alone."""

    kind: str = tag("stochastic gradient descent with momentum", default="sgd")
    momentum: float = key(SHARE, "the share of the last change that goes on", default=0.9)
    nesterov: bool = key(Flag(), "Nesterov's form of momentum", default=False)
    weight_decay: float = key(Number(least=0, most=1), "L2 penalty on kernels; not on biases and norms", default=1e-4,
                              synonyms=("wd", "l2", "decay", "regularization"))
