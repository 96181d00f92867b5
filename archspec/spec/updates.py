"""Keys of `train` on what is done to gradients and weights beside the optimizer."""

from __future__ import annotations

from archspec.schema.keys import Section, key, section
from archspec.schema.kinds import Choice, Each, Flag, Number, Text, Whole


@section
class Clip(Section):
    """Bounds a gradient: its length over all weights, each number of it, or its length beside the weight's."""

    main = "at"
    at: float = key(Number(above=0, most=1e6), "the bound", synonyms=("max_norm", "clipnorm", "clip_grad", "value", "norm"))
    kind: str = key(Choice(("norm", "value", "adaptive"), {"globalnorm": "norm", "clipvalue": "value", "agc": "adaptive"}),
                    "norm: the length of all gradients together; value: each number; adaptive: each unit's length as a share "
                    "of its weights', the classifier's left as it is (2102.06171, section 4.1)", default="norm",
                    synonyms=("mode", "clip_mode"))


@section
class Ema(Section):
    """A moving average of the weights, tested and exported in place of those that are trained (see `export.weights`)."""

    main = "decay"
    decay: float = key(Number(least=0, below=1), "the share of the average that stays at each update")
    every: int = key(Whole(1, 10**6), "the average takes up the weights after every so many steps", default=1, unit="steps",
                     synonyms=("steps", "model_ema_steps", "frequency"))
    buffers: bool = key(Flag(), "the statistics of batch norms are averaged, too; else they are those of the last update",
                        default=True, synonyms=("use_buffers",))
    warmup: bool = key(Flag(), "at the n-th update (1 + n)/(10 + n) of the average stays at most, as in TensorFlow 1",
                       default=False, synonyms=("num_updates", "use_warmup"))


@section
class Freeze(Section):
    """Layers that do not learn: their weights stay, and so do the statistics of their norms."""

    main = "layers"
    layers: tuple[str, ...] = key(Each(Text("the name of a stage, a block or a layer"), bare=True, unique=True),
                                  "stages, blocks such as stage1_block2, or layers", synonyms=("names", "stages", "modules"))
    until: float = key(Number(least=0, most=1e6), "the epoch from which on they learn; 0: never", default=0.0, unit="epochs",
                       synonyms=("unfreeze", "unfreeze_at"))

    def is_over(self, step: int, steps: int) -> bool:
        """Whether they learn in the step that comes after so many, of so many an epoch."""
        return 0 < self.until * steps <= step
