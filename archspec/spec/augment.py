"""The `train.augment` section of a spec: an ordered list of what training does to images at random."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from archspec.schema.keys import Clash, ListOf, Named, Section, key, section
from archspec.schema.kinds import Choice, Each, Flag, Number, Whole
from archspec.spec.preprocess import FILTERS

CHANCE = Number(least=0, most=1)
STRENGTH = Number(least=0, most=10)
SIDES = Each(Whole(1, 1 << 14), least=2, most=2)
FILL = ("mean", "black", "grey", "reflect")


def _reversed(section: Section, *names: str) -> Iterator[Clash]:
    """Keys that hold a least and a greatest value, the other way round."""
    for name in names:
        least, greatest = getattr(section, name)
        if least > greatest:
            yield Clash((name,), f"{name} goes from {least:g} down to {greatest:g}", f"the least first: {name}: [{greatest:g}, "
                        f"{least:g}]")


@section
class RandomResizedCrop(Section):
    """A part of the image, of random area and aspect, scaled to the input (Szegedy et al. 2015, 1409.4842, section 6)."""

    word = "random_resized_crop"
    synonyms = ("RandomSizedCrop", "inception_crop", "RandomCropAndResize")
    area: tuple[float, ...] = key(Each(Number(above=0, most=1), least=2, most=2), "the least and the greatest part of the "
                                  "image's area", default=(0.08, 1.0), unit="share", synonyms=("scale",))
    aspect: tuple[float, ...] = key(Each(Number(above=0, most=100), least=2, most=2), "width by height, least and greatest",
                                    default=(3 / 4, 4 / 3), synonyms=("ratio", "aspect_ratio"))
    draw: str = key(Choice(("log", "linear")), "aspects evenly in their logarithm, as torchvision and timm; or evenly "
                    "themselves, mirrored at 1 by chance, as fb.resnet.torch", default="log")
    tries: int = key(Whole(1, 1000), "how often a part is drawn until one fits into the image", default=10)
    interpolation: str = key(Choice(("same", "random", *FILTERS)), "how it is scaled: as `preprocess` says, or by one of four "
                             "filters at random (GoogLeNet, Inception)", default="same", synonyms=("filter",))

    def clashes(self) -> Iterator[Clash]:
        """A least that is greater than the greatest."""
        return _reversed(self, "area", "aspect")


@section
class RandomScaleCrop(Section):
    """Scaled to a random length of the shorter side, then cropped at random (Simonyan & Zisserman 2015, section 3.1)."""

    word = "random_scale_crop"
    synonyms = ("scale_jitter", "RandomShortestSize", "RandomScale")
    main = "shorter"
    shorter: tuple[int, ...] = key(SIDES, "the least and the greatest length of the shorter side", default=(256, 480),
                                   unit="pixels", synonyms=("sizes", "scales"))

    def clashes(self) -> Iterator[Clash]:
        """A least that is greater than the greatest."""
        return _reversed(self, "shorter")


@section
class PadCrop(Section):
    """A crop at random from the image with a border, as CIFAR's papers have it (Lee et al. 2015, 1409.5185)."""

    word = "pad_crop"
    synonyms = ("RandomCrop", "pad_and_crop", "random_crop_with_padding", "PadRandomCrop")
    main = "pixels"
    pixels: int = key(Whole(1, 1 << 12), "of the border, a side", default=4, unit="pixels", synonyms=("padding", "size"))
    fill: str = key(Choice(FILL), "what the border holds; mean: what the network sees as 0, as where one pads behind the "
                    "normalisation", default="mean", synonyms=("mode", "padding_mode"))


@section
class Flip(Section):
    """Mirrored, left to right, or upside down."""

    word = "flip"
    synonyms = ("RandomHorizontalFlip", "HorizontalFlip", "RandomFlip", "hflip", "fliplr", "flip_left_right",
                "random_flip_left_right", "mirror")
    main = "probability"
    probability: float = key(CHANCE, "of being mirrored", default=0.5, synonyms=("p", "prob"))
    axis: str = key(Choice(("horizontal", "vertical")), "left to right, or upside down", default="horizontal",
                    synonyms=("direction", "mode", "vertical", "horizontal"))


@section
class Rotate(Section):
    """Turned about its middle by a random angle."""

    word = "rotate"
    synonyms = ("RandomRotation", "RandomRotate", "rotation", "rotation_range", "SafeRotate")
    main = "degrees"
    degrees: float = key(Number(above=0, most=180), "the greatest angle, to either side", default=10.0, unit="degrees",
                         synonyms=("angle", "factor"))
    fill: str = key(Choice(FILL), "what comes in at the corners", default="black", synonyms=("fill_mode",))
    interpolation: str = key(Choice(("nearest", "bilinear", "bicubic")), "how it is turned", default="bilinear")


@section
class ColourJitter(Section):
    """Brightness, contrast and saturation by factors from 1 - x to 1 + x, hue by a part of a turn."""

    word = "colour_jitter"
    synonyms = ("ColorJitter", "RandomBrightness", "RandomContrast", "RandomSaturation", "RandomHue",
                "RandomBrightnessContrast", "HueSaturationValue", "RandomColorJitter", "brightness", "contrast",
                "saturation")
    brightness: float = key(STRENGTH, "x", default=0.4)
    contrast: float = key(STRENGTH, "x; against the mean grey of the image", default=0.4)
    saturation: float = key(STRENGTH, "x; against the grey image", default=0.4)
    hue: float = key(Number(least=0, most=0.5), "the greatest shift, to either side", default=0.0, unit="turns")
    order: str = key(Choice(("random", "fixed")), "in which these follow each other: any, as fb.resnet.torch and torchvision; "
                     "or as they stand here, as TF Model Garden", default="random")


@section
class PcaLighting(Section):
    """A shift of colours along ImageNet's principal components (Krizhevsky et al. 2012, section 4.1)."""

    word = "pca_lighting"
    synonyms = ("Lighting", "PCANoise", "FancyPCA", "pca")
    main = "sigma"
    sigma: float = key(Number(above=0, most=10), "the standard deviation of the shift along each component", default=0.1,
                       synonyms=("alphastd", "std"))


@section
class InceptionColour(Section):
    """Brightness, saturation, hue and contrast as TF-slim distorts them for Inception, in one of its orders."""

    word = "inception_colour"
    synonyms = ("InceptionColor", "distort_color", "color_distortion")
    main = "fast"
    fast: bool = key(Flag(), "brightness and saturation alone, as TF-slim does unless it is told otherwise", default=False)


@section
class RandAugment(Section):
    """So many operations at random, all with the same magnitude (Cubuk et al. 2019, 1909.13719)."""

    word = "randaugment"
    synonyms = ("RandAug", "ra")
    main = "magnitude"
    operations: int = key(Whole(1, 20), "how many", default=2, synonyms=("n", "num_ops", "num_layers"))
    magnitude: float = key(Number(least=0, most=30), "of each: of 10 with timm, of 10 and beyond with tpu, of 30 with "
                           "torchvision", default=9.0, synonyms=("m",))
    dialect: str = key(Choice(("torchvision", "timm", "tpu")), "whose operations, and what a magnitude means; see "
                       "[dialects](data.md#dialects)", default="torchvision")
    deviation: float = key(Number(least=0, most=10), "the standard deviation of each operation's magnitude (timm: mstd)",
                           default=0.0, synonyms=("mstd", "magnitude_std"))
    increasing: bool = key(Flag(), "with timm: whether a greater magnitude is stronger for all operations (inc1)",
                           default=False, synonyms=("inc",))

    def clashes(self) -> Iterator[Clash]:
        """What only some dialects have."""
        if self.dialect != "timm":
            for name, value in (("deviation", self.deviation), ("increasing", self.increasing)):
                if value:
                    yield Clash((name, "dialect"), f"{self.dialect} has no {name}", "dialect: timm")
        if self.dialect == "timm" and self.magnitude > 10:
            yield Clash(("magnitude", "dialect"), "magnitudes of timm go to 10", "magnitude: 10, or dialect: tpu, whose go on")


@section
class AutoAugment(Section):
    """One of 25 pairs of operations that were searched for (Cubuk et al. 2018, 1805.09501)."""

    word = "autoaugment"
    synonyms = ("AutoAug", "aa")
    main = "policy"
    policy: str = key(Choice(("original", "v0")), "the paper's for ImageNet, as torchvision has it; or EfficientNet's",
                      default="original")


@section
class TrivialAugment(Section):
    """One operation at random, of random magnitude (Müller & Hutter 2021, 2103.10158, wide)."""

    word = "trivialaugment"
    synonyms = ("TrivialAugmentWide", "TrivialAug", "ta_wide")


@section
class AugMix(Section):
    """The image mixed with chains of operations on it (Hendrycks et al. 2019, 1912.02781)."""

    word = "augmix"
    synonyms = ("AugMixAugment",)
    severity: int = key(Whole(1, 10), "of each operation, of 10", default=3)
    width: int = key(Whole(1, 10), "how many chains", default=3, synonyms=("mixture_width",))
    depth: int = key(Whole(0, 10), "how many operations a chain has; 0: one to three", default=0, synonyms=("chain_depth",))
    alpha: float = key(Number(above=0, most=100), "of the Dirichlet and Beta distributions that mix", default=1.0)


@section
class RandomErasing(Section):
    """A rectangle is blotted out, behind the normalisation (Zhong et al. 2017, 1708.04896)."""

    word = "random_erasing"
    synonyms = ("RandomErase", "Cutout", "CoarseDropout", "Erasing", "re_prob")
    main = "probability"
    probability: float = key(CHANCE, "of an image", default=0.25, synonyms=("p", "prob"))
    area: tuple[float, ...] = key(Each(Number(above=0, below=1), least=2, most=2), "of the image, least and greatest",
                                  default=(0.02, 1 / 3), unit="share", synonyms=("scale",))
    aspect: tuple[float, ...] = key(Each(Number(above=0, most=100), least=2, most=2), "height by width, least and greatest, "
                                    "evenly in their logarithm", default=(0.3, 1 / 0.3), synonyms=("ratio",))
    fill: str = key(Choice(("zero", "colour", "noise")), "with 0, with one colour of the normal distribution, or with noise of "
                    "it, a pixel at a time", default="zero", synonyms=("mode", "value"))

    def clashes(self) -> Iterator[Clash]:
        """A least that is greater than the greatest."""
        return _reversed(self, "area", "aspect")


@section
class MixUp(Section):
    """Two images and their labels mixed (Zhang et al. 2017, 1710.09412). The partner is the neighbour in the batch."""

    word = "mixup"
    synonyms = ("RandomMixup", "mixup_alpha")
    main = "alpha"
    alpha: float = key(Number(above=0, most=100), "of the Beta distribution that the share is drawn from", default=0.2)
    probability: float = key(CHANCE, "of a batch; of mixup and cutmix at most one is done", default=1.0, synonyms=("p", "prob"))
    draw: str = key(Choice(("batch", "pair")), "one share for the whole batch, or one a pair of images", default="batch",
                    synonyms=("mode",))
    until: float | None = key(Number(above=0, most=1e5), "the epoch from which on it is not done", default=None, unit="epochs",
                              follows="to the end", synonyms=("off_epoch", "mixup_off_epoch"))


@section
class CutMix(Section):
    """A rectangle of another image pasted in, labels mixed by area (Yun et al. 2019, 1905.04899). Partners as in mixup."""

    word = "cutmix"
    synonyms = ("RandomCutmix", "cutmix_alpha")
    main = "alpha"
    alpha: float = key(Number(above=0, most=100), "of the Beta distribution that the area is drawn from", default=1.0)
    probability: float = key(CHANCE, "of a batch; of mixup and cutmix at most one is done", default=1.0, synonyms=("p", "prob"))
    draw: str = key(Choice(("batch", "pair")), "one rectangle for the whole batch, or one a pair of images", default="batch",
                    synonyms=("mode",))
    until: float | None = key(Number(above=0, most=1e5), "the epoch from which on it is not done", default=None, unit="epochs",
                              follows="to the end", synonyms=("off_epoch",))


CROPS = (RandomResizedCrop, RandomScaleCrop)
"""What decides which part of the image is seen; one of them at most, and first."""
ON_IMAGES = (PadCrop, Flip, Rotate, ColourJitter, PcaLighting, InceptionColour, RandAugment, AutoAugment, TrivialAugment,
             AugMix)
"""What changes pixels of 0 to 255 of an image that has the input's size."""
ON_BATCHES = (RandomErasing, MixUp, CutMix)
"""What changes what the network sees, on the device; behind all others."""
Operation = (RandomResizedCrop | RandomScaleCrop | PadCrop | Flip | Rotate | ColourJitter | PcaLighting | InceptionColour |
             RandAugment | AutoAugment | TrivialAugment | AugMix | RandomErasing | MixUp | CutMix)
NAMED = Named((*CROPS, *ON_IMAGES, *ON_BATCHES))
OPERATIONS = ListOf(NAMED)
"""The kind of `train.augment`."""


def order_clashes(operations: tuple[Operation, ...]) -> Iterator[Clash]:
    """What may not follow what in the list."""
    places = [0 if isinstance(each, CROPS) else 1 if isinstance(each, ON_IMAGES) else 2 for each in operations]
    crops = [number for number, place in enumerate(places) if place == 0]
    if len(crops) > 1:
        yield _at(crops[1], f"{' and '.join(operations[number].word for number in crops)} both say which part of the image is "
                  "seen", "keep one of them")
    elif places != sorted(places):
        early = next(number for number, (before, place) in enumerate(pairwise(places), 1) if place < before)
        yield _at(early, f"{operations[early].word} comes too late", "first a crop, then what changes pixels, then "
                  f"{', '.join(each.word for each in ON_BATCHES)}, which act on the device")
    for each in ON_BATCHES:
        found = [number for number, operation in enumerate(operations) if isinstance(operation, each)]
        if len(found) > 1:
            yield _at(found[1], f"{each.word} is given twice", "keep one of them")
    mixing = {type(each): (number, each.probability) for number, each in enumerate(operations)
              if isinstance(each, MixUp | CutMix)}
    if len(mixing) == 2 and sum(chance for _, chance in mixing.values()) > 1:
        yield _at(max(number for number, _ in mixing.values()), "of mixup and cutmix a batch gets one at most: their "
                  "probabilities add up to more than 1", "probability: 0.5 for each")


def _at(number: int, message: str, hint: str) -> Clash:
    """A clash that stands at an entry of the list."""
    return Clash((f"augment.{number}",), message, hint)
