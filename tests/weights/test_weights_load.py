"""Checkpoints of training scripts: which weights are read, under which names, and what of their numbers is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from programs import archive, call, mapping, named, number, row, several, text
from safetensors.numpy import save_file

from archspec.cli import run
from archspec.errors import InputError
from archspec.model.emit import build
from archspec.network import load, lower
from archspec.weights.files import open_weights
from archspec.weights.library import candidates, shipped_mappings, stage_blocks
from archspec.weights.load import Wanted, fill, notes, planned, refuse
from archspec.weights.match import Plan

AVERAGE, RAW = row(key="1"), row(key="0")
ZEROS, ONES = np.zeros(4, "<f4"), np.ones(4, "<f4")


def chosen(path: Path, program: bytes) -> tuple[float, tuple[str, ...]]:
    """The number that the tensor `w` of a checkpoint holds, and what is said of the file."""
    with open_weights(archive(path / "a.pth", program, n0=ZEROS, n1=ONES)) as file:
        return float(file.tensors["w"].read()[0]), file.notes


@pytest.mark.parametrize("key", ["state_dict", "model", "model_state_dict", "net", "params", "weights", "network", "module"])
def test_holders_of_the_weights(key: str, tmp_path: Path) -> None:
    assert chosen(tmp_path, mapping(epoch=number(3), optimizer=mapping(w=AVERAGE), **{key: mapping(w=RAW)})) == (0, ())


@pytest.mark.parametrize(("raw", "average"), [("state_dict", "state_dict_ema"), ("model", "model_ema"), ("net", "ema"),
                                              ("params", "params_ema"), ("epoch", "model_ema")])
def test_averaged_weights_are_preferred_and_said(raw: str, average: str, tmp_path: Path) -> None:
    program = mapping(**{raw: mapping(w=RAW), average: mapping(w=AVERAGE)})
    assert chosen(tmp_path, program) == (1, (f"the weights averaged over the training are read, {average}",))


def test_a_best_accuracy_beside_the_weights_is_none_of_them(tmp_path: Path) -> None:
    assert chosen(tmp_path, mapping(best_acc1=AVERAGE, state_dict=mapping(w=RAW))) == (0, ())


PLAIN = {
    "a namespace": (named("argparse", "Namespace") + b")\x81" + mapping(lr=number(1)) + b"b", "argparse.Namespace"),
    "a counter": (call("collections", "Counter", mapping(a=number(1))), "collections.Counter"),
    "a device": (call("torch", "device", text("cuda")), "torch.device"),
    "a NumPy scalar": (call("numpy._core.multiarray", "scalar", named("numpy", "dtype") + several(text("f8")) + b"R" + several(
        number(3), text("<")) + b"b", b"U\x08" + bytes(8)), "numpy.dtype, numpy._core.multiarray.scalar"),
    "a namespace of protocol 4": (b"\x8c\x08argparse\x8c\x09Namespace\x93)}\x92" + mapping(lr=number(1)) + b"b",
                                  "argparse.Namespace"),
}


@pytest.mark.parametrize("case", PLAIN)
def test_plain_objects_beside_the_weights_are_skipped(case: str, tmp_path: Path) -> None:
    program, name = PLAIN[case]
    assert chosen(tmp_path, mapping(state_dict=mapping(w=RAW), args=program)) == (
        0, (f"what else it holds is neither read nor run: {name}",))


@pytest.mark.parametrize("program", [named("torch", "float32"), call("collections", "defaultdict", named("builtins", "list")),
                                     b"\x96" + bytes(8), b"\x8f(" + number(1) + b"\x90", b"(" + number(1) + b"\x91"])
def test_what_is_skipped_in_silence(program: bytes, tmp_path: Path) -> None:
    assert chosen(tmp_path, mapping(state_dict=mapping(w=RAW), other=program)) == (0, ())


def test_parameters_and_ordered_dictionaries(tmp_path: Path) -> None:
    parameter = call("torch._utils", "_rebuild_parameter", RAW, b"\x88", named("collections", "OrderedDict") + b")R")
    ordered = named("collections", "OrderedDict") + b")R(" + text("w") + parameter + b"u" + mapping(_metadata=b"}") + b"b"
    assert chosen(tmp_path, ordered) == (0, ())


def test_a_checkpoint_without_weights(tmp_path: Path) -> None:
    archive(tmp_path / "a.pth", mapping(epoch=number(3), generator=mapping(w=RAW)))
    with (pytest.raises(InputError, match="there are no tensors in it where checkpoints keep them; its keys: epoch generator"),
          open_weights(tmp_path / "a.pth")):
        pass


# -- names -------------------------------------------------------------------------------------------------------------

SPEC = "input: 8x8x3\nclasses: 2\nstem: [conv: 3x3 4]\nhead: [global_avg_pool, dense: $classes]\n"
OWN = "format: torch\nblocks: []\nlayers: {stem_conv: conv1, stem_conv_norm: bn1, head_dense: fc}\n"
TENSORS = {"conv1.weight": (4, 3, 3, 3), "bn1.weight": (4,), "bn1.bias": (4,), "bn1.running_mean": (4,), "bn1.running_var": (4,),
           "bn1.num_batches_tracked": (), "fc.weight": (2, 4), "fc.bias": (2,)}


def planned_for(path: Path, arrays: dict[str, np.ndarray], as_is: bool = False, fills: bool = False) -> Plan:
    """The plan for a small network; filled, it has been carried out."""
    (path / "net.yaml").write_text(SPEC)
    (path / "own.yaml").write_text(OWN)
    save_file(arrays, path / "a.safetensors")
    graph = lower(load(str(path / "net.yaml")))
    wanted = Wanted(str(path / "own.yaml"), as_is=as_is)
    with planned(graph, (), path / "a.safetensors", wanted) as plan:
        refuse(plan, graph, wanted)
        if fills:
            fill(build(graph), plan, wanted)
        return plan


def ones(prefix: str = "") -> dict[str, np.ndarray]:
    return {prefix + name: np.ones(shape, "float32") for name, shape in TENSORS.items()}


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "module._orig_mod.", "model.", "backbone.", "module.encoder_q.", ""])
def test_prefixes(prefix: str, tmp_path: Path) -> None:
    plan = planned_for(tmp_path, ones(prefix))
    assert (plan.prefix, len(plan.matched), dict(plan.unexpected)) == (prefix, 7, {})
    assert list(notes(plan)) == [f"the names in it begin with {prefix}"] * bool(prefix)


def test_tensors_without_the_prefix_are_left_out_and_said(tmp_path: Path) -> None:
    beside = {"n_averaged": np.ones(1), "module.queue": np.ones((2, 2), "float32"), **ones("module.encoder_k.")}
    plan = planned_for(tmp_path, {**ones("module.encoder_q."), **dict(list(beside.items())[:5]), "module.ptr": np.ones(1)})
    assert list(notes(plan)) == ["the names in it begin with module.encoder_q.; 5 without it left out"]


def test_a_network_in_parts_has_no_prefix(tmp_path: Path) -> None:
    plan = planned_for(tmp_path, ones())
    assert (plan.prefix, plan.outside) == ("", 0)


def test_a_name_that_looks_like_markup_is_shown_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "net.yaml").write_text(SPEC)
    (tmp_path / "own.yaml").write_text(OWN)
    save_file({**ones(), "[/red]x": np.ones(1)}, tmp_path / "a.safetensors")
    assert run(["import", str(tmp_path / "net.yaml"), str(tmp_path / "a.safetensors"), "--layout", str(tmp_path / "own.yaml"),
                "-o", str(tmp_path / "a.keras")]) == 2
    assert "unexpected  [/red]x" in capsys.readouterr().out


def test_a_classifier_without_its_bias_is_no_missing_classifier(tmp_path: Path) -> None:
    arrays = ones()
    del arrays["fc.bias"]
    with pytest.raises(InputError, match=r"1 missing tensors\n  hint: --partial .train.init.partial. takes what is there"):
        planned_for(tmp_path, arrays)


# -- numbers -----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("name", "number", "message"), [
    ("conv1.weight", np.nan, "conv1.weight holds NaN"), ("fc.bias", -np.inf, "fc.bias holds infinite numbers"),
    ("bn1.running_var", -1e-3, "bn1.running_var holds variances below zero"),
])
def test_numbers_that_give_none(name: str, number: float, message: str, tmp_path: Path) -> None:
    arrays = ones()
    arrays[name].flat[0] = number
    with pytest.raises(InputError) as error:
        planned_for(tmp_path, arrays, fills=True)
    assert str(error.value) == (f"{tmp_path / 'a.safetensors'}: {message}, and so the model would give none\n  hint: the file is "
                                "damaged, or its training diverged; --as-is (train.init.as_is) takes the weights all the same")
    planned_for(tmp_path, arrays, as_is=True, fills=True)


# -- blocks of a spec's own --------------------------------------------------------------------------------------------

LIKE = """extends: resnet50
blocks: {mine: {like: bottleneck}}
stages: {block: mine}
"""
NAMED = "extends: resnet50\nlet: {kind: bottleneck}\nstages: {block: $kind}\n"


@pytest.mark.parametrize("spec", [LIKE, NAMED])
def test_a_block_like_a_shipped_one_finds_its_mapping(spec: str, tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(spec)
    loaded = load(str(tmp_path / "net.yaml"))
    names = next(mapping for (family, layout), mapping in shipped_mappings().items()
                 if (family, layout) == ("resnet", "torchvision")).names(lower(load("resnet50")))
    arrays = {name: np.ones(1, "float32") for name in names.values()}
    save_file(arrays, tmp_path / "a.safetensors")
    with planned(lower(loaded), stage_blocks(loaded), tmp_path / "a.safetensors", Wanted("torchvision")) as plan:
        assert (plan.mapping.name, len(plan.missing), len(plan.unexpected)) == ("resnet_torchvision", 0, 0)


def test_a_mapping_of_ones_own_is_like_a_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("like: resnet_torchvision\nlayers: {head_dense: classifier}\n")
    mapping, = candidates(str(tmp_path / "own.yaml"), lower(load("resnet18")), ())
    names = mapping.names(lower(load("resnet18")))
    assert names["head_dense", "kernel"] == "classifier.weight"
    assert names["stage4_block2_conv2", "kernel"] == "layer4.1.conv2.weight"
    assert mapping.form.stride_at == 2
