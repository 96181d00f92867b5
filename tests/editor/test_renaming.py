"""Names across files: which files are looked into, what is changed in them, and what is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from archspec.editor.checked import check
from archspec.editor.naming import Symbol, definition, symbol_at, with_name
from archspec.editor.near import MOST, made_of
from archspec.editor.renaming import home_of, renamed, uses_near
from archspec.errors import InputError

PARENT = """\
input: 32x32x3
classes: 10
blocks: {mine: {parameters: {width: required, stride: 1, list: none}, body: [conv: 3x3 $width /$stride, $list]}}
stem: [conv: 3x3 16, keep: early]
stages: {block: mine, widths: [16, 16]}
head: [join: early, global_avg_pool, dense: $classes]
"""
CHILD = "extends: parent\nblocks: {ours: {like: mine}}\nstages: {blocks: [mine, ours]}\nhead: [conv: 3x3 16, join: early merge=add, global_avg_pool, dense: 10]\n"
GRANDCHILD = "extends: child\nstem: [mine: 16, keep: early, mine: {width: 16}]\n"
SHARED = "blocks:\n  mine: {parameters: {width: required}, body: [conv: 3x3 $width]}\n"
INCLUDES = "input: 8x8x3\nclasses: 10\ninclude: [shared]\nstem: [mine: 8]\nhead: [global_avg_pool, dense: $classes]\n"
OTHER = "extends: resnet18\nstem: [{conv: 3x3 64}, keep: early, conv: 3x3 64, join: early]\nblocks: {mine: {body: []}}\n"

Folder = Callable[..., None]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    def write(**texts: str) -> None:
        for name, text in texts.items():
            (tmp_path / f"{name}.yaml").write_text(text)
    return write


def symbol_of(path: Path, word: str, texts: Mapping[Path, str], nth: int = 0) -> tuple[Symbol, Path | None]:
    text, at = texts[path] if path in texts else path.read_text(), -1
    for _ in range(nth + 1):
        at = text.index(word, at + 1)
    checked = check(path, {**texts, path: text})
    assert checked.tree is not None
    found = symbol_at(checked.tree, text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at))
    assert found is not None
    return found, home_of(definition(found, path, checked.tree, checked.resolved), path, texts)


def names(places: Mapping[Path, object]) -> set[str]:
    return {path.stem for path in places}


def test_what_is_made_of_a_file_is_found_be_it_saved_or_not(tmp_path: Path, folder: Folder) -> None:
    folder(parent=PARENT, child=CHILD, grandchild=GRANDCHILD, other=OTHER, compose="services: {parent: {extends: {file: a}}}\n", broken="include: [parent\nstem: [")
    elsewhere = tmp_path / "more" / "open.yaml"
    texts = {elsewhere: "extends: ../parent.yaml\n", tmp_path / "new.yaml": "extends: child\n", tmp_path / "other.yaml": "extends: resnet18 # parent\n"}
    found = made_of(tmp_path / "parent.yaml", texts)
    assert names(found.texts) == {"child", "grandchild", "new", "broken"}  # a spec names files of its own folder and below
    assert names(found.broken) == {"broken"}
    assert names(made_of(tmp_path / "child.yaml", texts).texts) >= {"grandchild", "new"}


def test_a_file_of_another_folder_is_looked_into_while_it_is_open(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "parent.yaml").write_text(PARENT)
    opened = tmp_path / "net.yaml"
    assert names(made_of(tmp_path / "below" / "parent.yaml", {opened: "extends: below/parent.yaml\n"}).texts) == {"net"}
    assert names(made_of(tmp_path / "below" / "parent.yaml", {}).texts) == set()


@pytest.mark.parametrize(("word", "nth", "places"), [
    ("mine", 0, {"parent": [3, 5], "child": [2, 3], "grandchild": [2, 2]}), ("early", 0, {"parent": [4, 6], "child": [4], "grandchild": [2]})])
def test_uses_are_those_of_all_files_wherever_one_asks(word: str, nth: int, places: dict[str, list[int]], tmp_path: Path, folder: Folder) -> None:
    folder(parent=PARENT, child=CHILD, grandchild=GRANDCHILD, other=OTHER)
    for asked in ("parent", "child"):
        symbol, home = symbol_of(tmp_path / f"{asked}.yaml", word, {})
        assert home == tmp_path / "parent.yaml"
        found = uses_near(symbol, home, {})
        assert {path.stem: [where.line for where in each] for path, each in found.items()} == places


@pytest.mark.parametrize(("files", "asked", "word"), [
    ({"parent": PARENT, "child": CHILD, "grandchild": GRANDCHILD, "other": OTHER}, "child", "mine"),
    ({"parent": PARENT, "child": CHILD, "grandchild": GRANDCHILD, "other": OTHER}, "child", "early"),
    ({"parent": PARENT, "child": "extends: parent\nblocks: {mine: {parameters: {width: 3}, body: [conv: 3x3 $width, conv: 3x3 $width]}}\nstages: {strides: 1}\n"}, "parent", "mine"),
    ({"shared": SHARED, "net": INCLUDES, "second": INCLUDES.replace("[mine: 8]", "[conv: 3x3 8]")}, "net", "mine"),
    ({"parent": PARENT, "child": "extends: parent\nstem: [conv: 3x3 16, keep: early, {mine: {width: 16, list: [{join: early}]}}]\n"}, "parent", "early")])
def test_another_name_leaves_every_network_as_it_is(files: dict[str, str], asked: str, word: str, tmp_path: Path, folder: Folder) -> None:
    folder(**files)
    symbol, home = symbol_of(tmp_path / f"{asked}.yaml", word, {})
    assert home is not None
    found = renamed(symbol, "called_so", home, {})
    before = {tmp_path / f"{name}.yaml": text for name, text in files.items()}
    after = {path: with_name(text, found.places.get(path, ()), word, "called_so") for path, text in before.items()}
    assert word not in "".join(after[path] for path in found.places)
    for path in before:
        assert check(path, before).problems == check(path, after).problems == ()
    assert "other" not in names(found.places)


def test_what_an_editor_holds_counts_and_not_the_file(tmp_path: Path, folder: Folder) -> None:
    folder(parent="stem: [", child="")
    texts = {tmp_path / "parent.yaml": PARENT, tmp_path / "child.yaml": f"# mine\n{CHILD}"}
    symbol, home = symbol_of(tmp_path / "child.yaml", "mine", texts, 1)
    assert home == tmp_path / "parent.yaml"
    found = renamed(symbol, "called_so", home, texts)
    assert {path.stem: [where.line for where in places] for path, places in found.places.items()} == {"parent": [3, 5], "child": [3, 4]}
    assert found.layers is False


def test_a_block_that_copies_the_one_that_it_hides_keeps_its_name(tmp_path: Path, folder: Folder) -> None:
    folder(shared=SHARED, net=INCLUDES.replace("stem:", "blocks: {mine: {like: mine, edit: {conv: {after: [act: relu]}}}}\nstem:"))
    symbol, home = symbol_of(tmp_path / "shared.yaml", "mine", {})
    assert home is not None
    with pytest.raises(InputError, match=r"net.yaml would be wrong then: there is no block 'mine'"):
        renamed(symbol, "called_so", home, {})


@pytest.mark.parametrize(("files", "word", "new", "told"), [
    ({"child": CHILD, "broken": "extends: parent\nstem: [mine: 3"}, "mine", "yours", "'mine' stands in .*broken.yaml, which cannot be read: this is not YAML"),
    ({"child": CHILD}, "mine", "ours", "'ours' is the name of something else"), ({"child": CHILD}, "early", "mine stem", "is no name"),
    ({"child": "extends: parent\nstages: {name: [one, two]}\n"}, "early", "two", "child.yaml would be wrong then"),
    ({"child": "extends: parent\nblocks: {yours: {like: mine, edit: {conv: {before: [keep: early]}}}}\nstem: [keep: soon, conv: 3x3 16, keep: early]\n"}, "early", "soon", "is the name of something else")])
def test_what_some_file_speaks_against_is_refused(files: dict[str, str], word: str, new: str, told: str, tmp_path: Path, folder: Folder) -> None:
    folder(parent=PARENT, **files)
    symbol, home = symbol_of(tmp_path / "parent.yaml", word, {})
    assert home is not None
    with pytest.raises(InputError, match=told):
        renamed(symbol, new, home, {})


def test_more_files_than_are_looked_into(tmp_path: Path, folder: Folder) -> None:
    folder(parent=PARENT, **{f"a{number}": "" for number in range(MOST + 1)})
    symbol, home = symbol_of(tmp_path / "parent.yaml", "mine", {})
    assert home is not None
    assert uses_near(symbol, home, {}).keys() == {home}
    with pytest.raises(InputError, match=f"more than {MOST} YAML files"):
        renamed(symbol, "called_so", home, {})


def test_what_ships_is_of_no_file_that_can_be_changed(tmp_path: Path, folder: Folder) -> None:
    folder(net="extends: resnet18\nstages: {block: basic}\n")
    assert symbol_of(tmp_path / "net.yaml", "basic", {})[1] is None
