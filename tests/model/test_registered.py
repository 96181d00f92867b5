"""A saved model loads in plain Keras, or with `import archspec` alone where it holds a layer of ours."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from graphs import Chain

import archspec
from archspec.graph import ops
from archspec.graph.ir import Graph
from archspec.model import registered
from archspec.model.emit import build

LOAD = "print(keras.models.load_model({path!r})(keras.ops.ones((1, 8, 8, 4))).shape)\n"
PLAIN = """
import keras, numpy as np
model, images = keras.models.load_model({path!r}), np.load({images!r})
print(sorted({{type(layer).__module__.split(".")[0] for layer in model.layers}}))
np.save({images!r}, model(images))
"""


@pytest.fixture
def plain(chain: Chain) -> Graph:
    """What Keras has layers for, grouped convolutions among them."""
    return chain(ops.Conv(8, (3, 3), (2, 2), (1, 1, 1, 1), groups=4, bias=True, bias_init=-2.0), ops.BatchNorm(), ops.Depthwise(),
                 ops.Activation("prelu"), ops.Activation("gelu"), ops.Pool("max", (2, 2), (2, 2)), ops.GlobalPool("avg"),
                 ops.DropPath(0.1), ops.Dense(3), shape=(8, 8, 4))


def in_new_process(code: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(Path(archspec.__file__).parents[1]), "KERAS_BACKEND": "tensorflow"}
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def special(chain: Chain, tmp_path: Path) -> str:
    """The file of a model with layers of ours."""
    graph = chain(ops.PadChannels(6), ops.Pool("max", (3, 3), (2, 2), (1, 1, 1, 1)), ops.LayerScale(0.1), ops.GlobalPool("avg"),
                  ops.Activation("gelu", approximate=True), ops.Dense(3), shape=(8, 8, 4))
    build(graph).save(tmp_path / "special.keras")
    return str(tmp_path / "special.keras")


def test_plain_keras_loads_what_needs_no_layer_of_ours(plain: Graph, special: str, tmp_path: Path) -> None:
    """And importing archspec is then enough for the others: after Keras, too."""
    model, images = build(plain), np.random.default_rng(2).normal(size=(2, 8, 8, 4)).astype("float32")
    model(images, training=True)
    model.save(tmp_path / "model.keras")
    np.save(tmp_path / "images.npy", images)
    done = in_new_process(PLAIN.format(path=str(tmp_path / "model.keras"), images=str(tmp_path / "images.npy"))
                          + "import archspec\n" + LOAD.format(path=special))
    assert done.stdout == "['keras']\n(1, 3)\n", done.stderr
    np.testing.assert_allclose(np.load(tmp_path / "images.npy"), model(images), atol=1e-6)


def test_importing_archspec_first_is_enough_for_the_others(special: str) -> None:
    done = in_new_process("import archspec, tensorflow, keras\n" + LOAD.format(path=special))
    assert done.stdout == "(1, 3)\n", done.stderr


def test_a_network_that_recomputes_can_be_saved_for_plain_keras(tmp_path: Path) -> None:
    graph = archspec.lower(archspec.load("cifar_densenet40_k12", ["memory=recompute", "stages.repeats=[2, 1, 1]", "input=8x8x4"]))
    assert type(build(graph)).__name__ == "RecomputingModel"
    assert type(build(graph, portable=True)) is type(keras.Model(*[keras.Input((1,))] * 2))


def test_all_that_registers_is_waited_for() -> None:
    """Every name of ours that a file may hold is registered by the modules in registered.MODULES."""
    folder = Path(registered.__file__).parent
    saying = {f"archspec.model.{path.stem}" for path in folder.glob("*.py") if re.search("^@.*register", path.read_text(), re.M)}
    assert saying == set(registered.MODULES)
