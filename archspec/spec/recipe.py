"""The `train` section of a spec: what a network learns from, and how. Every key acts, every default stands here."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import ClassVar

from archspec.schema.keys import Clash, OneOf, Section, Sub, key, section, tag
from archspec.schema.kinds import Choice, Each, Flag, Number, Text, Whole

SHARE = Number(least=0, below=1)
NOT_NEGATIVE = Number(least=0, most=1e6)
MOST_EPOCHS = 100_000
PIXEL = 255
"""The largest value of a pixel, as it comes from a file."""


@section
class Digits(Section):
    """scikit-learn's 1797 handwritten digits, 8x8, resized to the input: 1437 to train, 360 to test. No download."""

    mirrored: ClassVar[bool] = False
    """Whether a mirror image is another example of the same class."""
    source: str = tag("scikit-learn's handwritten digits", default="digits")


@section
class Folder(Section):
    """One folder a class. `path` holds `train` and `validation` (or `val`, `test`), or the class folders themselves."""

    mirrored: ClassVar[bool] = True
    source: str = tag("images in one folder a class", default="folder")
    path: str = key(Text("the path of a folder"), "relative to the folder in which the command runs",
                    synonyms=("dir", "directory", "root", "folder", "data_dir"))
    holdout: float = key(SHARE, "the share of each class kept for testing, where `path` holds the class folders themselves",
                         default=0.0,
                         unit="share", synonyms=("validation_split", "val_split"))
    resize: float = key(Number(least=1, most=4),
                        "the image is scaled to cover the input times this, then cropped to it: 224 comes from 258 pixels",
                        default=1.15, unit="times the input")


@section
class Normalize(Section):
    """(pixel - mean) / std for pixels from 0 to 255; one number, or one a channel. The default gives -1 to 1."""

    mean: tuple[float, ...] = key(Each(Number(least=0, most=1e6), bare=True),
                                  "is subtracted from pixels of 0 to 255; one number, or one a channel", default=(127.5,),
                                  unit="pixel value")
    std: tuple[float, ...] = key(Each(Number(above=0, most=1e6), bare=True), "divides them; one number, or one a channel",
                                 default=(127.5,), unit="pixel value")

    def clashes(self) -> Iterator[Clash]:
        """Statistics of pixels from 0 to 1, as PyTorch has them."""
        usual = self.std == Normalize().std and all(0 < mean < 1 for mean in self.mean)
        if usual or all(std < 1 for std in self.std):
            given = {"mean": self.mean} if usual else {"mean": self.mean, "std": self.std} if max(self.mean) <= 1 else \
                {"std": self.std}
            scaled = ", ".join(f"{name}: {_scaled(values)}" for name, values in given.items())
            yield Clash(("mean",) if usual else ("std", "mean"), "these are statistics of pixels from 0 to 1, and pixels are 0 "
                        "to 255 here", f"times 255: {scaled}")


def _scaled(values: tuple[float, ...]) -> str:
    found = [f"{value * PIXEL:.6g}" for value in values]
    return found[0] if len(found) == 1 else f"[{', '.join(found)}]"


@section
class Augment(Section):
    """What training does to an image. A crop at random from an image padded by `crop_padding` black pixels a side."""

    crop_padding: int = key(Whole(0, 10_000),
                            "black pixels around an image that is then cropped at random; 0: no crop at random", default=0,
                            unit="pixels a side", synonyms=("padding", "random_crop", "pad"))
    flip: str | bool = key(Choice(("auto", True, False)),
                           "mirror every second image left to right; auto: where the data source says that a mirror image "
                           "means the same", default="auto",
                           synonyms=("random_flip", "horizontal_flip", "hflip", "mirror"))


@section
class Sgd(Section):
    """Stochastic gradient descent with momentum, as in the papers: weight decay is an L2 penalty on kernels alone."""

    kind: str = tag("stochastic gradient descent with momentum", default="sgd")
    momentum: float = key(SHARE, "the share of the last change that goes on", default=0.9)
    nesterov: bool = key(Flag(), "Nesterov's form of momentum", default=False)
    weight_decay: float = key(Number(least=0, most=1), "L2 penalty on kernels; not on biases and norms", default=1e-4,
                              synonyms=("wd", "l2", "decay", "regularization"))


@section
class _Schedule(Section):
    learning_rate: float = key(Number(above=0), "the highest learning rate", default=0.1,
                               synonyms=("lr", "base_lr", "initial_learning_rate", "max_lr"))
    warmup: float = key(NOT_NEGATIVE, "epochs in which the learning rate rises in a line from 0", default=0.0, unit="epochs",
                        synonyms=("warmup_epochs", "warm_up"))


@section
class Step(_Schedule):
    """The learning rate is multiplied by `factor` at each of `milestones` (epochs)."""

    kind: str = tag("falls at milestones", default="step")
    milestones: tuple[float, ...] = key(Each(Number(above=0, most=MOST_EPOCHS)),
                                        "the epochs at which the learning rate falls; they must rise", unit="epochs",
                                        synonyms=("steps", "boundaries", "step_size"))
    factor: float = key(Number(above=0, most=1), "what the learning rate is multiplied by there", default=0.1,
                        synonyms=("gamma", "decay_rate"))

    def clashes(self) -> Iterator[Clash]:
        """Milestones that do not rise, or come before the warm-up ends."""
        if any(late <= early for early, late in pairwise(self.milestones)):
            yield Clash(("milestones",), "milestones must rise: each a later epoch than the one before",
                        f"write milestones: [{', '.join(f'{epoch:g}' for epoch in sorted(set(self.milestones)))}]")
        if self.milestones[0] < self.warmup:
            yield Clash(("milestones", "warmup"), f"the first milestone, epoch {self.milestones[0]:g}, lies within the warm-up "
                        f"of {self.warmup:g}", "a later milestone, or a shorter warmup")


@section
class Cosine(_Schedule):
    """After the warm-up the learning rate falls to 0 along half a cosine."""

    kind: str = tag("falls to 0 along half a cosine", default="cosine")


@section
class Constant(_Schedule):
    """The same learning rate throughout, after the warm-up."""

    kind: str = tag("stays the same", default="constant")


@section
class Checkpoint(Section):
    """When the state is saved. What is not saved is lost by a kill."""

    epochs: int = key(Whole(1, MOST_EPOCHS), "at the end of every so many epochs, and of the last", default=1, unit="epochs")
    steps: int = key(Whole(0, 10**9), "and within an epoch after every so many steps; 0: never", default=0, unit="steps")
    keep: int = key(Whole(2, 1000), "how many are kept; two at least, so that one can be read if the other is damaged",
                    default=2)


@section
class Init(Section):
    """Weights to start from, instead of random ones: a run's, or a file that `archspec import` reads."""

    weights: str = key(Text("the path of a file or a run's folder"), "the run or the file, relative to the folder in which the "
                       "command runs", synonyms=("path", "file", "checkpoint", "pretrained"))
    layout: str = key(Text("the name of a layout"), "where it is from: archspec for a run or a model.keras of ours, keras, "
                      "pytorchcv, timm, timm-tf, torchvision, or the file of a mapping of your own", default="archspec")
    new_head: bool = key(Flag(), "start the last layer afresh, for other classes; of a run's that is done where their number "
                         "differs", default=False)
    partial: bool = key(Flag(), "take what fits, and start afresh what is missing", default=False)
    as_is: bool = key(Flag(), "take the numbers whatever they are, into a network of another form too", default=False)


@section
class Recipe(Section):
    """All that training needs to know beside the network."""

    data: Digits | Folder = key(OneOf("source", (Digits, Folder), "images in a folder: data: {{source: folder, path: {word}}}"),
                                "where the images come from", default=Digits(),
                                synonyms=("dataset",))
    epochs: int = key(Whole(1, MOST_EPOCHS), "how often every image is seen", default=30)
    batch: int = key(Whole(1, 10**6), "images a step, over all devices together", default=32, unit="images",
                     synonyms=("batch_size", "bs", "global_batch_size"))
    optimizer: Sgd = key(OneOf("kind", (Sgd,)), "how weights change", default=Sgd(), synonyms=("optimiser",))
    schedule: Step | Cosine | Constant = key(OneOf("kind", (Cosine, Step, Constant)), "the learning rate over the epochs",
                                             default=Cosine(), synonyms=("lr_schedule", "scheduler"))
    normalize: Normalize = key(Sub(Normalize), "what is done to pixels ahead of the network", default=Normalize(),
                               synonyms=("normalise", "normalization", "preprocessing"))
    augment: Augment = key(Sub(Augment), "what training does to images", default=Augment(),
                           synonyms=("augmentation", "augmentations", "transforms"))
    label_smoothing: float = key(SHARE, "the share of each label that is spread over all classes", default=0.0, unit="share",
                                 synonyms=("smoothing",))
    auxiliary_weight: float = key(NOT_NEGATIVE,
                                  "the weight of each auxiliary classifier's loss beside the main one's; read only by "
                                  "networks that have some", default=0.3,
                                  synonyms=("aux_weight",))
    init: Init | None = key(Sub(Init, bare="weights"), "weights to start from instead of random ones; of a run: `init: runs/x`",
                            default=None, synonyms=("pretrained",))
    seed: int = key(Whole(0, 2**31 - 1), "fixes the weights, the order of the images and what augmentation draws", default=0,
                    synonyms=("random_seed",))
    strategy: str = key(Choice(("auto", "one", "mirrored")), "auto: mirrored where there are several GPUs, else one device",
                        default="auto", synonyms=("distribution", "devices", "gpus"))
    sync_batch_norm: bool = key(Flag(),
                                "statistics over the whole batch, not over each device's part: as many devices as one likes, "
                                "the same training", default=True, synonyms=("sync_bn",))
    checkpoint: Checkpoint = key(Sub(Checkpoint), "when the state is saved", default=Checkpoint(),
                                 synonyms=("checkpoints", "save"))

    @property
    def flips(self) -> bool:
        """Whether training mirrors images."""
        return self.data.mirrored if self.augment.flip == "auto" else bool(self.augment.flip)

    def clashes(self) -> Iterator[Clash]:
        """A mirror image that is no example of its class; a schedule that training does not reach."""
        if self.augment.flip is True and not self.data.mirrored:
            yield Clash(("augment.flip", "data"), "a mirrored digit is not a digit", "leave augment.flip out, or write false")
        if self.schedule.warmup >= self.epochs:
            yield Clash(("schedule.warmup", "epochs"), f"schedule.warmup reaches epoch {self.schedule.warmup:g}, but training "
                        f"has {self.epochs}", "a shorter warmup, or more epochs")
        last = self.schedule.milestones[-1] if isinstance(self.schedule, Step) else 0
        if isinstance(self.schedule, Step) and last >= self.epochs:
            yield Clash(("schedule.milestones", "epochs"), f"schedule.milestones reaches epoch {last:g}, but training has "
                        f"{self.epochs}", _ways_out(self.schedule.milestones, self.epochs))


def _ways_out(milestones: tuple[float, ...], epochs: int) -> str:
    """Hint for milestones behind the end: the schedule without any, the milestones in proportion, or more epochs."""
    last = milestones[-1]
    scaled = [float(f"{each * epochs / (last * 1.125):.2g}") for each in milestones]
    shown = f", schedule.milestones: [{', '.join(f'{each:g}' for each in scaled)}]" if sorted(set(scaled)) == scaled else ""
    return f"schedule: cosine{shown}, or more than {last:g} epochs"
