"""The run folder: whose it is, who may work in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from archspec.errors import InputError
from archspec.graph.ir import Graph
from archspec.network import load, lower
from archspec.preprocess.rule import input_shape, preprocess_of
from archspec.spec.arch import Spec
from archspec.train.run import RunFolder, claimed, refuse
from archspec.train.saving import manifest as manifests

pytestmark = pytest.mark.usefixtures("digits")


def loaded(spec: Path, *overrides: str) -> tuple[Spec, Graph]:
    found = load(str(spec), overrides)
    return found, lower(found)


def begun(spec: Spec, graph: Graph) -> manifests.Manifest:
    return manifests.begun(spec, preprocess_of(spec.train, input_shape(graph)), graph, fresh=False)


@pytest.fixture
def run(spec: Path) -> RunFolder:
    """A run folder with the manifest and the spec of the small one."""
    written, graph = loaded(spec)
    Path("run").mkdir()
    begun(written, graph).write(Path("run/manifest.json"))
    Path("run/spec.yaml").write_text(written.to_yaml(expand=True))
    return RunFolder(Path("run"))


def refused(run: RunFolder, spec: Path, *overrides: str) -> str:
    with pytest.raises(InputError) as error:
        refuse(run, *loaded(spec, *overrides), fresh=False)
    return str(error.value)


def test_one_of_before_machines_were_told_is_read(run: RunFolder) -> None:
    manifest = json.loads(run.manifest.read_text())
    del manifest["machine"]
    run.manifest.write_text(json.dumps(manifest))
    assert manifests.read(run.manifest).machine == {}


def test_it_says_what_it_is(run: RunFolder) -> None:
    manifest: dict[str, Any] = json.loads(run.manifest.read_text())
    assert (manifest["spec"], manifest["seed"], manifest["train"]["epochs"]) == ("small", 0, 2)
    assert set(manifest["versions"]) == {"python", "tensorflow", "keras", "numpy"}
    assert (manifest["fresh"], manifest["resumed"]) == (False, [])
    assert (manifest["input"]["resize"], manifest["input"]["mean"]) == ({"squash": {}}, [127.5])


def test_the_same_spec_may_go_on(run: RunFolder, spec: Path) -> None:
    refuse(run, *loaded(spec), fresh=False)


def test_devices_and_checkpoints_may_change(run: RunFolder, spec: Path) -> None:
    refuse(run, *loaded(spec, "train.strategy=one", "train.checkpoint.steps=5"), fresh=False)


def test_data_may_lie_elsewhere(spec: Path) -> None:
    """Whether they are the same is not told by their path."""
    written, graph = loaded(spec, "train.data={source: folder, path: a}")
    Path("run").mkdir()
    begun(written, graph).write(Path("run/manifest.json"))
    refuse(RunFolder(Path("run")), *loaded(spec, "train.data={source: folder, path: /b}"), fresh=False)
    assert refused(RunFolder(Path("run")), spec, "train.data={source: folder, path: a, holdout: 0.1}").startswith(
        "run holds a run with another recipe: train.data.holdout was 0.0, is 0.1\n")


def test_another_recipe_is_refused_with_what_differs(run: RunFolder, spec: Path) -> None:
    assert refused(run, spec, "train.epochs=3", "train.schedule.learning_rate=1") == (
        "run holds a run with another recipe: train.schedule.learning_rate was 0.05, is 1.0\n"
        "  hint: --fresh starts over (the old run is moved aside), --run DIR keeps both")
    refuse(run, *loaded(spec, "train.schedule.learning_rate=1"), fresh=True)


def test_more_epochs_are_no_other_recipe_where_the_schedule_goes_on(run: RunFolder, spec: Path) -> None:
    refuse(run, *loaded(spec, "train.epochs=3"), fresh=False)
    assert refused(run, spec, "train.epochs=1").startswith("run holds a run with another recipe: train.epochs was 2, is 1\n")


@pytest.mark.parametrize(("schedule", "why"), [
    ("{kind: step, milestones: ['50%']}", "percents in train.schedule are of all epochs: "),
    ("{kind: constant, warmup: '5%'}", "percents in train.schedule are of all epochs: "),
    ("{kind: step, milestones: [1], written_for: 2, stretch: true}", "train.schedule is stretched over all epochs: ")])
def test_what_is_said_in_shares_of_the_training_is_another_with_more(spec: Path, schedule: str, why: str) -> None:
    written, graph = loaded(spec, f"train.schedule={schedule}")
    Path("run").mkdir()
    begun(written, graph).write(Path("run/manifest.json"))
    said = refused(RunFolder(Path("run")), spec, f"train.schedule={schedule}", "train.epochs=3")
    assert f"train.epochs was 2, is 3; {why}" in said
    refuse(RunFolder(Path("run")), *loaded(spec, f"train.schedule={schedule}"), fresh=False)


def test_more_epochs_under_a_cosine_are_refused_with_the_reason(spec: Path) -> None:
    written, graph = loaded(spec, "train.schedule=cosine")
    Path("run").mkdir()
    begun(written, graph).write(Path("run/manifest.json"))
    assert refused(RunFolder(Path("run")), spec, "train.schedule=cosine", "train.epochs=3") == (
        "run holds a run with another recipe: train.epochs was 2, is 3; a cosine schedule is drawn over all epochs: with more of them "
        "it is another one from the first step on, where constant, step, exponential, plateau would go on\n"
        "  hint: --fresh starts over (the old run is moved aside), --run DIR keeps both")


@pytest.mark.parametrize("gone", ["stop_early", "on_divergence", "label_smoothing", "checkpoint", "optimizer.nesterov"])
def test_a_run_of_before_a_key_was_there_has_its_default(run: RunFolder, spec: Path, gone: str) -> None:
    manifest = json.loads(run.manifest.read_text())
    *above, name = gone.split(".")
    section = manifest["train"]
    for each in above:
        section = section[each]
    del section[name]
    run.manifest.write_text(json.dumps(manifest))
    refuse(run, *loaded(spec), fresh=False)
    if gone == "label_smoothing":
        assert "train.label_smoothing was 0.0, is 0.5" in refused(run, spec, "train.label_smoothing=0.5")


def test_what_becomes_of_a_run_may_change(run: RunFolder, spec: Path) -> None:
    refuse(run, *loaded(spec, "train.stop_early={patience: 1}", "train.on_divergence=rollback"), fresh=False)


def test_other_augmentation_is_told_by_its_operations(spec: Path) -> None:
    written, graph = loaded(spec, "train.augment=[pad_crop: 1, rotate: 5]")
    Path("run").mkdir()
    begun(written, graph).write(Path("run/manifest.json"))
    run = RunFolder(Path("run"))
    assert refused(run, spec, "train.augment=[pad_crop: 2, rotate: 5]").startswith(
        "run holds a run with another recipe: train.augment.pad_crop.pixels was 1, is 2\n")
    assert refused(run, spec, "train.augment=[rotate: 5]").startswith(
        "run holds a run with another recipe: train.augment was [pad_crop, rotate], is [rotate]\n")
    assert "train.augment was [pad_crop, rotate], is []\n" in refused(run, spec, "train.augment=[]")


def test_a_part_of_the_recipe_that_is_named_by_a_word_is_compared_key_by_key(spec: Path) -> None:
    written, graph = loaded(spec, "train.preprocess.resize={shorter: 37}")
    Path("run").mkdir()
    begun(written, graph).write(Path("run/manifest.json"))
    run = RunFolder(Path("run"))
    refuse(run, written, graph, fresh=False)
    assert "recipe: train.preprocess.resize.shorter.pixels was 37, is 36\n" in refused(run, spec, "train.preprocess.resize={shorter: 36}")
    assert "recipe: train.preprocess.resize.shorter was" in refused(run, spec, "train.preprocess.resize=squash")
    earlier = json.loads(run.manifest.read_text())
    del earlier["train"]["preprocess"]["resize"]["shorter"]["longer"]  # a key that an earlier archspec did not know
    run.manifest.write_text(json.dumps(earlier))
    refuse(run, written, graph, fresh=False)


def test_another_network_is_refused_with_what_differs(run: RunFolder, spec: Path) -> None:
    message = refused(run, spec, "stages.width=16", "stages.stride=2")
    assert message.startswith("run holds a run of another network (small, fingerprint ")
    assert message.partition("): ")[2].startswith("stages.width was 8, is 16; stages.stride was not there, is 2\n  hint: ")


def test_another_network_is_refused_where_its_spec_is_gone(run: RunFolder, spec: Path) -> None:
    run.spec.unlink()
    assert refused(run, spec, "stages.width=16").partition(")")[2].startswith("\n  hint: --fresh starts over")


def test_a_folder_of_something_else_is_left_alone(spec: Path, tmp_path: Path) -> None:
    assert refused(RunFolder(tmp_path), spec) == (
        f"{tmp_path} holds small.yaml and is no run folder\n  hint: name another one with --run")
    assert refused(RunFolder(spec), spec) == f"{spec} is a file; --run names a folder"


def test_what_a_lock_leaves_is_nothing_foreign(spec: Path) -> None:
    with claimed(RunFolder(Path("runs/small"))):
        pass
    assert [path.name for path in Path("runs").iterdir()] == [".small.lock"]
    refuse(RunFolder(Path("runs")), *loaded(spec), fresh=False)


def test_two_at_once_are_refused(run: RunFolder) -> None:
    with claimed(run), pytest.raises(InputError) as error, claimed(RunFolder(run.path.resolve())):
        pass
    assert str(error.value) == (f"another archspec works in {run.path.resolve()}\n"
                                "  hint: wait for it, or name another folder with --run")


@pytest.mark.parametrize("text", ["", "{", "{}", "[]", '{"spec": "small"}', "\xff", "[" * 10**5])
def test_a_broken_manifest_is_told_with_the_ways_out(run: RunFolder, spec: Path, text: str) -> None:
    run.manifest.write_bytes(text.encode("latin-1"))
    message = refused(run, spec)
    assert message.startswith("run/manifest.json cannot be read (")
    assert "Manifest" not in message
    assert message.endswith("\n  hint: put back the file as it was; --fresh starts over (the old run is moved aside)")
    refuse(run, *loaded(spec), fresh=True)


@pytest.mark.parametrize("text", ["", "{", "[]", "[" * 10**5])
def test_a_broken_result_is_none(run: RunFolder, text: str) -> None:
    run.result.write_text(text)
    assert run.read_result() is None


def test_its_manifest_holds_every_kind_of_value(spec: Path) -> None:
    written, graph = loaded(spec, "train.class_weights={'3': 2.5}", "train.augment=[pad_crop: 1, mixup]")
    begun(written, graph).write(Path("manifest.json"))
    found = manifests.read(Path("manifest.json")).train
    assert found["class_weights"] == {"3": 2.5}
    assert [*map(list, found["augment"])] == [["pad_crop"], ["mixup"]]


@pytest.mark.parametrize("program", ["archspec", "/usr/bin/archspec", "/lib/archspec/__main__.py"])
def test_the_command_is_told_as_it_is_typed(program: str) -> None:
    assert manifests.typed([program, "train", "a b"]) == ["archspec", "train", "a b"]
    assert manifests.typed(["make.py", "-x"]) == ["make.py", "-x"]
