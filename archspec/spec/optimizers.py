"""The `train.optimizer` section of a spec: how gradients change weights."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import ClassVar

from archspec.schema.keys import Clash, ListOf, Section, Sub, key, section, tag
from archspec.schema.kinds import Choice, Flag, Number, Text

SHARE = Number(least=0, below=1)
FACTOR = Number(least=0, most=1e6)
COEFFICIENT = Number(least=0, most=1)
EPSILON = Number(above=0, most=10)
DECAYED = {"conv": "kernels", "weights": "kernels", "nonorm": "all_but_norms", "nobn": "all_but_norms", "everything": "all"}
L2 = ("wd", "l2", "regularization")
FORMS = {"l2": "gradient", "coupled": "gradient", "regularizer": "gradient", "adamw": "decoupled", "sgdw": "decoupled"}


@section
class LayerFactors(Section):
    """Of the layers that a pattern fits: factors of the learning rate and of the weight decay."""

    match: str = key(Text("a layer's name"), "the layers: a name, in which * stands for any part; of several that fit a "
                     "layer the last holds", synonyms=("name", "pattern", "layer", "params"))
    learning_rate: float = key(FACTOR, "what the learning rate is multiplied by there", default=1.0,
                               synonyms=("lr", "lr_mult", "lr_scale"))
    weight_decay: float = key(FACTOR, "what the weight decay is multiplied by there", default=1.0,
                              synonyms=("wd", "decay", "decay_mult", "wd_mult"))

    def clashes(self) -> Iterator[Clash]:
        """Factors that change nothing."""
        if self.learning_rate == self.weight_decay == 1:
            yield Clash(("match", "learning_rate", "weight_decay"), "an entry without a factor changes nothing",
                        "learning_rate: 0.1, or weight_decay: 0")


@section
class _Optimizer(Section):
    weight_decay: float = key(COEFFICIENT, "the weight decay's coefficient; where it acts in the gradient, that of an L2 "
                              "penalty of half of it", default=0.0, synonyms=L2)
    decays: str = key(Choice(("kernels", "all_but_norms", "all"), DECAYED), "which weights decay: kernels alone; all but what "
                      "norms learn; all", default="kernels", synonyms=("decay_on", "no_weight_decay", "exclude"))
    layers: tuple[LayerFactors, ...] = key(ListOf(Sub(LayerFactors)), "layers whose rate or decay is another", default=(),
                                           synonyms=("param_groups", "layerwise", "multipliers"))


@section
class _Coupled(_Optimizer):
    """An optimizer that takes its decay in both forms."""

    decay: str = key(Choice(("gradient", "decoupled"), FORMS), "gradient: added to it, ahead of momentum; decoupled: a weight "
                     "loses the share learning rate times coefficient a step (1711.05101)", default="gradient")

    @property
    def decoupled(self) -> bool:
        """Whether decay leaves the gradient alone."""
        return self.decay == "decoupled"


@section
class Sgd(_Coupled):
    """Stochastic gradient descent with momentum, as in the papers: weight decay is an L2 penalty on kernels alone.

    Caffe's form, Keras's too, keeps the last change, PyTorch's a sum of gradients: after a change of rate they differ.
    """

    synonyms = ("momentum", "nesterov", "sgdw")
    kind: str = tag("stochastic gradient descent with momentum", default="sgd")
    momentum: float = key(SHARE, "the share of the last change that goes on", default=0.9)
    nesterov: bool = key(Flag(), "Nesterov's form of momentum", default=False)
    form: str = key(Choice(("caffe", "pytorch"), {"keras": "caffe", "tensorflow": "caffe", "torch": "pytorch"}),
                    "whether the learning rate stands inside the momentum (caffe) or before it (pytorch)", default="caffe")
    weight_decay: float = key(COEFFICIENT, "the weight decay's coefficient; where it acts in the gradient, that of an L2 "
                              "penalty of half of it", default=1e-4, synonyms=L2)

    def clashes(self) -> Iterator[Clash]:
        """A form of a momentum that there is none of."""
        if self.nesterov and not self.momentum:
            yield Clash(("nesterov", "momentum"), "nesterov is a form of momentum, and momentum is 0",
                        "momentum: 0.9, or nesterov: false")


@section
class RmsProp(_Coupled):
    """Gradients divided by the root of their moving mean square, then momentum (Tieleman and Hinton 2012)."""

    synonyms = ("rmsproptf",)
    kind: str = tag("gradients by their mean square", default="rmsprop")
    rho: float = key(SHARE, "the share of the mean square that stays", default=0.9, synonyms=("alpha", "decay_rate"))
    momentum: float = key(SHARE, "the share of the last change that goes on", default=0.9)
    epsilon: float = key(EPSILON, "added to the mean square inside the root, in PyTorch's form to the root", default=1e-3,
                         synonyms=("eps",))
    form: str = key(Choice(("tensorflow", "keras", "pytorch"), {"tf": "tensorflow", "tf1": "tensorflow", "torch": "pytorch"}),
                    "tensorflow: the mean square starts at 1, as in TensorFlow 1; keras: at 0; pytorch: at 0, epsilon outside "
                    "the root, the learning rate before the momentum", default="tensorflow")


@section
class _Moments(_Optimizer):
    decoupled: ClassVar[bool] = True
    """Whether decay leaves the gradient alone."""
    beta_1: float = key(SHARE, "the share of the mean gradient that stays", default=0.9, synonyms=("betas", "b1"))
    beta_2: float = key(SHARE, "the share of the mean square that stays", default=0.999, synonyms=("b2",))


@section
class Adam(_Moments):
    """Kingma and Ba 2015, 1412.6980, algorithm 1; weight decay is in the gradient."""

    decoupled: ClassVar[bool] = False
    instead = MappingProxyType({"decay": "adam decays in the gradient; kind: adamw decays by itself"})
    kind: str = tag("means of gradient and square; decay in the gradient", default="adam")
    epsilon: float = key(EPSILON, "added to the root, after the correction of its bias", default=1e-8, synonyms=("eps",))


@section
class AdamW(Adam):
    """Loshchilov and Hutter 2019, 1711.05101: Adam with decoupled weight decay."""

    decoupled: ClassVar[bool] = True
    instead = MappingProxyType({"decay": "adamw decays by itself, decoupled; kind: adam decays in the gradient"})
    kind: str = tag("Adam with decoupled decay", default="adamw")
    weight_decay: float = key(COEFFICIENT, "the decay's coefficient, times the learning rate a step", default=0.01,
                              synonyms=L2)


@section
class Lamb(_Moments):
    """You et al. 2020, 1904.00962, algorithm 2: each weight's change is as long as the weight, times the learning rate.

    The decay is part of that change. Weights that do not decay are not adapted either, as in the authors' code.
    """

    instead = MappingProxyType({"decay": "lamb decays by itself, inside the change whose length is adapted"})
    synonyms = ("fusedlamb",)
    kind: str = tag("Adam, each weight's change as long as the weight", default="lamb")
    epsilon: float = key(EPSILON, "added to the root, after the correction of its bias", default=1e-6, synonyms=("eps",))
    weight_decay: float = key(COEFFICIENT, "the decay's coefficient, inside the change that is adapted", default=0.01,
                              synonyms=L2)


@section
class Lion(_Moments):
    """Chen et al. 2023, 2302.06675: the sign of a mean gradient."""

    instead = MappingProxyType({"decay": "lion decays by itself, decoupled"})
    kind: str = tag("the sign of a mean gradient", default="lion")
    beta_1: float = key(SHARE, "the share of the mean gradient in what gives the sign", default=0.9, synonyms=("betas", "b1"))
    beta_2: float = key(SHARE, "the share of the mean gradient that stays", default=0.99, synonyms=("b2",))
    weight_decay: float = key(COEFFICIENT, "the decay's coefficient, times the learning rate a step", default=0.0,
                              synonyms=L2)


Optimizer = Sgd | RmsProp | Adam | AdamW | Lamb | Lion
OPTIMIZERS = (Sgd, RmsProp, Adam, AdamW, Lamb, Lion)
