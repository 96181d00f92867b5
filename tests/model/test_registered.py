"""A saved model loads in plain Keras, or with `import archspec` alone where it holds a layer of ours."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import keras
import pytest
from graphs import Chain

import archspec
from archspec.graph import ops
from archspec.graph.ir import Graph
from archspec.model import registered
from archspec.model.emit import build

LOAD = "print(keras.models.load_model({path!r})(keras.ops.ones((1, 8, 8, 4))).shape)"


@pytest.fixture
def plain(chain: Chain) -> Graph:
    """What Keras has layers for, grouped convolutions among them."""
    return chain(ops.Conv(8, (3, 3), (2, 2), (1, 1, 1, 1), groups=4, bias=True, bias_init=-2.0), ops.BatchNorm(), ops.Depthwise(),
                 ops.Activation("prelu"), ops.Activation("gelu"), ops.Pool("max", (2, 2), (2, 2)), ops.GlobalPool("avg"),
                 ops.DropPath(0.1), ops.Dense(3), shape=(8, 8, 4))


def in_new_process(code: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(Path(archspec.__file__).parents[1]), "KERAS_BACKEND": "tensorflow"}
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)


def test_plain_keras_loads_what_needs_no_layer_of_ours(plain: Graph, tmp_path: Path) -> None:
    build(plain).save(tmp_path / "model.keras")
    done = in_new_process("import keras\n" + LOAD.format(path=str(tmp_path / "model.keras")))
    assert done.stdout.strip() == "(1, 3)", done.stderr


@pytest.mark.parametrize("order", ["import archspec, tensorflow, keras", "import keras, archspec"])
def test_importing_archspec_is_enough_for_the_others(order: str, chain: Chain, tmp_path: Path) -> None:
    graph = chain(ops.PadChannels(6), ops.Pool("max", (3, 3), (2, 2), (1, 1, 1, 1)), ops.LayerScale(0.1), ops.GlobalPool("avg"),
                  ops.Activation("gelu", approximate=True), ops.Dense(3), shape=(8, 8, 4))
    build(graph).save(tmp_path / "model.keras")
    done = in_new_process(f"{order}\n" + LOAD.format(path=str(tmp_path / "model.keras")))
    assert done.stdout.strip() == "(1, 3)", done.stderr


def test_a_network_that_recomputes_can_be_saved_for_plain_keras(tmp_path: Path) -> None:
    graph = archspec.lower(archspec.load("cifar_densenet40_k12", ["memory=recompute", "stages.repeats=[2, 1, 1]", "input=8x8x4"]))
    assert type(build(graph)).__name__ == "RecomputingModel"
    assert type(build(graph, portable=True)) is type(keras.Model(*[keras.Input((1,))] * 2))


def test_all_that_registers_is_waited_for() -> None:
    """Every name of ours that a file may hold is registered by the modules in registered.MODULES."""
    folder = Path(registered.__file__).parent
    saying = {f"archspec.model.{path.stem}" for path in folder.glob("*.py") if re.search("^@.*register", path.read_text(), re.M)}
    assert saying == set(registered.MODULES)
