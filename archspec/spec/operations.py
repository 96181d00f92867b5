"""What each operation of the language takes: its main argument, the others and their defaults, in one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import permutations
from types import MappingProxyType

from archspec.errors import listed
from archspec.graph.ops import ACTIVATIONS, EPSILON
from archspec.schema.keys import REQUIRED, Key
from archspec.schema.kinds import Choice, Flag, FlagOr, Form, Number, OrNone, Whole

MAX_TIMES = 10_000
FLAGS = ("bias", "linear", "bare", "keepdims", "ceil", "count_padding", "standardize", "learned")
SHORTHANDS = {"linear": ("act",), "bare": ("norm", "act")}
PADDINGS = ("same", "valid", "symmetric")
MERGES = ("concat", "add", "multiply", "max", "average", "rows", "weighted", "select", "attend")
APART = ("rows", "weighted", "select", "attend")
"""Merges whose paths stand behind the item in layer names."""
MEMORIES = ("recompute", "none")
UNITS = ("conv-norm-act", "norm-act-conv", "conv-act")
SHORTCUTS = ("identity", "pad", "projection", "projection_always", "avg_projection", "matched", "none")
SHORTCUT_PARTS = ("none", "identity", "projection", "pad", "avg_projection")
NAMES_IN_BLOCKS = {"in_channels", "channels", "map_height", "map_width", "classes", "stage", "index", "repeats", "first",
                   "last", "block", "blocks", "stages", "depth", "gated"}
"""What an expression in a block knows beside the block's own names."""
RESERVED = {*NAMES_IN_BLOCKS, "name", "if", "before", "after", "between", "memory", "none", "true", "false", "and", "or",
            "not", "else"}

NORM_KINDS = ("batch_norm", "layer_norm", "group_norm", "global_response")
INSTANCE_NORM = "group_norm with as many groups as channels is that"
NORM_WORDS = {"bn": "batch_norm", "batchnorm": "batch_norm", "batchnormalization": "batch_norm",
              "instancenorm": INSTANCE_NORM, "syncbatchnorm": "batch_norm", "frozenbatchnorm": "batch_norm",
              "ln": "layer_norm", "layernorm": "layer_norm", "layernormalization": "layer_norm", "gn": "group_norm",
              "groupnorm": "group_norm", "groupnormalization": "group_norm", "identity": "none", "grn": "global_response",
              "globalresponsenorm": "global_response", "globalresponsenormalization": "global_response"}
SQUARED_RELU = "act: relu, and behind it `branches: {merge: multiply, paths: [[], []]}`, squares it"
STAR_RELU = SQUARED_RELU + "; `scale: 1 learned bias` gives it the two numbers of StarReLU"
ACT_WORDS = {"squaredrelu": SQUARED_RELU, "relusquared": SQUARED_RELU, "relu2": SQUARED_RELU, "sqrrelu": SQUARED_RELU,
             "starrelu": STAR_RELU,
             "swish": "silu", "hswish": "hard_swish", "hardswish": "hard_swish", "hardsilu": "hard_swish",
             "hsigmoid": "hard_sigmoid", "hardsigmoid": "hard_sigmoid", "leakyrelu": "leaky_relu", "lrelu": "leaky_relu",
             "identity": "none", "linear": "none", "logistic": "sigmoid", "logsoftmax": "softmax"}


@dataclass(frozen=True, eq=False)
class Signature:
    """What an operation or a block can be given. `main` is the argument that a bare value stands for."""

    name: str
    main: str | None
    arguments: Mapping[str, Key] = field(default_factory=dict)
    doc: str = ""
    synonyms: tuple[str, ...] = ()
    """What other libraries call it."""
    is_block: bool = False
    holds: bool = False
    """Whether it holds operation lists."""
    layerless: bool = False
    """Whether it makes no layer, so that it takes no name and has no defaults."""
    broken: bool = False
    """Whether it is a block with a problem that has been reported, so that nothing is known of what it takes."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "arguments", MappingProxyType(dict(self.arguments)))

    def takes(self) -> str:
        """Its arguments, for messages."""
        return listed(self.arguments) or "no arguments"


UNIT_KIND = Choice(UNITS)
PAIR = Form("pair", "a size: 3, 3x3 or [3, 3]")
PADS = Form("pads", "a number of pixels, or [top, bottom, left, right]")
PADDING = Form("padding", "same, valid, symmetric, a number of pixels or [top, bottom, left, right]")
MARGINS = Form("margins", "a number of pixels, or [top, bottom, left, right]; a negative number crops")
SIZES = Form("sizes", "height x width x channels, 7x7x64 or [7, 7, 64], where one may be ? (in brackets in quotes)")
SPLIT = Form("split", "true, false or the sizes of the parts")
ITEMS = Form("items", "a list of operations")
KEPT = Form("kept", "a name: a letter, then letters, digits and _")
NAME = Form("name", "the name of a value that is known")
NAMES = Form("names", "the name of a value that is known, or a list of names")
PATHS = Form("paths", "a list of operation lists, or a mapping that names each")
SHORTCUT = Form("shortcut", f"one of {' '.join(SHORTCUTS)}, a list of operations or matching and differing")
NORM = Form("norm", "a kind of norm, with its arguments")
ACT = Form("act", "a kind of activation, with its arguments")
ANY = Form("any", "a value")
RATE = OrNone(Number(least=0, below=1))
DROP_PATH = Key(RATE, "none", "the chance that training drops the body of an image",
                synonyms=("stochastic_depth", "survival", "drop_connect"))
DROP_PATHS = Key(RATE, "none", "the chance that training drops a path of an image, with merge average; one stays at least",
                 synonyms=("local_drop_path",))
SIZE_WORDS, STRIDE_WORDS = ("kernel_size", "ksize", "window", "pool_size", "size"), ("strides", "step")

KERNEL = Key(PAIR, REQUIRED, "height x width of the window", "pixels", SIZE_WORDS)
STRIDE = Key(PAIR, 1, "how far the window moves", "pixels", STRIDE_WORDS)
PADDED = Key(PADDING, "same", "what stands around the map", "pixels", ("pad", "pads"), "`defaults.padding`, else same")
DILATION = Key(PAIR, 1, "the distance between the weights of a window", "pixels", ("dilation_rate", "dilations", "atrous"))
BIAS = Key(Flag(), None, "whether a bias is added", synonyms=("use_bias", "biases"), follows="false; true in unit `conv-act`")
NORMED = Key(NORM, None, "the norm of the unit", synonyms=("bn", "batch_norm", "batchnorm", "normalization", "norm_layer"),
             follows="`defaults.norm`; none in unit `conv-act`")
ACTED = Key(ACT, None, "the activation of the unit", synonyms=("activation", "nonlinearity", "act_layer"),
            follows="`defaults.act`")
CEIL = Key(Flag(), False, "rounds the size of the map up", synonyms=("ceil_mode",))
MERGE = Key(Choice(MERGES, {"sum": "add", "plus": "add", "mean": "average", "avg": "average", "concatenate": "concat",
                            "cat": "concat", "mul": "multiply", "maximum": "max",
                            "attention": "attend", "matmul": "attend", "dot": "attend"}), "concat", "how the paths are joined",
            synonyms=("mode", "join"))
BY = Key(ITEMS, "none", "operations on the sum of the paths, whose result `select` weighs them by",
         synonyms=("attention", "weights"))
HEADS = Key(Whole(), 1, "into how many heads `attend` deals out the channels", synonyms=("num_heads",))
BODY = Key(ITEMS, REQUIRED, "the operations", synonyms=("layers", "ops", "operations"))
ORDERS = tuple("".join(order) for order in permutations("hwc"))
OF_THE_KIND = "of the kind"
WINDOW = {"stride": STRIDE, "padding": PADDED, "dilation": DILATION}
UNIT = {"bias": BIAS, "norm": NORMED, "act": ACTED}
STANDARDIZE = Key(FlagOr(Number(above=0, below=1), EPSILON), False,
                  "whether each filter's kernel is taken less its mean and over its deviation; a number is the epsilon",
                  synonyms=("weight_standardization", "standardise", "ws"))
POOL = {"kernel": KERNEL, "stride": Key(PAIR, REQUIRED, STRIDE.doc, "pixels", STRIDE_WORDS), "padding": PADDED, "ceil": CEIL}
KEEPDIMS = Key(Flag(), False, "whether the result is 1x1xC", synonyms=("keep_dims",))
FILTERS = Key(Whole(), REQUIRED, "how many channels it gives", "channels",
              ("units", "out_channels", "channels", "features", "width", "out"))
GROUPS = Key(Whole(), 1, "so many convolutions side by side", synonyms=("group", "cardinality"))
DEPTHWISE_KERNEL = Key(PAIR, 3, KERNEL.doc, "pixels", SIZE_WORDS)


def _signatures(*found: Signature) -> dict[str, Signature]:
    return {each.name: each for each in found}


CONV_WORDS = ("convolution", "cnn", "conv_bn", "convbnrelu", "convbnact", "convnormact", "convnormactivation", "convmodule",
              "basicconv")
DENSE_WORDS = ("linear", "fc", "fully_connected", "inner_product", "classifier", "logits")

OPERATIONS: dict[str, Signature] = _signatures(
    Signature("conv", "filters", {"filters": FILTERS, "kernel": Key(PAIR, 1, KERNEL.doc, "pixels", SIZE_WORDS), **WINDOW,
                                  "groups": GROUPS, **UNIT, "standardize": STANDARDIZE},
              "convolution, with norm and activation (see [units](#units))", CONV_WORDS),
    Signature("depthwise", None, {"multiplier": Key(Whole(), 1, "filters for each channel",
                                                    synonyms=("depth_multiplier",)),
                                  "kernel": DEPTHWISE_KERNEL, **WINDOW, **UNIT, "standardize": STANDARDIZE},
              "`multiplier` filters for each channel, with norm and activation",
              ("depthwise_conv", "dwconv", "conv_dw")),
    Signature("max_pool", "kernel", POOL, "largest value of each window", ("maxpooling", "pooling", "pool")),
    Signature("avg_pool", "kernel", {**POOL, "count_padding": Key(Flag(), False, "whether padding counts in the mean",
                                                                  synonyms=("count_include_pad",))},
              "mean of each window", ("averagepooling", "average_pool", "mean_pool")),
    Signature("global_avg_pool", None, {"keepdims": KEEPDIMS},
              "mean over the whole map: a vector, or 1x1xC with `keepdims`",
              ("gap", "globalaveragepooling", "adaptiveavgpool", "adaptivepool", "selectadaptivepool", "global_pool")),
    Signature("global_max_pool", None, {"keepdims": KEEPDIMS}, "largest value of the whole map",
              ("globalmaxpooling", "adaptivemaxpool")),
    Signature("dense", "units", {"units": Key(Whole(), REQUIRED, "how many values it gives",
                                              synonyms=("filters", "out_features", "features", "channels")),
                                 "bias": Key(Flag(), True, BIAS.doc, synonyms=BIAS.synonyms),
                                 "act": Key(ACT, "none", "the activation", synonyms=ACTED.synonyms)},
              "fully connected layer, on a vector", DENSE_WORDS),
    Signature("norm", "kind", {"kind": Key(Choice((*NORM_KINDS, "none"), NORM_WORDS), None,
                                           "which norm", synonyms=("type", "name"), follows="`defaults.norm`"),
                               "epsilon": Key(Number(above=0), None, "is added to the variance", synonyms=("eps",),
                                              follows=OF_THE_KIND),
                               "momentum": Key(Number(least=0, most=1), None, "the share of the old statistics that is kept",
                                               synonyms=("decay",), follows=OF_THE_KIND),
                               "scale": Key(Flag(), None, "whether gamma is learned", synonyms=("affine", "gamma"),
                                            follows=OF_THE_KIND),
                               "center": Key(Flag(), None, "whether beta is learned", synonyms=("beta", "centre"),
                                             follows=OF_THE_KIND),
                               "groups": Key(Whole(), None, "so many groups of channels", synonyms=("num_groups",),
                                             follows=OF_THE_KIND)},
              "normalisation", ("normalization", "normalisation")),
    Signature("act", "kind", {"kind": Key(Choice((*ACTIVATIONS, "none"), ACT_WORDS), None, "which activation",
                                          synonyms=("type", "name", "function"), follows="`defaults.act`"),
                              "slope": Key(Number(), None, "the slope below zero", synonyms=("negative_slope",),
                                           follows=OF_THE_KIND),
                              "alpha": Key(Number(), None, "minus the limit below zero", follows=OF_THE_KIND),
                              "approximate": Key(Flag(), None, "whether tanh stands for the error function",
                                                 follows=OF_THE_KIND)},
              "activation function", ("activation", "nonlinearity")),
    Signature("dropout", "rate", {"rate": Key(RATE, REQUIRED, "the share that is dropped", synonyms=("dropout_rate", "p",
                                                                                                     "prob", "drop_rate"))},
              "drops elements in training", ("spatial_dropout", "alpha_dropout")),
    Signature("scale", "factor", {"factor": Key(Number(), REQUIRED, "what is multiplied by", synonyms=("value", "by")),
                                  "learned": Key(Flag(), False, "whether it is one number that learns, and starts there",
                                                 synonyms=("trainable", "learnable")),
                                  "bias": Key(Flag(), False, "whether one number that learns, from 0 on, is added behind it",
                                              synonyms=BIAS.synonyms)},
              "multiplies by a constant, or with `learned` by one number that starts at it",
              ("learnable_affine", "rescale", "rescaling", "rezero", "skipinit")),
    Signature("layer_scale", "init", {"init": Key(Number(), 1e-6, "where the factors start", synonyms=("gamma",
                                                                                                        "init_values"))},
              "multiplies each channel by a learned factor that starts at `init`", ("layerscale",)),
    Signature("lrn", "size", {"size": Key(Whole(), 5, "the window", "channels", ("depth_radius",)),
                              "alpha": Key(Number(), 1e-4, "the weight of the squares"),
                              "beta": Key(Number(), 0.75, "the power"),
                              "k": Key(Number(), 1.0, "is added", synonyms=("bias",))},
              "local response normalisation over `size` channels", ("localresponsenorm", "local_response_normalization")),
    Signature("pad_channels", "channels", {"channels": Key(Whole(), REQUIRED, "how many there are then", "channels")},
              "adds zero channels up to `channels`"),
    Signature("flatten", None, {}, "a map as a vector, row by row", ("ravel",)),
    Signature("pad", "size", {"size": Key(MARGINS, REQUIRED, "how many on each side", "pixels", ("padding", "pads")),
                              "mode": Key(Choice(("zero", "reflect"), {"zeros": "zero", "constant": "zero", "mirror": "reflect",
                                                                       "reflection": "reflect"}), "zero",
                                          "zeros, or the map reflected, without its border pixel", synonyms=("padding_mode",))},
              "pixels around the map: a number, or `[top, bottom, left, right]`; a negative number crops",
              ("zeropadding", "zeropad", "padding", "reflectionpad", "reflectpad", "crop", "cropping", "centercrop")),
    Signature("shuffle", "groups", {"groups": Key(Whole(), REQUIRED, "so many groups of channels")},
              "channel shuffle over `groups`", ("channel_shuffle",)),
    Signature("upsample", "factor", {"factor": Key(Whole(), None, "how many times larger",
                                                   synonyms=("scale_factor", "size", "scale"), follows="an error, or `to`"),
                                     "to": Key(NAME, None, "the value whose height and width it takes", synonyms=("like",),
                                               follows="`factor`"),
                                     "method": Key(Choice(("nearest", "bilinear")), "nearest", "how values come about",
                                                   synonyms=("mode", "interpolation"))},
              "enlarges the map by a whole factor, or to the height and width of a value that is known, `to=NAME`",
              ("upsampling", "resize", "interpolate")),
    Signature("slice", "channels", {"channels": Key(Whole(), REQUIRED, "how many", "channels", ("size", "length", "filters")),
                                    "first": Key(Whole(0), 0, "the first of them, counted from 0", "channels",
                                                 ("start", "begin", "offset"))},
              "so many channels, from `first` on", ("narrow", "slice_channels")),
    Signature("reshape", "to", {"to": Key(SIZES, REQUIRED, "the sizes that it gives",
                                          synonyms=("shape", "target_shape", "size"))},
              "the same values as a map of other sizes, in the order height, width, channels; also of a vector",
              ("view", "unflatten")),
    Signature("permute", "order", {"order": Key(Choice(ORDERS), REQUIRED, "what becomes the height, the width and the channels",
                                                synonyms=("dims", "perm", "axes"))},
              "the axes in another order: with `cwh` the channels become the height, and the height the channels",
              ("transpose", "swapaxes", "moveaxis")),
    Signature("reduce", "kind", {"kind": Key(Choice(("mean", "max"), {"avg": "mean", "average": "mean", "maximum": "max"}),
                                             REQUIRED, "mean or maximum", synonyms=("mode", "how", "type"))},
              "mean or maximum over the channels: HxWx1", ("channel_pool", "channelpool", "reduce_channels")),
    Signature("blur_pool", "kernel", {"kernel": KERNEL, "stride": POOL["stride"]},
              "binomial filter on each channel, the map reflected at its borders; rounds the size up",
              ("blurpooling", "antialias", "antialiased_pool", "blur")),
    Signature("coordinates", None, {}, "appends two channels, the row and the column, from -1 to 1",
              ("coordconv", "addcoords", "coords")),
    Signature("position", None, {}, "adds a learned value to each place and channel",
              ("position_embedding", "positional_embedding", "positional_encoding", "pos_embed")),
    Signature("conv_transpose", "filters", {"filters": FILTERS, "kernel": KERNEL,
                                            "stride": Key(PAIR, REQUIRED, "how many times larger", "pixels", STRIDE_WORDS),
                                            **UNIT},
              "the way back of a convolution, with norm and activation; `same`: its output is input · stride",
              ("transposed_conv", "deconv", "deconvolution", "up_conv")),
    Signature("attention", "heads", {"heads": Key(Whole(), REQUIRED, "how many", synonyms=("num_heads",)),
                                     "key": Key(Whole(), None, "the width of a head", "channels",
                                                ("key_dim", "head_dim", "dim_head"), "channels // heads, which must divide"),
                                     "bias": Key(Flag(), True, "whether its projections have a bias",
                                                 synonyms=("use_bias", "qkv_bias")),
                                     "dropout": Key(RATE, "none", "the share of the weights that training drops",
                                                    synonyms=("attn_drop", "attention_dropout"))},
              "multi-head self-attention over the positions of a map", ("multiheadattention", "mha", "selfattention", "mhsa")),
    Signature("branches", "paths", {"paths": Key(PATHS, REQUIRED, "the operation lists"), "merge": MERGE,
                                    "split": Key(SPLIT, False, "whether each path takes a part of the channels"), "by": BY,
                                    "heads": HEADS, "drop_path": DROP_PATHS},
              "paths from the same value, joined by `merge`", ("branch",), holds=True),
    Signature("parallel", "times", {"times": Key(Whole(most=MAX_TIMES), REQUIRED, "how many"), "body": BODY, "merge": MERGE,
                                     "by": BY, "drop_path": DROP_PATHS},
              "`times` paths of one form, each with its own weights, joined by `merge`", holds=True),
    Signature("repeat", "times", {"times": Key(Whole(0, MAX_TIMES), REQUIRED, "how many"), "body": BODY},
              "the body `times` times in a row; 0 leaves it out", ("loop",), holds=True),
    Signature("residual", "body", {"body": BODY, "shortcut": Key(SHORTCUT, "projection", "what is added to the body",
                                                                 synonyms=("skip", "downsample", "identity")),
                                   "scale": Key(Number(), 1, "what the body is multiplied by", synonyms=("residual_scale",)),
                                   "act": Key(ACT, None, "the activation after the addition", synonyms=ACTED.synonyms,
                                              follows="`defaults.act`; none with `pre` or `shortcut: matched`"),
                                   "drop_path": DROP_PATH,
                                   "pre": Key(ITEMS, "none", "operations ahead of body and projections"),
                                   "shortcut_bias": Key(Flag(), None, "whether a projection has a bias",
                                                        follows="`defaults.conv.bias`; else as the unit")},
              "act(shortcut(x) + scale · body(x))", ("skip", "resblock", "res"), holds=True),
    Signature("densely", "body", {"body": BODY, "drop_path": DROP_PATH}, "concatenation of x and body(x)", holds=True),
    Signature("gate", "body", {"body": BODY}, "x · body(x), broadcast over height and width or over channels",
              ("excite",), holds=True),
    Signature("highway", "body", {"body": BODY, "gate": Key(ITEMS, "none", "the operations of the transform gate"),
                                  "gate_bias": Key(Number(), -1, "where the gate's bias starts", synonyms=("bias",))},
              "T(x) · body(x) + (1 − T(x)) · x", holds=True),
    Signature("keep", "value", {"value": Key(KEPT, REQUIRED, "the name", synonyms=("name", "as"))},
              "the value at this point has this name from here on; nothing is computed", ("save", "store"), layerless=True),
    Signature("use", "value", {"value": Key(NAME, REQUIRED, "the name", synonyms=("name", "from"))},
              "goes on from the value of this name", ("load", "goto"), layerless=True),
    Signature("join", "with", {"with": Key(NAMES, REQUIRED, "the names", synonyms=("values", "inputs")), "merge": MERGE,
                               "by": BY, "heads": HEADS},
              "the value at this point, then the named ones, joined by `merge`", ("fuse", "merge", "combine"), holds=True),
)

SLOT = Signature("slot", "list", {"list": Key(ITEMS, REQUIRED, "the operations")}, "the operation list of a name in its place")
"""`$name` as an item. No operation is called so."""
EXAMPLES = {"conv": "conv: 3x3 64", "max_pool": "max_pool: 3x3 /2", "avg_pool": "avg_pool: 2x2 /2", "dense": "dense: $classes",
            "conv_transpose": "conv_transpose: 2x2 64 /2", "attention": "attention: 8",
            "dropout": "dropout: 0.5", "slice": "slice: 32", "reshape": "reshape: 7x7x64", "permute": "permute: cwh",
            "reduce": "reduce: mean", "blur_pool": "blur_pool: 3x3 /2",
            "repeat": "repeat: {times: 2, body: […]}", "parallel": "parallel: {times: 2, body: […]}",
            "keep": "keep: early", "use": "use: early", "join": "join: early"}
"""How operations are written that cannot do without an argument."""
IMPLIED = {"norm": "batch_norm", "act": "relu"}
"""The kind of norm and of act that holds where none is said."""
KIND_ARGUMENTS: dict[str, dict[str, object]] = {
    "batch_norm": {"epsilon": 1e-5, "momentum": 0.9, "scale": True, "center": True},
    "layer_norm": {"epsilon": 1e-6, "scale": True, "center": True},
    "group_norm": {"groups": 32, "epsilon": 1e-5, "scale": True, "center": True}, "global_response": {"epsilon": 1e-6},
    "leaky_relu": {"slope": 0.01}, "elu": {"alpha": 1.0}, "gelu": {"approximate": False},
}
"""The arguments that a kind of norm or act has, with the values they take unless said."""
