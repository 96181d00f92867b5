"""Holds every mapping of PyTorch's libraries against the library's own model, and writes the table of docs/weights.md.

    make parity                                # its environment is .venv-parity: torch, torchvision, timm, pytorchcv
    python tools/parity.py PYTHON [WORD...]    # only the twins with one of these words; the other rows stay as they are
    python tools/parity.py PYTHON --new        # only the twins without a row

A twin is a library's model with random weights, batch-norm statistics moved away from those of its images, and the
spec that is the same network. Its state dict is imported as `archspec import` does; both see the same two images, and
compute in double precision: in float32 random weights magnify rounding, up to 6e-4 in EfficientNet-B4.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from archspec.errors import InputError

DOCS = Path(__file__).parent.parent / "docs" / "weights.md"
BEGIN, END = "<!-- parity: begin, written by tools/parity.py -->", "<!-- parity: end -->"
SIZE = (96, 131)
"""Even and odd sides, on which paddings differ in different ways."""
LARGE = (224, 224)
WHOLE = (96, 160)
"""For networks whose pools want multiples of 32."""
CIFAR = (32, 32)
INCEPTION = (160, 139)
EQUAL = 1e-7
"""Constants of gelu and leaky_relu are rounded to single precision on either side."""
SYMMETRIC = ("defaults.padding=symmetric", "defaults.norm.epsilon=1e-5")
CAFFE = ("stem=[{conv: 7x7 64 /2}, {max_pool: 3x3 /2 valid ceil}]",)
SENET = ("stem=[{conv: 3x3 64 /2}, {conv: 3x3 64}, {conv: 3x3 128}, {max_pool: 3x3 /2 valid ceil}]",)
DLA_C = ("stages.width=[64, 64, 128, 256]", "stages.bottleneck=true")
DEEP = ("stem=[{conv: 3x3 32 /2}, {conv: 3x3 32}, {conv: 3x3 64}, {max_pool: 3x3 /2}]", "stages.shortcut=avg_projection")
BARE = ("stages.activate=true", "stem=[{conv: 7x7 64 /2 bare}, {max_pool: 3x3 /2}]")

FLOPS = (("002", "200mf"), ("004", "400mf"), ("006", "600mf"), ("008", "800mf"), ("016", "1_6gf"), ("032", "3_2gf"),
         ("040", "4gf"), ("064", "6_4gf"), ("080", "8gf"))
"""What timm and specs call the RegNets."""


@dataclass(frozen=True, slots=True)
class Twin:
    """A library's model and the spec that is the same network."""

    layout: str
    model: str
    spec: str
    overrides: tuple[str, ...] = ()
    size: tuple[int, int] = SIZE

    @property
    def library(self) -> str:
        """Where the model is from."""
        return self.layout.partition("-")[0]

    @property
    def title(self) -> str:
        """What its line of the table begins with."""
        spec = Path(self.spec).stem + "".join(f" `{override}`" for override in self.overrides)
        return f"| {self.layout} | {self.model} | {spec} | {self.size[0]}x{self.size[1]} |"


def same(layout: str, models: str, size: tuple[int, int] = SIZE, overrides: tuple[str, ...] = ()) -> list[Twin]:
    """Models whose specs have the same names."""
    return [Twin(layout, name, name, overrides, size) for name in models.split()]


TWINS = [
    *same("torchvision", "resnet18 resnet50 resnext50_32x4d wide_resnet50_2 densenet121 convnext_tiny squeezenet1_1"),
    *same("torchvision", "vgg11 vgg16_bn", LARGE),
    Twin("torchvision", "alexnet", "alexnet_torchvision", size=LARGE),
    Twin("torchvision", "ResNet(3,4,6,3)8x14", "resnext50_8x14d"),
    Twin("torchvision", "mobilenet_v2", "mobilenet_v2_torchvision"),
    Twin("torchvision", "mobilenet_v2", "mobilenet_v2", SYMMETRIC),
    Twin("torchvision", "mobilenet_v3_large", "mobilenet_v3_large", SYMMETRIC[:1]),
    Twin("torchvision", "mobilenet_v3_small", "mobilenet_v3_small", SYMMETRIC[:1]),
    Twin("torchvision", "efficientnet_b0", "efficientnet_b0", SYMMETRIC),
    *same("torchvision", "efficientnet_b1 efficientnet_b2 efficientnet_b3 efficientnet_b4", overrides=SYMMETRIC),
    Twin("torchvision", "regnet_x_400mf", "regnet_x_400mf_torchvision"),
    *same("torchvision", "regnet_x_800mf regnet_x_1_6gf regnet_x_3_2gf regnet_x_8gf"),
    *same("torchvision", "regnet_y_400mf regnet_y_1_6gf regnet_y_3_2gf"),
    Twin("torchvision", "regnet_y_800mf", "regnet_y_800mf", ("stages.widths=[64, 144, 320, 784]",)),
    Twin("torchvision", "regnet_y_8gf", "regnet_y_8gf", ("stages.widths=[224, 448, 896, 2016]",)),
    *same("torchvision", "convnext_small convnext_base shufflenet_v2_x1_0"),
    Twin("torchvision", "mnasnet1_0", "mnasnet_1_0"),
    Twin("torchvision", "googlenet", "googlenet_torchvision", size=INCEPTION),
    Twin("torchvision", "inception_v3", "inception_v3", ("auxiliary=null",), INCEPTION),
    *same("timm", "resnet18 resnet50 resnet50d resnext50_32x4d densenet121 convnext_tiny"),
    *same("timm", "resnet50c resnet50s resnet50t"),
    *(Twin("timm", f"resnetrs{depth}", f"resnet_rs_{depth}") for depth in (50, 101)),
    *same("timm", "vgg16_bn", LARGE),
    Twin("timm", "seresnet50", "resnet50", ("stages.se=16",)),
    Twin("timm", "seresnext50_32x4d", "se_resnext50_32x4d"),
    Twin("timm", "legacy_seresnet50", "se_resnet50", CAFFE),
    Twin("timm", "legacy_seresnet101", "se_resnet101", CAFFE),
    Twin("timm", "legacy_seresnet152", "se_resnet152", CAFFE),
    Twin("timm", "legacy_seresnext50_32x4d", "se_resnext50_32x4d", CAFFE),
    Twin("timm", "legacy_seresnext101_32x4d", "se_resnext101_32x4d", CAFFE),
    Twin("timm", "legacy_senet154", "senet154", SENET),
    Twin("timm", "darknet53", "darknet53", ("defaults.act={kind: leaky_relu, slope: 0.01}",)),
    Twin("timm", "mobilenetv1_100", "mobilenet_v1", ("defaults.act=relu6", "defaults.padding=symmetric")),
    Twin("timm", "mobilenetv2_100", "mobilenet_v2_torchvision"),
    Twin("timm", "mobilenetv2_140", "mobilenet_v2_torchvision", ("let.alpha=1.4",)),
    Twin("timm", "mobilenetv3_large_100", "mobilenet_v3_large", SYMMETRIC),
    Twin("timm-tf", "tf_mobilenetv3_large_100", "mobilenet_v3_large"),
    Twin("timm", "mobilenetv3_small_100", "mobilenet_v3_small", SYMMETRIC),
    Twin("timm-tf", "tf_mobilenetv3_small_100", "mobilenet_v3_small"),
    Twin("timm", "efficientnet_b0", "efficientnet_b0", SYMMETRIC),
    Twin("timm-tf", "tf_efficientnet_b0", "efficientnet_b0"),
    Twin("timm", "efficientnet_lite0", "efficientnet_lite0", SYMMETRIC),
    Twin("timm-tf", "tf_efficientnet_lite0", "efficientnet_lite0"),
    *(Twin("timm-tf", f"tf_efficientnet_b{i}", f"efficientnet_b{i}") for i in (1, 2, 3, 4)),
    *(Twin("timm", f"regnetx_{number}", f"regnet_x_{flops}") for number, flops in FLOPS),
    *(Twin("timm", f"regnety_{number}", f"regnet_y_{flops}") for number, flops in FLOPS),
    Twin("timm", "mnasnet_100", "mnasnet_1_0"),
    Twin("timm", "ghostnet_100", "ghostnet"),
    Twin("timm", "mobilenetv4_conv_small", "mobilenet_v4_conv_small"),
    Twin("timm", "rdnet_tiny", "rdnet_tiny"),
    Twin("timm", "convnextv2_tiny", "convnext_v2_tiny"),
    Twin("timm", 'vit_small_patch16_224 class_token=false global_pool="avg"', "vit_small_gap", size=LARGE),
    Twin("timm", "repvgg_a0", "repvgg_a0"),
    Twin("timm", "repvit_m1_0 distillation=false", "repvit_m1_0"),
    Twin("timm", "shvit_s1", "shvit_s1"),
    Twin("timm", "resnetv2_50", "resnet50_v2", BARE),
    Twin("timm", "resnetv2_50x1_bit", "resnetv2_50", ("defaults.conv.standardize=1e-8",)),
    Twin("timm", "legacy_xception", "xception", SYMMETRIC, INCEPTION),
    Twin("timm", "inception_v3", "inception_v3", ("auxiliary=null",), INCEPTION),
    Twin("timm", "inception_v4", "inception_v4", size=INCEPTION),
    Twin("timm", "inception_resnet_v2", "inception_resnet_v2", size=INCEPTION),
    Twin("timm", "vovnet39a", "vovnet39"),
    *same("timm", "ese_vovnet39b dpn68 dpn92"),
    Twin("timm", "dla34", "dla34", size=WHOLE),
    Twin("timm", "dla46_c", "dla34", DLA_C, WHOLE),
    Twin("timm", "hrnet_w18", "hrnet_w18", size=WHOLE),
    Twin("timm", "hrnet_w32", "hrnet_w18", ("let.a=32",), WHOLE),
    Twin("timm", "nasnetalarge", "nasnet_large", ("parameters.zeros=mean",)),
    Twin("timm", "pnasnet5large", "pnasnet5_large"),
    Twin("timm", "res2net50_26w_4s", "res2net50_26w_4s"),
    Twin("timm", "res2net50_14w_8s", "res2net50_26w_4s", ("stages.scale=8", "stages.base_width=14")),
    Twin("timm", "res2next50", "res2net50_26w_4s", ("stages.base_width=4", "stages.cardinality=8")),
    Twin("timm", "ecaresnet50d", "eca_resnet50", DEEP),
    Twin("timm", "skresnet50", "sk_resnet50",
         ("stages.split=true", "stages.cardinality=1", "stages.base_width=64", "stages.least=8")),
    Twin("timm", "resnest50d", "resnest50"),
    Twin("timm", "resnetblur50", "resnet50_blur"),
    Twin("timm", "mixer_s16_224", "mixer_small", size=LARGE),
    Twin("timm", "convmixer_768_32", "convmixer_768_32"),
    Twin("pytorchcv", "cbam_resnet50", "cbam_resnet50", size=LARGE),
    Twin("pytorchcv", "sknet50", "sk_resnet50", size=LARGE),
    Twin("pytorchcv", "fractalnet_cifar10", "fractalnet20", size=CIFAR),
    Twin("pytorchcv", "resnet18", "resnet18", size=LARGE),
    Twin("pytorchcv", "resnet50", "resnet50_v1", size=LARGE),
    Twin("pytorchcv", "resnext50_32x4d", "resnext50_32x4d", size=LARGE),
    *(Twin("pytorchcv", f"seresnet{depth}", f"se_resnet{depth}", size=LARGE) for depth in (18, 34)),
    Twin("pytorchcv", "seresnet50", "se_resnet50", size=LARGE),
    Twin("pytorchcv", "bninception", "bn_inception", size=LARGE),
    Twin("pytorchcv", "darknet53", "darknet53", size=LARGE),
    Twin("pytorchcv", "resnet20_cifar10", "cifar_resnet20_b", size=CIFAR),
    Twin("pytorchcv", "resnext29_32x4d_cifar10", "cifar_resnext29_32x4d", size=CIFAR),
    Twin("pytorchcv", "wrn28_10_cifar10", "wrn_28_10", size=CIFAR),
    Twin("pytorchcv", "preresnet110_cifar10", "cifar_preact_resnet110_b",
         ("stages.activate=true", "stem=[{conv: 3x3 16 bare}]"), CIFAR),
    Twin("pytorchcv", "densenet100_k12_bc_cifar10", "cifar_densenet_bc100_k12", size=CIFAR),
]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How far the two are apart: the largest difference against the largest logit, and the cosine; or why not known."""

    twin: Twin
    error: float
    cosine: float
    why: str = ""

    @property
    def row(self) -> str:
        """A line of the table."""
        return f"{self.twin.title} {self.why or f'{self.error:.1e} | {self.cosine:.6f}'} |"


def compare(twin: Twin, others: subprocess.Popen[str]) -> Outcome:
    """Makes both networks and compares what they give."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        request = {"library": twin.library, "name": twin.model, "size": twin.size, "folder": name}
        assert others.stdin is not None and others.stdout is not None
        print(json.dumps(request), file=others.stdin, flush=True)
        said = others.stdout.readline().strip()
        if said != "ok":
            return Outcome(twin, np.nan, np.nan, f"{said} |")
        try:
            got = imported(twin, folder / "weights.pth", np.load(folder / "images.npy"))
        except InputError as error:
            return Outcome(twin, np.nan, np.nan, f"{error} |".replace("\n", " "))
        want = np.load(folder / "logits.npy")
    cosine = np.min(np.sum(got * want, 1) / np.linalg.norm(got, axis=1) / np.linalg.norm(want, axis=1))
    return Outcome(twin, float(np.abs(got - want).max() / np.abs(want).max()), float(cosine))


def imported(twin: Twin, weights: Path, images: np.ndarray) -> np.ndarray:
    """The logits of our network with the twin's weights. Raises InputError where they do not fit."""
    import tensorflow as tf

    from archspec.graph.ops import BatchNorm
    from archspec.model.operations import OPERATIONS, Call, compute
    from archspec.network import load, lower
    from archspec.weights.library import stage_blocks
    from archspec.weights.load import Wanted, arrays, planned, refuse, refuse_form

    def norm(call: Call, op: BatchNorm) -> tf.Tensor:  # TensorFlow's fused one knows no double precision
        mean, variance, beta, gamma = (call.arrays.get(name) for name in ("moving_mean", "moving_variance", "beta", "gamma"))
        return tf.nn.batch_normalization(call.x, mean, variance, beta, gamma, op.epsilon)

    spec = load(twin.spec, (f"input={twin.size[0]}x{twin.size[1]}x3", *twin.overrides))
    graph = lower(spec)
    wanted = Wanted(twin.layout)
    with planned(graph, stage_blocks(spec), weights, wanted) as plan:
        refuse(plan, graph, wanted)
        refuse_form(plan, graph, lambda _: graph)
        double = {key: tf.constant(array, tf.float64) for key, array in arrays(plan, wanted)}
    logits, seen = graph.output.name, tf.constant(images, tf.float64)
    return np.asarray(compute(graph, double, seen, [logits], {**OPERATIONS, BatchNorm: norm})[logits])


def outcomes(python: str, twins: list[Twin]) -> Iterator[Outcome]:
    """The outcome of each twin."""
    with subprocess.Popen([python, str(Path(__file__).with_name("twins.py"))], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True) as others:
        for twin in twins:
            yield compare(twin, others)


def main() -> int:
    """Exit code 1 where a twin is not equal."""
    python, *words = sys.argv[1:]
    rows = _rows()
    if words == ["--new"]:
        chosen = [twin for twin in TWINS if twin.title not in rows]
    else:
        chosen = [twin for twin in TWINS
                  if not words or any(word in f"{twin.layout} {twin.model} {twin.spec}" for word in words)]
    worst = 0
    for outcome in outcomes(python, chosen):
        print(outcome.row, flush=True)
        worst += not outcome.error < EQUAL
        if not outcome.why:
            rows[outcome.twin.title] = outcome.row
        _write([rows[twin.title] for twin in TWINS if twin.title in rows])
    print(f"{len(chosen)} twins, {len(chosen) - worst} below {EQUAL:g}")
    return bool(worst)


def _rows() -> dict[str, str]:
    """The lines of the table, by what they begin with."""
    table = DOCS.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    return {" | ".join(line.split(" | ")[:4]) + " |": line for line in table.splitlines() if line.startswith("| ")}


def _write(rows: list[str]) -> None:
    text = DOCS.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    table = ["| layout | model | spec | size | largest error | cosine |", "| --- | --- | --- | --- | --- | --- |", *rows, "",
             f"{len(rows)} twins, the largest error {max(float(row.split(' | ')[-2]) for row in rows):.1e}."]
    DOCS.write_text(f"{before}{BEGIN}\n" + "\n".join(table) + f"\n{END}" + rest.partition(END)[2], encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
