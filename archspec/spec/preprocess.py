"""The `train.preprocess` section of a spec: what is done to every image, in training, evaluation and serving alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from archspec.schema.keys import Clash, Named, Section, key, section
from archspec.schema.kinds import Choice, Each, Flag, Number, Whole

WHITE = 255.0
"""The largest value of a pixel, as it comes from a file."""
OFFSETS = ("floor", "ceil", "even", "unrounded")
FILTERS = ("bilinear", "bicubic", "area", "lanczos3", "nearest")
UNSMOOTHED = ("area", "nearest")
"""Filters that have no antialias."""
ORIGINS = ("centre", "corner")
DECODERS = ("accurate", "fast")
TRANSFORMS = {**dict.fromkeys(("slow", "exact", "pillow", "pil", "islow", "integeraccurate"), "accurate"),
              **dict.fromkeys(("ifast", "integerfast"), "fast")}
"""What TensorFlow, libjpeg and people call them."""
ORDERS = ("rgb", "bgr")
MEAN, STD = Number(least=0, most=1e6), Number(above=0, most=1e6)
STATISTICS = 1 << 10
"""The most numbers of mean and std: one a channel."""


@section
class Shorter(Section):
    """Scaled, aspect kept, until the shorter side has so many pixels; the input is cut out of its middle."""

    word = "shorter"
    synonyms = ("size", "resize", "shorter_side", "short_side", "shortest_edge", "smallest_edge", "smallest_max_size")
    main = "pixels"
    pixels: int = key(Whole(1, 1 << 14), "of the shorter side", unit="pixels", synonyms=("size",))
    longer: str = key(Choice(("round", "floor")), "how the length of the longer side is made a whole number", default="round")


@section
class Cover(Section):
    """As `shorter`, with the sides as multiples of the input's, made whole numbers first: 1.143 makes 256 of 224."""

    word = "cover"
    main = "margin"
    margin: float = key(Number(least=1, most=4), "how far beyond the input's sides it is scaled", unit="times the input")
    longer: str = key(Choice(("round", "floor")), "how the sides are made whole numbers", default="round")


@section
class Fraction(Section):
    """The middle is cut out first, so much of the sides, and then scaled to the input."""

    word = "fraction"
    synonyms = ("crop_pct", "central_fraction", "central_crop", "center_crop", "centre_crop")
    main = "share"
    share: float = key(Number(above=0, most=1), "of the side that stays", default=0.875, unit="share",
                       synonyms=("crop_pct", "central_fraction"))
    of: str = key(Choice(("smaller", "sides")), "a square of the smaller side, with the input's aspect; or a part of each "
                  "side, which loses the aspect", default="smaller")


@section
class Squash(Section):
    """Scaled to the input's very size; the aspect is lost, nothing is cut off."""

    word = "squash"
    synonyms = ("stretch", "warp", "distort", "exact")


@section
class AsIs(Section):
    """Not scaled: the input is cut out of the middle. An image smaller than the input is refused."""

    word = "none"
    synonyms = ("no", "off", "false", "as_is")


Resize = Shorter | Cover | Fraction | Squash | AsIs
RESIZES = Named((Shorter, Cover, Fraction, Squash, AsIs))
IMAGENET_MEAN, IMAGENET_STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)

DEFAULTS: Mapping[str, object] = MappingProxyType({
    "resize": Fraction(), "offset": "floor", "interpolation": "bilinear", "antialias": True, "origin": "centre",
    "decoder": "accurate", "order": "rgb", "mean": (127.5,), "std": (127.5,)})
"""What holds where neither the section nor a preset says anything. The mean and std give -1 to 1."""
PRESETS: Mapping[str, Mapping[str, object]] = MappingProxyType({
    "torchvision": {"resize": Cover(margin=256 / 224, longer="floor"), "offset": "even", "mean": IMAGENET_MEAN,
                    "std": IMAGENET_STD},
    "timm": {"resize": Cover(margin=1 / 0.875, longer="floor"), "offset": "even", "interpolation": "bicubic",
             "mean": IMAGENET_MEAN, "std": IMAGENET_STD},
    "slim_inception": {"resize": Fraction(of="sides"), "antialias": False, "origin": "corner", "decoder": "fast"},
    "slim_vgg": {"resize": Shorter(pixels=256), "antialias": False, "origin": "corner", "decoder": "fast",
                 "mean": (123.68, 116.78, 103.94), "std": (1.0,)},
    "tf_model_garden": {"resize": Fraction(), "offset": "unrounded", "antialias": False, "decoder": "fast",
                        "mean": IMAGENET_MEAN, "std": IMAGENET_STD},
    "keras_tf": {"resize": Squash(), "antialias": False, "decoder": "fast"},
    "keras_torch": {"resize": Squash(), "antialias": False, "decoder": "fast", "mean": IMAGENET_MEAN, "std": IMAGENET_STD},
    "keras_caffe": {"resize": Squash(), "antialias": False, "decoder": "fast", "order": "bgr",
                    "mean": (103.939, 116.779, 123.68), "std": (1.0,)},
})
"""How libraries prepare images for evaluation, by library; sources in docs/data.md."""


_IMAGENET = ("each library has its own for ImageNet: torchvision (shorter side to 256, the middle 224 of it, PyTorch's mean "
             "and std), timm (the same, bicubic), those of keras.applications (keras_tf, keras_torch, keras_caffe), and "
             "TensorFlow's (tf_model_garden, slim_inception, slim_vgg)")
OTHER_PRESETS = {"imagenet": _IMAGENET, "imagenetdefault": _IMAGENET, "imagenet1k": _IMAGENET, "default": _IMAGENET,
                 "pytorch": "torchvision", "torch": "torchvision, or of keras.applications keras_torch",
                 "tf": "keras_tf of keras.applications, else tf_model_garden", "caffe": "keras_caffe",
                 "keras": "keras_tf, keras_torch or keras_caffe: what the network's preprocess_input does",
                 "inception": "slim_inception", "vgg": "slim_vgg", "slim": "slim_inception or slim_vgg"}
"""What may be meant by the name of no preset."""
INPUT = "what the network sees has the size at the top of the spec, input: 224x224x3"
_SIZE = f"{INPUT}; resize: {{shorter: 256}} says how an image is scaled before its middle is cut out"
_STATISTICS = "that is mean and std, of pixels from 0 to 255: mean: 127.5, std: 127.5 gives -1 to 1; a preset has both"


@section
class PreprocessKeys(Section):
    """What turns an image into the network's input. A preset says all keys that are not written beside it."""

    instead = MappingProxyType({
        **dict.fromkeys(("crop", "cropsize", "centercrop", "centrecrop", "size", "imagesize", "imgsize", "inputsize",
                         "inputshape", "input", "targetsize"), _SIZE),
        **dict.fromkeys(("normalize", "normalise", "normalization", "normalisation", "rescale", "rescaling"),
                        _STATISTICS)})

    main = "preset"
    preset: str = key(Choice(("none", *PRESETS), OTHER_PRESETS), "how a library prepares images, see "
                      "[presets](data.md#presets)", default="none")
    resize: Shorter | Cover | Fraction | Squash | AsIs | None = key(
        RESIZES, "how an image of another size is made to fit", default=None,
        follows="the preset's, else fraction 0.875; of arrays squash")
    offset: str | None = key(
        Choice(OFFSETS), "how half a pixel is rounded where the middle is cut out; unrounded: down, of what a fraction leaves "
        "before its sides are whole numbers", default=None, follows="the preset's, else floor")
    interpolation: str | None = key(Choice(FILTERS), "how it is scaled", default=None, follows="the preset's, else bilinear",
                                    synonyms=("filter", "method", "resample"))
    antialias: bool | None = key(Flag(), "whether scaling down takes the mean of what falls together", default=None,
                                 follows="the preset's, else true")
    origin: str | None = key(Choice(ORIGINS), "what stays in its place when an image is scaled: the centre of "
                             "pixels, or their corner, as in TensorFlow 1", default=None, follows="the preset's, else centre")
    decoder: str | None = key(Choice(DECODERS, TRANSFORMS), "which cosine transform decodes JPEG: the exact one, as Pillow's, "
                              "or the faster one that TensorFlow has where nothing is said", default=None,
                              follows="the preset's, else accurate")
    order: str | None = key(Choice(ORDERS), "the order of colours", default=None, follows="the preset's, else rgb",
                            synonyms=("channel_order",))
    mean: tuple[float, ...] | None = key(
        Each(MEAN, bare=True, most=STATISTICS), "is subtracted from pixels of 0 to 255, in the order "
        "of `order`; one number, or one a channel", default=None, unit="pixel value", follows="the preset's, else 127.5")
    std: tuple[float, ...] | None = key(
        Each(STD, bare=True, most=STATISTICS), "divides them; one number, or one a channel",
        default=None, unit="pixel value", follows="the preset's, else 127.5")

    def said(self, name: str) -> object:
        """What holds for a key: what is written, else the preset's, else the default."""
        written = getattr(self, name)
        return PRESETS.get(self.preset, {}).get(name, DEFAULTS[name]) if written is None else written

    def clashes(self) -> Iterator[Clash]:
        """Statistics of pixels from 0 to 1, as PyTorch has them; filters that have no antialias."""
        mean, std = self.mean or (127.5,), self.std or (127.5,)
        usual = self.std is None and all(0 < each < 1 for each in mean)
        if usual or all(each < 1 for each in std):
            given = {"mean": mean} if usual else {"mean": mean, "std": std} if max(mean) <= 1 else {"std": std}
            scaled = ", ".join(f"{name}: {_scaled(values)}" for name, values in given.items())
            yield Clash(("mean",) if usual else ("std", "mean"), "these are statistics of pixels from 0 to 1, and pixels are 0 "
                        "to 255 here", f"times 255: {scaled}")
        if self.antialias and (self.origin == "corner" or self.interpolation in UNSMOOTHED):
            other = "origin" if self.origin == "corner" else "interpolation"
            yield Clash(("antialias", other), f"{other}: {getattr(self, other)} has no antialias", "leave antialias out")


def _scaled(values: tuple[float, ...]) -> str:
    found = [f"{value * WHITE:.6g}" for value in values]
    return found[0] if len(found) == 1 else f"[{', '.join(found)}]"
