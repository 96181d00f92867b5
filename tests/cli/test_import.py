"""`archspec import`: models of keras.applications give the same logits as ours with their weights."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
from keras.src.applications.resnet import ResNet, stack_residual_blocks_v1

from archspec.cli import run
from archspec.model import saved
from archspec.model.saved import ours

pytestmark = pytest.mark.usefixtures("few_ship")
CLASSES = 7
WIDTHS, REPEATS = (8, 8, 16, 16), (1, 2, 2, 1)
FEW = ("--set", f"stages.widths={list(WIDTHS)}", "--set", f"stages.repeats={list(REPEATS)}")
"""Makes keras_resnet50 the network of `few`."""


def random(model: keras.Model) -> keras.Model:
    """The model with random weights, batch-norm statistics too, that keep numbers in range."""
    rng = np.random.default_rng(0)
    for weight in model.weights:
        kind = weight.path.rpartition("/")[2]
        if "kernel" in kind:
            fan = np.prod(weight.shape[:-1] if "depthwise" not in weight.path else weight.shape[:2])
            # larger gates of squeeze-and-excitation magnify float32's own rounding beyond what a wrong number would show
            scale = np.sqrt(2 / fan) * (0.1 if "squeeze_excite" in weight.path else 1.0)
            weight.assign(rng.standard_normal(weight.shape, np.float32) * np.float32(scale))
        elif kind in ("gamma", "moving_variance"):
            weight.assign(rng.uniform(0.5, 1.5, weight.shape))
        else:
            weight.assign(rng.normal(0, 0.1, weight.shape))
    return model


def application(name: str, size: int) -> keras.Model:
    """A small model of keras.applications that ends in logits."""
    bare = {"include_preprocessing": False} if name == "MobileNetV3Small" else {}
    return random(getattr(keras.applications, name)(weights=None, input_shape=(size, size, 3), classes=CLASSES,
                                                    classifier_activation=None, **bare))


def imported(spec: str, weights: Path, *options: str, size: int, classes: int = CLASSES) -> int:
    """Runs the command on small images; it writes model.keras beside the weights."""
    return run(["import", spec, str(weights), "--layout", "keras", "-o", str(weights.with_name("model.keras")),
                "--set", f"input={size}x{size}x3", "--set", f"classes={classes}", *options])


def error(model: keras.Model, other: keras.Model, size: int) -> float:
    """The largest difference of two models' logits, relative to the largest logit."""
    images = np.random.default_rng(0).normal(size=(2, size, size, 3)).astype("float32")
    want, got = model(images, training=False).numpy(), other(images, training=False).numpy()
    return float(np.abs(got - want).max() / np.abs(want).max())


def few_imported(weights: Path, *options: str, classes: int = CLASSES) -> int:
    return imported("keras_resnet50", weights, *FEW, *options, size=32, classes=classes)


@pytest.fixture(scope="module")
def few() -> keras.Model:
    """A ResNet by Keras's own functions and with its names: of few narrow blocks."""
    def stages(x: Any) -> Any:
        for number, (width, blocks) in enumerate(zip(WIDTHS, REPEATS, strict=True), 2):
            x = stack_residual_blocks_v1(x, width, blocks, stride1=1 if number == 2 else 2, name=f"conv{number}")
        return x
    return random(ResNet(stages, preact=False, use_bias=True, weights=None, input_shape=(32, 32, 3), classes=CLASSES,
                         classifier_activation=None))


@pytest.fixture(scope="module")
def resnet() -> keras.Model:
    return application("ResNet50", 32)


@pytest.fixture(scope="module")
def whole(resnet: keras.Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("whole") / "a.weights.h5"
    resnet.save_weights(found)
    return found


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[keras.Model]:
    """The models that the command writes, as they are before; no file is made."""
    found: list[keras.Model] = []

    def save(model: keras.Model, *_: object) -> tuple[str, ...]:
        found.append(model)
        return ()
    monkeypatch.setattr(saved, "save", save)
    return found


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5:UserWarning")
@pytest.mark.parametrize("name", ["a.keras", "a.weights.h5", "a.h5"])
def test_every_format_of_keras(name: str, few: keras.Model, tmp_path: Path) -> None:
    (few.save_weights if "weights" in name else few.save)(tmp_path / name)
    assert few_imported(tmp_path / name) == 0
    assert error(few, keras.models.load_model(tmp_path / "model.keras"), 32) < 1e-5


@pytest.mark.slow
def test_an_application_of_keras_in_the_file_that_is_written(tmp_path: Path) -> None:
    """Of the others tests/parity/test_keras_applications.py shows the same, without files."""
    model = application("MobileNetV3Small", 32)
    model.save_weights(tmp_path / "a.weights.h5")
    assert imported("mobilenet_v3_small", tmp_path / "a.weights.h5", size=32) == 0
    assert error(model, keras.models.load_model(tmp_path / "model.keras"), 32) < 1e-5


@pytest.fixture
def weights(few: keras.Model, tmp_path: Path) -> Path:
    few.save_weights(tmp_path / "a.weights.h5")
    return tmp_path / "a.weights.h5"


def test_the_table_and_the_input(weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert few_imported(weights) == 0
    printed = capsys.readouterr().out
    assert "keras_resnet50 by the mapping resnet_keras" in printed
    assert [line.split() for line in printed.splitlines() if line.startswith(("stem", "total"))] == [
        ["stem", "6", "0", "0", "0"], ["total", "140", "0", "0", "0"]]
    assert "model.keras  its output is logits; the input of most weights of this kind, by their publisher's word: BGR from 0 to" in printed


def test_what_a_training_would_recompute_is_no_matter_of_the_file(weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert few_imported(weights, "--set", "memory=recompute") == 0
    assert ours(weights.with_name("model.keras")) == ()
    assert "import archspec" not in capsys.readouterr().out


def test_other_classes_want_a_new_head(weights: Path, few: keras.Model, capsys: pytest.CaptureFixture[str]) -> None:
    assert few_imported(weights, classes=3) == 2
    printed = capsys.readouterr()
    assert "other shape  predictions/kernel" in printed.out
    assert "hint: the classes differ: --new-head (train.init.new_head) keeps all but the last layer" in printed.err
    assert not weights.with_name("model.keras").exists()
    assert few_imported(weights, "--new-head", classes=3) == 0
    model = keras.models.load_model(weights.with_name("model.keras"))
    head = model.get_layer("head_dense")
    assert head.kernel.shape == (64, 3)
    assert np.std(head.kernel.numpy()) > 0
    np.testing.assert_array_equal(model.get_layer("stage3_block2_conv3").kernel,
                                  few.get_layer("conv4_block2_3_conv").kernel)


def test_a_partial_match_is_refused_unless_told(weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gated = ("--set", "stages.se=16")
    assert few_imported(weights, *gated) == 2
    printed = capsys.readouterr()
    assert re.search(r"missing +– ", printed.out)
    assert "and 4 more" in printed.out
    assert "24 missing tensors\n  hint: --partial (train.init.partial) takes what is there" in printed.err
    assert few_imported(weights, *gated, "--partial") == 0
    model = keras.models.load_model(weights.with_name("model.keras"))
    assert np.std(model.get_layer("stage1_block1_se_conv1").kernel.numpy()) > 0


def test_what_shapes_cannot_show_is_refused_unless_told(weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    same = ("--set", "defaults.padding=same")
    assert few_imported(weights, *same) == 2
    printed = capsys.readouterr()
    assert printed.err == (
        f"{weights} fits keras_resnet50 by the mapping resnet_keras, but would give other numbers:\n"
        "  padding of convolutions with a stride: symmetric there, same here\n"
        "  hint: --set defaults.padding=symmetric makes it the network of the weights; "
        "--as-is (train.init.as_is) takes the weights all the same\n")
    assert not weights.with_name("model.keras").exists()
    assert few_imported(weights, *same, "--as-is") == 0
    assert few_imported(weights, *same, "--set", "defaults.padding=symmetric") == 0


def test_numbers_that_give_none_are_refused(weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with h5py.File(weights, "r+") as file:
        found: list[h5py.Dataset] = []
        file.visititems(lambda name, item: found.append(item) if isinstance(item, h5py.Dataset) and item.ndim == 4 else None)
        found[0][0, 0, 0, 0] = np.nan
    assert few_imported(weights) == 2
    assert re.search(r"_conv/kernel holds NaN, and so the model would give none\n  hint: the file is damaged", capsys.readouterr().err)
    assert not weights.with_name("model.keras").exists()
    assert few_imported(weights, "--as-is") == 0


def test_a_failure_leaves_the_old_model(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = weights.with_name("model.keras")
    old.write_text("old")

    def fail(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt
    monkeypatch.setattr(keras.Model, "save", fail)
    assert few_imported(weights) == 130
    assert old.read_text() == "old"
    assert sorted(path.name for path in old.parent.iterdir()) == ["a.weights.h5", "model.keras"]


@pytest.mark.parametrize(("options", "message"), [
    (["-o", "model.h5"], "model.h5: the model is written as NAME.keras\n  hint: -o model.keras"),
    (["-o", "model.keras", "--layout", "tim"], "there is no layout 'tim'"),
    (["-o", "model.keras"], "no-file.pth: there is no such file of weights"),
])
def test_mistakes(options: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    layout = [] if "--layout" in options else ["--layout", "timm"]
    assert run(["import", "resnet50", "no-file.pth", *options, *layout]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(("stated", "said"), [
    ("input: RGB\n", "its output is logits; the input of most weights of this kind, by their publisher's word: RGB"),
    ("", "its output is logits"),
])
def test_a_mapping_of_ones_own(stated: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = tmp_path / "tiny.yaml"
    spec.write_text("input: 8x8x3\nclasses: 2\nstem: [conv: 3x3 4]\nhead: [global_avg_pool, dense: $classes]\n")
    (tmp_path / "mine.yaml").write_text(f"format: keras\nblocks: []\n{stated}"
                                        "layers: {stem_conv: a, stem_conv_norm: b, head_dense: c}\n")
    image = keras.Input((8, 8, 3))
    layers = keras.layers
    x = layers.ReLU()(layers.BatchNormalization(epsilon=1e-5, name="b")(
        layers.Conv2D(4, 3, padding="same", use_bias=False, name="a")(image)))
    model = random(keras.Model(image, layers.Dense(2, name="c")(layers.GlobalAveragePooling2D()(x))))
    model.save_weights(tmp_path / "a.weights.h5")
    assert run(["import", str(spec), str(tmp_path / "a.weights.h5"), "--layout", str(tmp_path / "mine.yaml"),
                "-o", str(tmp_path / "model.keras")]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"{tmp_path / 'model.keras'}  {said}"
    assert error(model, keras.models.load_model(tmp_path / "model.keras"), 8) < 1e-5


@pytest.mark.parametrize("spec", ["resnet50", "resnet50_v2", "keras_resnet101"])
def test_the_shipped_spec_that_a_message_names_fits(spec: str, whole: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Biases, another order, another depth: whatever the spec, the weights are Keras's ResNet-50."""
    assert imported(spec, whole, size=32) == 2
    assert re.search(r"hint: the network of these weights ships as keras_resnet50(;|\n)", capsys.readouterr().err)


def test_and_gives_the_same_logits(whole: Path, resnet: keras.Model, built: list[keras.Model]) -> None:
    assert imported("keras_resnet50", whole, size=32) == 0
    assert error(resnet, built[0], 32) < 1e-5
