"""The `train` section of a spec: what a network learns from, and how. Every key acts, every default stands here."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WrapValidator, model_validator
from pydantic_core import PydanticCustomError

from archspec.errors import nearest

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Fraction = Annotated[float, Field(ge=0, lt=1)]
Count = Annotated[int, Field(ge=1)]


class Section(BaseModel):
    """A mapping of the spec: immutable, no key beyond its own, no value turned into another type."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def by_key(key: str, kinds: dict[str, type[Section]]) -> WrapValidator:
    """Picks the model by the value of `key`, so that an error's place is the key path in the YAML.

    A bare text stands for a mapping with that key alone: `data: digits`.
    """
    def choose(value: Any, handler: Callable[[Any], Any]) -> Any:
        if isinstance(value, Section):
            return handler(value)
        written = {key: value} if isinstance(value, str) else value
        if not isinstance(written, dict):
            raise PydanticCustomError("mapping", "expected one of {known}, or a mapping with '{key}'",
                                      {"known": ", ".join(kinds), "key": key})
        said = written.get(key, next(iter(kinds)))
        if not isinstance(said, str) or said not in kinds:
            raise PydanticCustomError("choice", "unknown {key} '{said}': expected {known}{hint}",
                                      {"key": key, "said": str(said), "known": ", ".join(kinds),
                                       "hint": _hint(str(said), kinds)})
        return kinds[said].model_validate({**written, key: said})
    return WrapValidator(choose)


def _hint(said: str, known: dict[str, type[Section]]) -> str:
    hint = nearest(said, known)
    return f"; {hint}" if hint else ""


class Digits(Section):
    """scikit-learn's 1797 handwritten digits, 8x8, resized to the input: 1437 to train, 360 to test. No download."""

    source: Literal["digits"] = "digits"
    mirrored: ClassVar[bool] = False
    """Whether a mirror image is another example of the same class."""


class Folder(Section):
    """One folder a class. `path` holds `train` and `validation` (or `val`, `test`), or the class folders themselves."""

    source: Literal["folder"] = "folder"
    path: Annotated[str, Field(min_length=1)]
    """Relative to the folder in which the command runs."""
    holdout: Fraction = 0.0
    """The share of each class kept for testing, where `path` holds the class folders themselves."""
    resize: Annotated[float, Field(ge=1, le=4)] = 1.15
    """The image is scaled to cover the input times this, then cropped to it: 224 comes from 258 pixels."""
    mirrored: ClassVar[bool] = True


Data = Annotated[Digits | Folder, Field(discriminator="source"), by_key("source", {"digits": Digits, "folder": Folder})]


def _channels(value: Any) -> Any:
    return value if isinstance(value, (list, tuple)) else [value]


def _per_channel(item: Any) -> Any:
    return Annotated[tuple[Annotated[item, Field(strict=True)], ...], Field(strict=False), BeforeValidator(_channels),
                     AfterValidator(_some)]


def _some(values: tuple[float, ...]) -> tuple[float, ...]:
    if not values:
        raise PydanticCustomError("empty", "expected one number at least")
    return values


class Normalize(Section):
    """(pixel - mean) / std for pixels from 0 to 255; one number, or one a channel. The default gives -1 to 1."""

    mean: _per_channel(NotNegative) = (127.5,)  # type: ignore[valid-type]
    std: _per_channel(Positive) = (127.5,)  # type: ignore[valid-type]


class Augment(Section):
    """What training does to an image. A crop at random from an image padded by `crop_padding` black pixels a side."""

    crop_padding: Annotated[int, Field(ge=0)] = 0
    flip: Literal["auto", True, False] = "auto"
    """Mirror every second image left to right; auto: where the data source says that a mirror image means the same."""


class Sgd(Section):
    """Stochastic gradient descent with momentum, as in the papers: weight decay is an L2 penalty on kernels alone."""

    kind: Literal["sgd"] = "sgd"
    momentum: Fraction = 0.9
    nesterov: bool = False
    weight_decay: NotNegative = 1e-4


class _Schedule(Section):
    learning_rate: Positive = 0.1
    warmup: NotNegative = 0.0
    """Epochs in which the learning rate rises in a line from 0."""


class Step(_Schedule):
    """The learning rate is multiplied by `factor` at each of `milestones` (epochs)."""

    kind: Literal["step"] = "step"
    milestones: Annotated[tuple[Annotated[Positive, Field(strict=True)], ...], Field(strict=False), AfterValidator(_some)]
    factor: Annotated[float, Field(gt=0, le=1)] = 0.1

    @model_validator(mode="after")
    def _rising(self) -> Step:
        if any(late <= early for early, late in pairwise(self.milestones)):
            raise PydanticCustomError("milestones", "milestones must rise: each a later epoch than the one before")
        if self.milestones[0] < self.warmup:
            raise PydanticCustomError("milestones", "the first milestone lies within the warm-up")
        return self


class Cosine(_Schedule):
    """After the warm-up the learning rate falls to 0 along half a cosine."""

    kind: Literal["cosine"] = "cosine"


class Constant(_Schedule):
    """The same learning rate throughout, after the warm-up."""

    kind: Literal["constant"] = "constant"


Schedule = Annotated[Step | Cosine | Constant, Field(discriminator="kind"),
                     by_key("kind", {"cosine": Cosine, "step": Step, "constant": Constant})]


class Checkpoint(Section):
    """When the state is saved. What is not saved is lost by a kill."""

    epochs: Count = 1
    """At the end of every so many epochs, and of the last."""
    steps: Annotated[int, Field(ge=0)] = 0
    """And within an epoch after every so many steps; 0: never."""
    keep: Annotated[int, Field(ge=2)] = 2
    """How many are kept; two at least, so that one can be read if the other is damaged."""


class Init(Section):
    """Weights to start from, instead of random ones: a file that `archspec import` reads."""

    weights: Annotated[str, Field(min_length=1)]
    """The file, relative to the folder in which the command runs."""
    layout: Annotated[str, Field(min_length=1)]
    """Where it is from: keras, timm, torchvision, or a mapping of your own."""
    new_head: bool = False
    """Start the last layer afresh, for other classes."""
    partial: bool = False
    """Take what fits, and start afresh what is missing."""


class Recipe(Section):
    """All that training needs to know beside the network."""

    data: Data = Digits()
    epochs: Count = 30
    batch: Count = 32
    """Images a step, over all devices together."""
    optimizer: Annotated[Sgd, by_key("kind", {"sgd": Sgd})] = Sgd()
    schedule: Schedule = Cosine()
    normalize: Normalize = Normalize()
    augment: Augment = Augment()
    label_smoothing: Fraction = 0.0
    auxiliary_weight: NotNegative = 0.3
    """The weight of each auxiliary classifier's loss beside the main one's; read only by networks that have some."""
    init: Init | None = None
    seed: Annotated[int, Field(ge=0, lt=2 ** 31)] = 0
    """Fixes the weights, the order of the images and what augmentation draws."""
    strategy: Literal["auto", "one", "mirrored"] = "auto"
    """auto: mirrored where there are several GPUs, else one device."""
    sync_batch_norm: bool = True
    """Statistics over the whole batch, not over each device's part: as many devices as one likes, the same training."""
    checkpoint: Checkpoint = Checkpoint()

    @property
    def flips(self) -> bool:
        """Whether training mirrors images."""
        return self.data.mirrored if self.augment.flip == "auto" else self.augment.flip

    @model_validator(mode="after")
    def _consistent(self) -> Recipe:
        if self.augment.flip is True and not self.data.mirrored:
            raise PydanticCustomError("flip", "augment.flip: a mirrored digit is not a digit; leave flip out, or false")
        for name, end in _marks(self.schedule).items():
            if end >= self.epochs:
                raise PydanticCustomError("schedule", "schedule.{name} reaches epoch {end}, but training has {epochs}",
                                          {"name": name, "end": f"{end:g}", "epochs": self.epochs})
        return self


def _marks(schedule: Step | Cosine | Constant) -> dict[str, float]:
    """The epochs that a schedule names, by key."""
    last = {"milestones": schedule.milestones[-1]} if isinstance(schedule, Step) else {}
    return {"warmup": schedule.warmup, **last}
