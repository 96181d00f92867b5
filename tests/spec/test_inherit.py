"""Section 2: extends, --set, and the one merge that both are."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

import archspec
from archspec.errors import Problem, SpecError
from archspec.schema.tree import plain
from archspec.spec.inherit import resolve

Write = Callable[..., Path]
Fails = Callable[..., tuple[Problem, ...]]


def merged(path: Path, overrides: Sequence[str] = ()) -> dict[str, object]:
    found = plain(resolve(str(path), overrides).tree)
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(("base", "change", "section", "expected"), [
    ("let: {a: 1, b: 2}", "let: {b: 3, c: 4}", "let", {"a": 1, "b": 3, "c": 4}),
    ("let: {a: 1, b: 2}", "let: {b: null, c: null}", "let", {"a": 1}),
    ("let: {a: 1}", "let: null", "let", None),
    ("stem: [conv: 3, act]", "stem: [flatten]", "stem", ["flatten"]),
    ("stages: {widths: [1, 2], se: 16}", "stages: {width: 3}", "stages", {"width": 3, "se": 16}),
    ("stages: {stride: 1, block: a}", "stages: {strides: [1, 2], blocks: [a, b]}", "stages",
     {"stride": [1, 2], "block": ["a", "b"]}),
    ("stages: [{block: a, widths: 3}]", "let: {a: 1}", "stages", [{"block": "a", "width": 3}]),
    ("stages: [{block: a}]", "stages: {block: b}", "stages", {"block": "b"}),
    ("stages: {block: b}", "stages: [{block: a}]", "stages", [{"block": "a"}]),
    ("stages: {block: b, table: [[widths, stride], [1, 2], [3, default]]}", "stages: {stride: 1}", "stages",
     {"block": "b", "width": [1, 3], "stride": 1}),
    ("stages: {width: [1, 2], stride: 1}", "stages: {table: [[width], [3]]}", "stages", {"width": [3], "stride": 1}),
    ("defaults: {act: relu}", "defaults: {norm: layer_norm}", "defaults",
     {"act": {"kind": "relu"}, "norm": {"kind": "layer_norm"}}),
    ("defaults: {norm: {kind: batch_norm, momentum: 0.5}}", "defaults: {norm: layer_norm}", "defaults",
     {"norm": {"kind": "layer_norm"}}),
    ("defaults: {norm: {momentum: 0.5}}", "defaults: {norm: {epsilon: 0.1}}", "defaults",
     {"norm": {"momentum": 0.5, "epsilon": 0.1}}),
    ("defaults: {norm: {momentum: 0.5}}", "defaults: {norm: {kind: batch_norm, epsilon: 0.1}}", "defaults",
     {"norm": {"momentum": 0.5, "kind": "batch_norm", "epsilon": 0.1}}),
    ("defaults: {act: leaky_relu slope=0.3}", "defaults: {act: relu}", "defaults", {"act": {"kind": "relu"}}),
    ("defaults: {conv: {norm: {kind: batch_norm, momentum: 0.5}}}", "defaults: {conv: {norm: layer_norm}}", "defaults",
     {"conv": {"norm": {"kind": "layer_norm"}}}),
    ("defaults: {conv: 3x3 8 linear}", "defaults: {conv: {kernel: 5}}", "defaults",
     {"conv": {"kernel": 5, "filters": 8, "act": {"kind": "none"}}}),
    ("stages: {act: {kind: gelu, approximate: true}}", "stages: {act: {kind: elu}}", "stages", {"act": {"kind": "elu"}}),
    ("blocks: {a: {unit: conv-act, body: []}, b: {body: []}}", "blocks: {a: {body: [act]}}", "blocks",
     {"a": {"body": ["act"]}, "b": {"body": []}}),
    ("train: {data: {source: folder, path: x}}", "train: {data: digits, epochs: 3}", "train",
     {"data": {"source": "digits"}, "epochs": 3}),
    ("train: {clip: {kind: adaptive, at: 0.01}, log: {histograms: 2}}", "train: {clip: 0.02, log: {steps: 5}}", "train",
     {"clip": {"kind": "adaptive", "at": 0.02}, "log": {"histograms": 2, "steps": 5}}),
    ("train: {optimizer: {momentum: 0.5}}", "train: {optimizer: {kind: sgd, nesterov: true}}", "train",
     {"optimizer": {"momentum": 0.5, "kind": "sgd", "nesterov": True}}),
    ("train: {preprocess: {preset: timm, offset: ceil}}", "train: {preprocess: torchvision}", "train",
     {"preprocess": {"preset": "torchvision"}}),
    ("train: {preprocess: {preset: torchvision, std: 1}}", "train: {preprocess: torchvision}", "train",
     {"preprocess": {"preset": "torchvision"}}),
    ("train: {preprocess: {preset: torchvision, std: 1}}", "train: {preprocess: {offset: ceil}}", "train",
     {"preprocess": {"preset": "torchvision", "std": 1, "offset": "ceil"}}),
])
def test_merge(base: str, change: str, section: str, expected: object, write: Write) -> None:
    write(base, "base")
    assert merged(write(f"extends: base\n{change}")).get(section) == expected


def test_what_speaks_of_one_file_is_not_inherited(write: Write) -> None:
    write("name: a\ndescription: b\nreference: c\npublished: {params: 1}", "base")
    assert set(merged(write("extends: base\nlet: {a: 1}"))) == {"extends", "input", "classes", "head", "let"}


@pytest.mark.parametrize(("override", "section", "expected"), [
    ("let.a=3", "let", {"a": 3, "b": 2}), ("let.a=[1, 2]", "let", {"a": [1, 2], "b": 2}), ("let.a=null", "let", {"b": 2}),
    ("let={c: 3}", "let", {"a": 1, "b": 2, "c": 3}), ("let.a=none", "let", {"a": "none", "b": 2}), ("name=x", "name", "x"),
    ("stages.widths=[1]", "stages", {"width": [1]}), ("defaults.act=gelu", "defaults", {"act": {"kind": "gelu"}}),
    ("let.a=a=b", "let", {"a": "a=b", "b": 2}),
])
def test_set(override: str, section: str, expected: object, write: Write) -> None:
    assert merged(write("let: {a: 1, b: 2}"), [override])[section] == expected


def test_overrides_come_in_order_and_as_a_mapping(write: Write) -> None:
    path = str(write("name: a"))
    assert archspec.load(path, ["name=b", "name=c"]).name == "c"
    spec = archspec.load(path, {"name": "d", "let.width": [1, 2.5, None, "x"], "stem": [{"conv": "1x1 $(width[0])"}]})
    assert spec.name == "d"


def test_a_bare_name_is_the_file_beside_then_a_shipped_one_never_itself(write: Write) -> None:
    write("let: {beside: 1}", "resnet18")
    assert "beside" in merged(write("extends: resnet18"))["let"]  # type: ignore[operator]
    assert merged(write("extends: resnet18", "resnet18"))["stages"] == merged(Path("resnet18"))["stages"]


def test_a_path_below_the_folder(write: Write, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    write("let: {a: 1}", "sub/base")
    assert merged(write("extends: sub/base.yaml"))["let"] == {"a": 1}


@pytest.mark.parametrize("name", ["/etc/passwd", "/etc/x.yaml", "../x.yaml", "a/../../../x.yaml", "sub/net.txt", "'a\\0b'",
'"a\\0b/c.yaml"',
                                  "a" * 300, "''", "sub/" * 30 + "x.yaml", "~", "[a]", "link.yaml"])
def test_extends_is_refused(name: str, fails: Fails, tmp_path: Path) -> None:
    (tmp_path / "link.yaml").symlink_to("/etc/passwd")
    assert fails(f"extends: {name}")[0].code in ("extends", "null")


@pytest.mark.parametrize("extends", ["base", "base.yaml", "folder/base.yaml"])
def test_a_link_does_not_lead_out_of_the_folders(extends: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the file behind it shows, by a bare name as by a path."""
    secret, own = tmp_path / "secret.yaml", tmp_path / "own"
    secret.write_text("token: top-secret", encoding="utf-8")
    (own / "folder").mkdir(parents=True)
    (own / "base.yaml").symlink_to(secret)
    (own / "folder" / "base.yaml").symlink_to(secret)
    (own / "net.yaml").write_text(f"extends: {extends}\n", encoding="utf-8")
    monkeypatch.chdir(own)
    with pytest.raises(SpecError, match=f"'{extends}' is outside of the folders that are searched") as caught:
        archspec.load("net.yaml")
    assert "secret" not in str(caught.value)


def test_a_link_within_the_folders_is_followed(write: Write, tmp_path: Path) -> None:
    write("let: {a: 1}", "real")
    (tmp_path / "base.yaml").symlink_to("real.yaml")
    assert merged(write("extends: base"))["let"] == {"a": 1}


def test_a_circle_shows_the_chain(write: Write, fails: Fails) -> None:
    write("extends: net", "other")
    assert "net -> other -> net" in fails("extends: other")[0].message


def test_a_pipe_is_no_spec(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "net.yaml")
    with pytest.raises(SpecError, match="this is a pipe or a device, a spec is a YAML file"):
        archspec.load(tmp_path / "net.yaml")


@pytest.mark.parametrize("reference", ["nothing_like_it", "/", "a/b.yaml", "resnet5O", "a" * 300 + ".yaml", "a\0b", ""])
def test_there_is_no_such_spec(reference: str) -> None:
    with pytest.raises(SpecError) as caught:
        archspec.load(reference)
    assert caught.value.problems[0].code in ("not-found", "not-a-file")


def test_an_override_is_no_deeper_than_a_document(write: Write) -> None:
    with pytest.raises(SpecError, match="is not an override"):
        archspec.load(str(write("train: {epochs: 3}")), ["a." * 3000 + "b=1"])


@pytest.mark.parametrize("assignments", [
    ["train.data.source=folder", "train.data.path=images"], ["train.epochs=40", "train.recipe=resnet_cifar_2015", "train.schedule=cosine"],
    ["train.schedule.factor=0.5", "train.schedule.milestones=[3, 5]", "train.schedule=step"], ["stages.se=8", "stages.widths=[8, 16]"],
    ["defaults.norm=group_norm", "defaults.norm.groups=4"], ["train.schedule=null", "train.epochs=3"],
])
def test_the_order_of_overrides_does_not_matter(write: Write, assignments: list[str]) -> None:
    path = str(write("stages: {block: basic, repeats: [1, 1], widths: [16, 32]}\ntrain: {data: digits}"))
    first, second = (archspec.load(path, given) for given in (assignments, assignments[::-1]))
    assert archspec.lower(first).fingerprint == archspec.lower(second).fingerprint
    assert (first.train, plain(first.resolved.tree)) == (second.train, plain(second.resolved.tree))
    assert plain(first.resolved.tree) != merged(Path(path))


def test_the_last_of_two_overrides_of_one_key_holds(write: Write) -> None:
    spec = archspec.load(str(write("train: {epochs: 3}")), ["train.epochs=4", "train.epochs=5"])
    assert spec.train.epochs == 5


@pytest.mark.parametrize(("overrides", "epochs", "batch"), [
    ([], 400, 64), (["train.recipe=resnet_cifar_2015"], 164, 128),
    (["train.epochs=300", "train.schedule.stretch=true", "train.recipe=resnet_cifar_2015"], 300, 128),
])
def test_a_recipe_holds_where_it_is_named(write: Write, overrides: list[str], epochs: int, batch: int) -> None:
    """In a file beneath what that says, above what it extends; with --set above all files, beneath other --set."""
    write("train: {recipe: resnet_cifar_2015, batch: 32}", "base")
    spec = archspec.load(str(write("extends: base\ntrain: {recipe: densenet_cifar_2017, epochs: 400, seed: 3}")), overrides)
    assert (spec.train.epochs, spec.train.batch, spec.train.seed) == (epochs, batch, 3)
    named = [each.partition("train.recipe=")[2] for each in overrides if "train.recipe=" in each]
    assert spec.resolved.recipe == (named or ["densenet_cifar_2017"])[-1]


def test_a_recipe_is_no_mixture_with_the_one_before(write: Write) -> None:
    """What it leaves to the defaults is forgotten, too; what is no recipe's stays."""
    write("train: {recipe: torchvision_v2, seed: 3, checkpoint: {keep: 5}}", "base")
    spec = archspec.load(str(write("extends: base\ntrain: {recipe: resnet_fb_torch}")))
    assert (spec.train.label_smoothing, spec.train.repeated_augmentation, str(spec.train.schedule.warmup)) == (0, 1, "0")
    assert (spec.train.seed, spec.train.checkpoint.keep) == (3, 5)
    assert archspec.load(str(spec.resolved.path), ["train.recipe=torchvision_v2"]).train == archspec.load(
        str(spec.resolved.path.with_name("base.yaml"))).train
