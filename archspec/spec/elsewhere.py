"""What other libraries call blocks and parameters, and what to write where the language has no operation of that name.

Words stand as `plainly` gives them. What they call operations and arguments stands where those are declared.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from archspec.schema.kinds import plainly

ENDINGS = ("block", "layer", "module", "unit")
"""What other libraries put behind the name of a block: BasicBlock, SELayer, FireModule."""
BLOCKS = {
    "resblock": "basic", "residual": "basic", "residualblock": "basic", "resnetblock": "basic", "sebasicblock": "basic",
    "preactblock": "basic_preact", "preactbasicblock": "basic_preact", "preactresblock": "basic_preact",
    "widebasic": "basic_preact", "wideblock": "basic_preact", "wrnblock": "basic_preact",
    "bottle": "bottleneck", "resbottleneck": "bottleneck", "sebottleneck": "bottleneck", "seresnetbottleneck": "bottleneck",
    "preactbottleneck": "bottleneck_preact", "resnextblock": "resnext_grouped", "resnextbottleneck": "resnext_grouped",
    "xblock": "regnet", "yblock": "regnet", "resbottleneckblock": "regnet", "cnblock": "convnext",
    "denseblock": "dense_layer", "inception": "inception_v1", "inceptionmodule": "inception_v1", "fire": "fire",
    "mbconvblock": "mbconv", "invertedbottleneck": "mbconv", "irblock": "inverted_residual",
    "separableconv": "separable", "sepconv": "separable", "dwsconv": "depthwise_separable",
    "depthwiseseparableconv": "depthwise_separable", "darkblock": "dark_residual", "darknetblock": "dark_residual",
    "vgg": "vgg_conv", "vggblock": "vgg_conv", "squeezeexcite": "se", "squeezeexcitation": "se",
    "squeezeandexcitation": "se", "sqex": "se",
}
"""Blocks that ship, by other names."""
PARAMETERS: dict[str, tuple[str, ...]] = {
    "width": ("filters", "out_channels", "channels", "planes", "units", "features", "num_filters", "out", "dim", "out_ch",
              "dims", "embed_dim", "embed_dims"),
    "stride": ("strides", "downsample", "subsample"), "kernel": ("kernel_size", "ksize"),
    "expansion": ("expand_ratio", "exp_ratio", "expand", "bottle_ratio", "mlp_ratio"),
    "cardinality": ("groups", "num_groups"), "base_width": ("width_per_group",), "group_width": ("width_per_group",),
    "growth": ("growth_rate",), "compression": ("theta",), "multiplier": ("depth_multiplier",),
    "se": ("se_ratio", "squeeze_excite", "squeeze_excitation", "attn_layer", "rd_ratio", "ratio"),
    "ratio": ("reduction", "se_ratio", "rd_ratio"), "shortcut": ("skip", "identity"),
    "drop_path": ("stochastic_depth", "stochastic_depth_prob", "drop_path_rate", "drop_connect", "drop_connect_rate"),
    "dropout": ("dropout_rate", "drop_rate"), "act": ("activation", "act_layer", "nonlinearity"),
    "layer_scale": ("layer_scale_init", "ls_init_value"),
}
"""What a parameter of a block is called elsewhere, by its name."""
IDENTITY = "leave it out: what is not there changes nothing, and [] is the path that does nothing"
DROP_PATH = "it is an argument of residual and densely: `residual: {body: […], drop_path: 0.1}`"
IMAGE = "the image stands at the top of the spec: input: 224x224x3"
A_LIST = "a list of operations is one already: write them right here, or as the body of a block"
CONCAT = "`join: NAME` concatenates a value that is kept to the one here, `branches: [[…], […]]` its paths"
ADD = ("`join: NAME merge=add` adds a value that is kept to the one here, `branches: {paths: [[…], […]], merge: add}` its "
       "paths, and residual its body to what enters")
ATTEND = ("softmax(query · keyᵀ / √width) · value is a merge: `branches: {merge: attend, paths: {query: […], key: […], "
          "value: […]}}`; other products of maps are not in the language")
MULTIPLY = ("`join: NAME merge=multiply` multiplies the value here by one that is kept, `branches: {paths: [[…], […]], merge: "
            "multiply}` its paths, and gate what enters by its body")
MAXIMUM = "`join: NAME merge=max` is the larger of two values, `branches: {paths: [[…], […]], merge: max}` of its paths"
PARTS = "`branches: {split: true, paths: [[…], []]}` gives each path a part of the channels, `slice: 32 first=16` takes one"
PERCEPTRON = "it is two convolutions: `conv: 1x1 $(4 * channels) norm=none act=gelu`, then `conv: 1x1 … bare`"
POINTWISE = "write `conv: 1x1 …`"
INSTEAD = {
    "instancenorm": "write `norm: {kind: group_norm, groups: $channels}`: each channel is a group",
    "instancenormalization": "write `norm: {kind: group_norm, groups: $channels}`: each channel is a group",
    "identity": IDENTITY, "noop": IDENTITY, "passthrough": IDENTITY, "droppath": DROP_PATH, "stochasticdepth": DROP_PATH,
    "dropconnect": DROP_PATH, "sequential": A_LIST, "modulelist": A_LIST,
    "input": IMAGE, "inputlayer": IMAGE, "data": IMAGE, "image": IMAGE,
    "matmul": ATTEND, "einsum": ATTEND, "bmm": ATTEND, "scaleddotproductattention": ATTEND, "dotproductattention": ATTEND,
    "concat": CONCAT, "concatenate": CONCAT, "cat": CONCAT, "add": ADD, "sum": ADD, "eltwise": ADD,
    "multiply": MULTIPLY, "mul": MULTIPLY, "product": MULTIPLY, "prod": MULTIPLY, "maximum": MAXIMUM,
    "split": PARTS, "chunk": PARTS, "partialconv": PARTS, "pconv": PARTS,
    "mlp": PERCEPTRON, "convmlp": PERCEPTRON, "ffn": PERCEPTRON, "feedforward": PERCEPTRON,
    "pointwise": POINTWISE, "pointwiseconv": POINTWISE, "pwconv": POINTWISE, "convpw": POINTWISE,
    "replicationpad": "`pad: 1` adds zeros, `pad: 1 mode=reflect` reflects the map; its border cannot be repeated",
}
"""What to write for what the language says otherwise."""
ABSENT = {"transformer", "transformerblock", "embedding", "lstm",
          "gru", "rnn", "conv3d", "conv1d", "maxpool3d", "lambda", "noise",
          "gaussiannoise", "gaussiandropout", "dropblock", "pixelshuffle", "depthtospace", "spacetodepth", "cbam", "eca",
          "rmsnorm", "weightnorm", "spectralnorm", "loss", "crossentropyloss", "randomflip", "maxunpool"}
"""What other libraries have and the language has not: no operation of another meaning is suggested for it."""


def block_called(word: str, known: Iterable[str]) -> str:
    """The block that others call so, or ''. A block that is not known is not suggested."""
    names = list(known)
    by_word = {_bare(name): name for name in names} | {plainly(name): name for name in names}
    plain = plainly(word)
    found = by_word.get(plain) or BLOCKS.get(plain, "")
    return found if found in names else by_word.get(_bare(word), "")


def _bare(word: str) -> str:
    """A word without what others put behind a block's name."""
    plain = plainly(word)
    return next((plain.removesuffix(ending) for ending in ENDINGS if plain.endswith(ending) and plain != ending), plain)


CALL = re.compile(r"[A-Za-z_][\w.]*\(.*")
"""A call as Python has it, `nn.Conv2d(3, 64, 7)`, or its beginning."""
KERNEL_IN_NAME = re.compile(r"([a-z_]+?)_?([0-9]+)x([0-9]+)", re.IGNORECASE)
"""conv3x3."""
