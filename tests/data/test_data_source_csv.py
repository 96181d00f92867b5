"""Images and labels of a table: what is read, what is held out, and each mistake with its file and line."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from quietly import silent

from archspec.data.check import checked
from archspec.data.findings import findings
from archspec.data.looking import look_into
from archspec.data.source import Source
from archspec.data.sources import load_data, refuse_missing
from archspec.data.sources.table import LONGEST_ROW
from archspec.errors import InputError
from archspec.preprocess.rule import preprocess_of
from archspec.spec.data import Csv
from archspec.spec.recipe import Recipe

RULE = preprocess_of(Recipe(), (8, 8, 3))
ROWS = "path,label\na.png,cat\nsub/b.png,dog\nc.png,cat\nd.png,dog\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Four images, each of a grey of its own."""
    (tmp_path / "sub").mkdir()
    for value, name in enumerate(("a", "sub/b", "c", "d")):
        Image.new("L", (4, 3), value).save(tmp_path / f"{name}.png")
    return tmp_path


def table(root: Path, text: str | bytes, name: str = "list.csv") -> str:
    (root / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(root / name)


def load(root: Path, text: str | bytes, **keys: object) -> Source:
    given = {"holdout": 0.5} if "test" not in keys else {}
    return load_data(Csv(path=table(root, text), **{**given, **keys}))


def message(root: Path, text: str | bytes, **keys: object) -> str:
    with pytest.raises(InputError) as error:
        load(root, text, **keys)
    return str(error.value).replace(str(root), "ROOT")


def named(source: Source) -> dict[str, str]:
    """From the name of an image to the name of its class."""
    return {split.keys[index]: source.classes[split.labels[index]] for split in (source.train, source.test)
            for index in range(split.size)}


CATS = {"a.png": "cat", "c.png": "cat", "sub/b.png": "dog", "d.png": "dog"}


@pytest.mark.parametrize("text", [
    ROWS, ROWS.replace("\n", "\r\n"), "\ufeff" + ROWS, ROWS.replace(",", ";"), ROWS.replace(",", "\t"), ROWS + "\n  \n",
    'id,"label", path \n1,cat,"a.png"\n2,dog,./sub/b.png\n"3", cat ,c.png\n4,dog,sub/../d.png'])
def test_tables_of_many_forms(root: Path, text: str) -> None:
    source = load(root, text)
    assert named(source) == CATS
    assert (source.classes, source.test.name, source.train.labels.dtype) == (("cat", "dog"), "holdout", np.int32)


def test_an_image_belongs_to_its_label(root: Path) -> None:
    train = load(root, ROWS, test=table(root, ROWS, "test.csv")).train
    assert [train.item(index) for index in range(4)] == [(root / train.keys[index]).read_bytes() for index in range(4)]
    assert train.labels.tolist() == [0, 1, 0, 1]


def test_a_table_of_its_own_to_test_on_and_other_columns(root: Path) -> None:
    test = table(root, "file\tkind\nd\tdog\n", "test.tsv")
    source = load(root, "file,kind,sex\na,cat,f\nsub/b,dog,m\n", test=test, image="file", label="kind", suffix=".png")
    assert (list(source.train.keys), list(source.test.keys), source.test.name) == (["a.png", "sub/b.png"], ["d.png"], "test")
    assert source.test.labels.tolist() == [1]


def test_the_folder_of_the_images(root: Path) -> None:
    (root / "tables").mkdir()
    absolute = ROWS.replace("c.png", str(root / "c.png"))
    source = load_data(Csv(path=table(root, absolute, "tables/list.csv"), root=str(root), holdout=0.5))
    assert named(source) == CATS
    assert {source.train.path(index) for index in range(2)} | {source.test.path(index) for index in range(2)} == {
        f"{root}/{name} ({root}/tables/list.csv:{line})" for line, name in enumerate(("a.png", "sub/b.png", "c.png", "d.png"), 2)}


def test_a_holdout_stays_whatever_the_order_of_the_rows(root: Path) -> None:
    one = load(root, ROWS)
    other = load(root, "path,label\nd.png,dog\nc.png,cat\na.png,cat\nsub/b.png,dog\n")
    assert sorted(one.test.keys) == sorted(other.test.keys)
    assert sorted(one.test.labels.tolist()) == [0, 1]


@pytest.mark.parametrize("separator", [";", " "])
def test_several_labels(root: Path, separator: str) -> None:
    rows = f"path,label\na.png,sun{separator}sea\nsub/b.png,\nc.png,sea\nd.png,sea{separator}sea{separator}fog\n"
    source = load(root, rows, test=table(root, "path,label\na.png,fog\n", "test.csv"), separator=separator)
    assert source.classes == ("fog", "sea", "sun")
    assert source.train.labels.dtype == np.uint8
    assert source.train.labels.tolist() == [[0, 1, 1], [0, 0, 0], [0, 1, 0], [1, 1, 0]]
    assert source.test.labels.tolist() == [[1, 0, 0]]


def test_several_labels_held_out(root: Path) -> None:
    source = load(root, "path,label\na.png,sun\nsub/b.png,\nc.png,sea\nd.png,sea|sun\n", separator="|")
    assert (source.train.size + source.test.size, source.test.labels.shape[1]) == (4, 2)
    assert min(source.train.size, source.test.size) > 0


def test_a_single_missing_image_is_named_with_its_line(root: Path) -> None:
    source = load(root, ROWS.replace("c.png", "none.png"), test=table(root, ROWS, "test.csv"))
    assert source.train.head(2).problem == "No such file or directory"
    assert source.train.path(2) == f"{root}/none.png ({root}/list.csv:4)"


MISTAKES = [
    ("", {}, "ROOT/list.csv:1: no column is called 'path'; its columns are \n  hint: the first line names the columns; "
     "--set train.data.image=NAME says which holds the paths"),
    ("file,label\na.png,cat\n", {}, "ROOT/list.csv:1: no column is called 'path'; its columns are file label\n"
     "  hint: the first line names the columns; --set train.data.image=NAME says which holds the paths"),
    ("path;labels\na.png;cat\n", {}, "ROOT/list.csv:1: no column is called 'label'; its columns are path labels\n"
     "  hint: did you mean 'labels'?"),
    ("path,path,label\na.png,b,cat\n", {}, "ROOT/list.csv:1: 2 columns are called 'path'\n  hint: rename one of them"),
    ("path,label\n", {}, "ROOT/list.csv: the table has no rows"),
    ("path,label\na.png,cat\nb.png,dog,x\n", {}, "ROOT/list.csv:3: 3 columns, but the first line has 2\n"
     "  hint: quotes around a text with ',' in it"),
    ("path,label\n\na.png,cat\n,dog\n", {}, "ROOT/list.csv:4: no path in the column 'path'"),
    ("path,label\na\0.png,cat\n", {}, "ROOT/list.csv:2: a path with a zero byte in the column 'path'"),
    ("path,label\na.png,\n", {}, "ROOT/list.csv:2: no label in the column 'label'\n"
     "  hint: give it one, or remove the row; with train.data.separator an image may have none"),
    (ROWS + "./a.png,dog\n", {}, "ROOT/list.csv:6: './a.png' is in line 2, too\n"
     "  hint: a row an image; several labels of one stand in its row, with train.data.separator"),
    (b"path,label\na.png,cat\nb.png,caf\xe9\n", {}, "ROOT/list.csv:3: it is not UTF-8\n  hint: save the table as UTF-8"),
    ('path,label\na.png,"cat\n', {}, "ROOT/list.csv:2: unexpected end of data\n  hint: a quote is written twice within quotes"),
    ('path,label\na.png,"c"at\n', {}, "ROOT/list.csv:2: ',' expected after '\"'\n  hint: a quote is written twice within quotes"),
    ("path,label\nx/a.png,cat\nx/d.png,dog\n", {}, "ROOT/list.csv: none of its first 2 images is there; line 2: no file "
     "ROOT/x/a.png\n  hint: --set train.data.root=FOLDER, in which the paths of the table begin"),
    ("path,label\na,cat\nd,dog\n", {}, "ROOT/list.csv: none of its first 2 images is there; line 2: no file ROOT/a\n"
     "  hint: --set train.data.suffix=.png"),
    ("path,label\nsub\\b.png,cat\n", {}, "ROOT/list.csv: its image is not there; line 2: no file ROOT/sub\\b.png\n"
     "  hint: paths are written with / here, not with \\"),
    (ROWS.replace("d.png,dog", "d.png,emu"), {}, "ROOT/list.csv: class 'dog' has 1 image(s): too few to hold 0.5 of "
     "them back\n  hint: more images of it, or leave the class out"),
    ("path,label\na.png,cat\n", {"separator": ";"}, "ROOT/list.csv: the table has 1 image(s): too few to hold 0.5 "
     "of them back\n  hint: more images of it, or leave the class out"),
]


@pytest.mark.parametrize(("text", "keys", "said"), MISTAKES)
def test_mistakes(root: Path, text: str | bytes, keys: dict[str, object], said: str) -> None:
    assert message(root, text, **keys) == said


def test_a_class_to_test_on_that_is_not_trained_on(root: Path) -> None:
    test = table(root, "path,label\na.png,cat\nc.png,Dog\n", "test.csv")
    assert message(root, ROWS, test=test) == ("ROOT/test.csv:3: the class 'Dog' is none of ROOT/list.csv, which has cat, dog\n"
                                              "  hint: a class to test on needs images to train on")


@pytest.mark.parametrize(("keys", "said"), [
    ({"path": "no.csv"}, "train.data.path: no file no.csv"), ({"test": "no.csv", "holdout": 0.0}, "train.data.test: no file no.csv"),
    ({"root": "none"}, "train.data.root: no folder none")])
def test_what_is_not_there(root: Path, keys: dict[str, object], said: str) -> None:
    with pytest.raises(InputError) as error:
        refuse_missing(Csv(**{"path": table(root, ROWS), "holdout": 0.5, **keys}))
    assert str(error.value).startswith(said)


def test_two_ways_to_test_images_or_none_clash() -> None:
    assert [clash.message for keys in ({"test": "a", "holdout": 0.1}, {}) for clash in Csv(path="x", **keys).clashes()] == [
        "the images to test on come from a table of their own or are held out; both are given",
        "the images to test on come from a table of their own or are held out; neither is given"]


def test_an_image_that_is_a_pipe_is_not_waited_for(root: Path) -> None:
    os.mkfifo(root / "pipe.png")
    source = load(root, ROWS.replace("c.png", "pipe.png"), test=table(root, ROWS, "test.csv"))
    assert source.train.head(2).problem == "it is no file"
    with pytest.raises(OSError, match="it is no file"):
        source.train.item(2)


def test_a_field_may_be_as_long_as_a_row(root: Path) -> None:
    """The outline of a mask, in a column that is not read; the csv module's own bound is 131,072 characters."""
    before = csv.field_size_limit()
    text = "".join(f"{row},{'1 2 ' * 50_000}\n" for row in ROWS.splitlines())
    assert named(load(root, text)) == named(load(root, ROWS))
    assert csv.field_size_limit() == before


@pytest.mark.parametrize(("text", "line"), [("path,label" + "," * LONGEST_ROW, 1), (ROWS + "a.png," + "," * LONGEST_ROW, 6),
                                            (ROWS + 'a.png,"' + ('\n","' * (LONGEST_ROW // 4)), 6)])
def test_no_row_is_longer_than_a_bound(root: Path, text: str, line: int) -> None:
    assert message(root, text) == f"ROOT/list.csv:{line}: the row has more than 1048576 characters"


@pytest.mark.parametrize(("written", "hint"), [
    ("SUB/B.png", "the file is called ROOT/sub/b.png; large and small letters are told apart"),
    ("sub\\b.png", "paths are written with / here, not with \\"),
    ("Sub\\b.PNG", "the file is called ROOT/sub/b.png; large and small letters are told apart, and paths are written with /, not "
     "with \\"), ("gone.png", "mend the lines of the table, or remove them"), ("gone/../x/b.png", "mend the lines of the table, or "
     "remove them")])
def test_an_image_that_is_not_there_among_others(root: Path, written: str, hint: str) -> None:
    section = Csv(path=table(root, ROWS.replace("sub/b.png", written)), holdout=0.5)
    source = load_data(section)
    with pytest.raises(InputError) as error:
        checked(source, section, RULE, silent)
    path = os.path.normpath(written)
    assert str(error.value).replace(str(root), "ROOT") == (
        f"1 image cannot be read:\n  ROOT/{path} (ROOT/list.csv:3): No such file or directory\n  hint: {hint}")
    looked = look_into(source, silent)
    said = [each.message.replace(str(root), "ROOT") for each in findings(looked, Recipe(data=section), RULE, None) if each.stops]
    assert said == [f"No such file or directory{f'; {hint}' * (not hint.startswith('mend'))}"]
