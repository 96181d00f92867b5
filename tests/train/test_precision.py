"""In what numbers a step computes, and who compiles it."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
from runs import QUICK, SPEC, eagerly

from archspec.cli import run as archspec
from archspec.data.sources import load_data
from archspec.errors import InputError
from archspec.network import load, lower
from archspec.spec.recipe import Recipe
from archspec.train.job import Job
from archspec.train.prepare import prepare
from archspec.train.reporting.report import headline
from archspec.train.step.compiling import compiles

pytestmark = pytest.mark.usefixtures("digits")

QUIET = ["stem=[conv: 3x3 8 /2]"]
"""Without dropout, so that what XLA draws makes no difference."""


def prepared(*overrides: str) -> Job:
    spec = load("small.yaml", [*QUIET, *overrides])
    return prepare(spec, lower(spec), load_data(spec.train.data), lambda *_: None)


def losses(job: Job, steps: int, few: bool = True) -> np.ndarray:
    """Of the first steps, compiled where that is the matter."""
    batches = job.batches(0)
    first = [job.next(batches) for _ in range(steps)]
    with eagerly(few):
        return np.array([job.train(batch).numpy()[0] for batch in first])


def test_bfloat16_computes_in_it_and_keeps_weights_and_logits(spec: Path) -> None:
    exact, job = prepared(), prepared("train.precision=mixed_bfloat16")
    assert {layer.compute_dtype for layer in job.model.layers[1:-1]} == {"bfloat16"}
    assert job.model.layers[-1].compute_dtype == "float32"
    assert {variable.dtype for variable in job.model.weights} == {"float32"}
    mine, theirs = losses(job, 4), losses(exact, 4)
    assert not np.array_equal(mine, theirs)
    np.testing.assert_allclose(mine, theirs, rtol=0.02)
    assert headline(lower(load("small.yaml")), job).partition("; learning rate")[0].endswith("CPU, mixed_bfloat16")


def test_float16_has_a_scale_that_is_saved(spec: Path) -> None:
    job, exact = prepared("train.precision=mixed_float16"), prepared()
    np.testing.assert_allclose(losses(job, 3), losses(exact, 3), rtol=0.01)
    snapshot = job.state.snapshot()
    assert (snapshot.arrays["scale/loss_scale"], snapshot.arrays["scale/good_steps"]) == (2.0**15, 3)
    job.state.groups["scale"]["loss_scale"].assign(8.0)
    job.restore(snapshot)
    assert float(job.state.groups["scale"]["loss_scale"]) == 2.0**15
    assert not any(name.startswith("scale/") for name in exact.state.snapshot().arrays)


def test_what_is_saved_is_float32(spec: Path) -> None:
    spec.write_text(SPEC)
    assert archspec(["train", "small.yaml", *QUICK, "--set", "train.epochs=1", "--set", "train.precision=mixed_bfloat16"]) == 0
    assert {layer.compute_dtype for layer in keras.models.load_model("runs/small/model.keras").layers} == {"float32"}


def test_xla_computes_the_same(spec: Path) -> None:
    """In full batches, of which there is one step."""
    plain, job = prepared("train.batch=479"), prepared("train.batch=479", "train.jit=on")
    assert job.train_step._jit_compile
    np.testing.assert_allclose(losses(job, 3, few=False), losses(plain, 3), rtol=1e-3)
    assert headline(lower(load("small.yaml")), job).partition("; learning rate")[0].endswith("CPU, compiled by XLA")
    operations = {each.type for each in job.train_step.get_concrete_function(job.next(job.batches(0))).graph.get_operations()}
    assert "FusedBatchNormV3" not in operations


@pytest.mark.parametrize(("overrides", "devices", "message"), [
    ([], ("2 GPUs, mirrored", 2), "train.jit: XLA compiles a step on one device, and here are 2 GPUs, mirrored\n"
     "  hint: --set train.strategy=one, or --set train.jit=off"),
    (["memory=recompute"], ("1 GPU", 1), "train.jit: XLA computes nothing twice, so memory: recompute would spare nothing (14 "
     "layers of small)\n  hint: --set memory=none, or --set train.jit=off"),
    (["stem=[conv: {kernel: 3x3, filters: 8}, conv: {kernel: 3x3, filters: 8, groups: 2}]"], ("1 CPU", 1),
     "train.jit: on a CPU a grouped convolution that XLA compiles takes a hundred times as long (1 in small)\n"
     "  hint: --set train.jit=off")])
def test_what_xla_does_not_do_is_refused(overrides: list[str], devices: tuple[str, int], message: str, spec: Path) -> None:
    graph = lower(load("small.yaml", overrides))
    assert not compiles(Recipe(), graph, *devices)
    with pytest.raises(InputError) as error:
        compiles(Recipe(jit="on"), graph, *devices)
    assert str(error.value) == message


def test_several_batches_a_step_are_not_compiled(spec: Path) -> None:
    with pytest.raises(InputError, match=r"XLA compiles a step of one batch, and train\.accumulate makes 2 of it"):
        compiles(Recipe(jit="on", accumulate=2), lower(load("small.yaml")), "1 GPU", 1)


def test_grouped_convolutions_may_be_compiled_for_a_gpu(spec: Path) -> None:
    graph = lower(load("small.yaml", ["stem=[conv: {kernel: 3x3, filters: 8}, conv: {kernel: 3x3, filters: 8, groups: 2}]"]))
    assert compiles(Recipe(jit="on"), graph, "1 GPU", 1)
