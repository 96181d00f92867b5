"""A new spec is valid as written, changes nothing, and stays so when its comments are taken in."""

from __future__ import annotations

import json
import re
from errno import ENOSPC
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from archspec.author.new import schema_reference, target, write_block, write_schema, write_variant
from archspec.author.spec_schema import FILE, HEAD, spec_schema
from archspec.errors import InputError, SpecError
from archspec.io.places import shipped
from archspec.network import load, lower
from archspec.schema.keys import to_json
from archspec.schema.tree import plain
from archspec.spec.files import spec_names
from archspec.spec.source import read

SOME = ["resnet50", "se_resnet50", "densenet121", "googlenet", "inception_v4", "mobilenet_v3_large", "efficientnet_b0", "convnext_tiny",
        "resnet20_digits", "vgg16", "hrnet_w18", "vit_s16_gap", "regnety_400mf", "unet"]
NAMES = [name for name in SOME if name in spec_names()]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def taken_in(path: Path) -> None:
    """Takes the # away from each line that begins with one."""
    path.write_text(re.sub(r"^#(?!#| yaml-language-server)", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE), encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_a_variant_is_the_same_network_with_its_comments_and_without(name: str) -> None:
    base = load(name)
    made = write_variant(target("mine"), name)
    assert lower(made).fingerprint == lower(base).fingerprint
    assert list(read(Path("mine.yaml")).entries) == ["archspec", "extends", "description"]
    taken_in(Path("mine.yaml"))
    again = load("mine.yaml")
    assert len(read(Path("mine.yaml")).entries) > 4
    assert lower(again).fingerprint == lower(base).fingerprint
    assert to_json(again.train) == to_json(base.train)
    assert not again.warnings
    assert Draft202012Validator(spec_schema()).is_valid(plain(read(Path("mine.yaml"))))


def test_every_line_of_a_variant_fits_a_screen() -> None:
    write_variant(target("mine"), "resnet50")
    assert all(len(line) <= 120 for line in Path("mine.yaml").read_text(encoding="utf-8").splitlines())


def test_a_variant_of_a_file_names_it_from_its_own_folder(here: Path) -> None:
    write_variant(target("mine"), "resnet18")
    write_variant(target("sub/other"), "mine.yaml")
    assert "\nextends: ../mine.yaml\n" in Path("sub/other.yaml").read_text(encoding="utf-8")
    write_variant(target("third.yaml"), "sub/other.yaml")
    assert "\nextends: sub/other.yaml\n" in Path("third.yaml").read_text(encoding="utf-8")


def test_a_variant_may_have_the_name_of_what_it_extends() -> None:
    write_variant(target("resnet18"), "resnet18")
    assert load("resnet18.yaml").resolved.layers[-2].file == str(shipped() / "resnet18.yaml")


def test_a_block_is_valid_as_written_and_has_no_warning() -> None:
    made = write_block(target("twig"), "twig")
    assert made.warnings == ()
    assert [*made.blocks.own] == ["twig"]
    assert lower(made).output.type.channels == 10
    assert Draft202012Validator(spec_schema()).is_valid(plain(read(Path("twig.yaml"))))


def test_a_file_that_is_there_is_left_as_it_is() -> None:
    Path("mine.yaml").write_text("kept", encoding="utf-8")
    Path("link.yaml").symlink_to("nowhere")
    for name in ("mine", "mine.yaml", "link"):
        with pytest.raises(InputError, match="is there already"):
            target(name)
    assert Path("mine.yaml").read_text(encoding="utf-8") == "kept"


@pytest.mark.parametrize("name", ["my network", ".hidden", "", "a/b c", "ü"])
def test_a_name_that_cannot_be_a_networks_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="cannot name a network"):
        target(name)


@pytest.mark.parametrize(("name", "message"), [("conv", "is an operation"), ("basic", "ships"), ("my-block", "cannot name a block"),
                                               ("3x3", "cannot name a block")])
def test_a_name_that_cannot_be_a_blocks_is_refused(name: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        write_block(target("mine"), name)
    assert not Path("mine.yaml").exists()


def test_a_file_that_hides_the_shipped_spec_is_told() -> None:
    Path("resnet18.yaml").write_text("extends: resnet50\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"--from resnet18.yaml extends it"):
        write_variant(target("mine"), "resnet18")
    assert not Path("mine.yaml").exists()


def test_nothing_is_left_of_a_spec_that_has_a_problem(here: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    far = tmp_path_factory.mktemp("far") / "base.yaml"
    far.write_text("extends: resnet18\n", encoding="utf-8")
    with pytest.raises(InputError, match="below its own folder"):
        write_variant(target("mine"), str(far))
    assert not Path("mine.yaml").exists()
    with pytest.raises(SpecError, match="no such file"):
        write_variant(target("mine"), "resnet5O")


def test_nothing_is_left_on_a_full_disk(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file that begins would refuse the same command again."""
    def full(path: Path) -> None:
        raise OSError(ENOSPC, "No space left on device")
    monkeypatch.setattr("archspec.author.new.load", full)
    with pytest.raises(OSError, match="No space left"):
        write_block(target("mine"), "mine")
    assert not Path("mine.yaml").exists()
    Path("mine.yaml").write_text("mine")
    with pytest.raises(FileExistsError):
        write_block(Path("mine.yaml"), "mine")
    assert Path("mine.yaml").read_text() == "mine"


def test_the_schema_is_a_path_from_the_new_file_or_not_named(here: Path) -> None:
    """The file is meant for others: a place of this machine would be wrong for them."""
    assert schema_reference(shipped().parent / "mine.yaml") == f"{shipped().name}/{FILE}"
    assert schema_reference(shipped() / "mine.yaml") == FILE
    (here / FILE).write_text("{}", encoding="utf-8")
    write_block(target("twig"), "twig")
    write_variant(target("first"), "resnet18")
    for name in ("twig", "first"):
        assert HEAD not in Path(f"{name}.yaml").read_text(encoding="utf-8")
        assert str(shipped()) not in Path(f"{name}.yaml").read_text(encoding="utf-8")
    (here / FILE).unlink()
    write_schema(here / FILE)
    write_block(target("nets/leaf"), "leaf")
    write_variant(target("second"), "resnet18")
    assert Path("nets/leaf.yaml").read_text(encoding="utf-8").startswith(f"{HEAD}../{FILE}\n")
    assert Path("second.yaml").read_text(encoding="utf-8").startswith(f"{HEAD}{FILE}\n")
    (here / "other" / ".git").mkdir(parents=True)
    assert schema_reference(here / "other" / "deep" / "mine.yaml") == ""


def test_a_schema_is_written_over_an_older_one_and_over_nothing_else(here: Path) -> None:
    write_schema(here / FILE)
    (here / FILE).write_text((here / FILE).read_text(encoding="utf-8")[:500], encoding="utf-8")
    write_schema(here / FILE)
    assert json.loads((here / FILE).read_text(encoding="utf-8")) == spec_schema()
    (here / "package.json").write_text("{}", encoding="utf-8")
    for name, message in (("package.json", "is no schema of archspec"), ("schema.yaml", "is a JSON file")):
        with pytest.raises(InputError, match=message):
            write_schema(here / name)
    assert (here / "package.json").read_text(encoding="utf-8") == "{}"
