"""`[i]` in --set: entries of lists, and arguments of items."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import archspec
from archspec.errors import SpecError
from archspec.schema.tree import plain
from archspec.spec.inherit import resolve
from archspec.views.explain import explain

Write = Callable[..., Path]
TEXT = """\
let: {sizes: [3, 5, 7]}
blocks: {mine: {parameters: {n: 4, m: 0.1}, body: [conv: $n, dropout: $m]}}
stem: [conv: 3x3 8 act='leaky_relu slope=0.1', act, mine: 8, branches: {one: [conv: 8], two: [conv: 8, conv: 8]}]
stages: {block: basic, repeats: [1, 2], width: 8, strides: [1, 2], stage2: {repeats: 3}, after: [dropout: 0.1]}
train: {augment: [{pad_crop: 4}, {pad_crop: 2}]}
"""


def at(path: Path, section: str, *overrides: str) -> object:
    resolved = resolve(str(path), overrides)
    assert resolved.problems == ()
    return plain(resolved.tree.entries[section])


@pytest.mark.parametrize(("overrides", "section", "found"), [
    (["let.sizes[1]=9"], "let", {"sizes": [3, 9, 7]}),
    (["let.sizes=[1, 2]", "let.sizes[1]=9"], "let", {"sizes": [1, 9]}),
    (["let.sizes[1]=9", "let.sizes=[1, 2]"], "let", {"sizes": [1, 9]}),
    (["let.sizes[1]=9", "let.sizes[1]=8"], "let", {"sizes": [3, 8, 7]}),
    (["let.sizes[2]=[1, 2]", "let.sizes[2][0]=9"], "let", {"sizes": [3, 5, [9, 2]]}),
    (["blocks.mine.body[1].rate=0.3"], "blocks",
     {"mine": {"parameters": {"n": 4, "m": 0.1}, "body": [{"conv": "$n"}, {"dropout": {"rate": 0.3}}]}}),
])
def test_entries(overrides: list[str], section: str, found: object, write: Write) -> None:
    assert at(write(TEXT), section, *overrides) == found


@pytest.mark.parametrize(("override", "index", "found"), [
    ("stem[0].filters=32", 0, {"conv": {"kernel": "3x3", "filters": 32, "act": "leaky_relu slope=0.1"}}),
    ("stem[0].act.slope=0.2", 0, {"conv": {"kernel": "3x3", "filters": 8, "act": {"kind": "leaky_relu", "slope": 0.2}}}),
    ("stem[0].act=null", 0, {"conv": {"kernel": "3x3", "filters": 8}}),
    ("stem[0]=dropout", 0, "dropout"), ("stem[0]={conv: 5x5 4}", 0, {"conv": "5x5 4"}),
    ("stem[1].kind=elu", 1, {"act": {"kind": "elu"}}), ("stem[2].m=0.2", 2, {"mine": {"n": 8, "m": 0.2}}),
    ("stem[3].merge=add", 3, {"branches": {"paths": {"one": [{"conv": 8}], "two": [{"conv": 8}, {"conv": 8}]}, "merge": "add"}}),
    ("stem[3].paths.two[1].filters=9", 3,
     {"branches": {"paths": {"one": [{"conv": 8}], "two": [{"conv": 8}, {"conv": {"filters": 9}}]}}}),
])
def test_arguments_behind_an_item(override: str, index: int, found: object, write: Write) -> None:
    stem = at(write(TEXT), "stem", override)
    assert isinstance(stem, list)
    assert stem[index] == found


@pytest.mark.parametrize(("override", "key", "found"), [
    ("stages.repeats[0]=5", "repeats", [5, 2]), ("stages.widths=[8, 9]", "width", [8, 9]),
    ("stages.strides[1]=1", "stride", [1, 1]), ("stages.after[0].rate=0.5", "after", [{"dropout": {"rate": 0.5}}]),
])
def test_columns(override: str, key: str, found: object, write: Write) -> None:
    stages = at(write(TEXT), "stages", override)
    assert isinstance(stages, dict)
    assert stages[key] == found


def test_an_entry_of_a_column_holds_over_what_was_said_of_its_stage(write: Write) -> None:
    spec = archspec.load(write(TEXT), ["stages.repeats[1]=5"])
    assert [stage.repeats.text for stage in spec.stages] == ["1", "5"]  # type: ignore[union-attr]


def test_rows_and_lists_of_other_sections(write: Write) -> None:
    rows = "stages: [{block: basic, width: 8}, {block: basic, width: 16, before: [dropout: 0.1]}]"
    assert at(write(rows), "stages", "stages[1].width=4", "stages.stage2.before[0].rate=0.2") == [
        {"block": "basic", "width": 8}, {"block": "basic", "width": 4, "before": [{"dropout": {"rate": 0.2}}]}]
    train = at(write(TEXT), "train", "train.augment[1]={pad_crop: 3}")
    assert isinstance(train, dict)
    assert train["augment"] == [{"pad_crop": 4}, {"pad_crop": 3}]


@pytest.mark.parametrize(("override", "message", "hint"), [
    ("let.sizes[3]=1", "let.sizes has 3 entries, counted from 0", "the last is let.sizes[2]"),
    ("let.sizes[-1]=1", "'sizes[-1]' is neither a key nor an entry of a list",
     "an entry is counted from 0: stages.widths[2]=256, stem[0].filters=32"),
    ("let.sizes[0].x=1", "let.sizes[0] is the number 3, and no mapping of keys", "set it whole: let.sizes[0]=…"),
    ("let.sices[0]=1", "nothing sets 'let.sices'", "did you mean 'sizes'?"),
    ("auxiliary.stage1[0]=flatten", "nothing sets 'auxiliary'", "[i] changes an entry of a list that a file has: set the list whole"),
    ("let.sizes[0]=null", "null takes no entry out of a list", "set the whole list: let.sizes=[…]"),
    ("stages.width[1]=16", "stages.width is the number 8, and no list", "it holds for all stages; for one: stages.stage2.width=…"),
    ("stem[0].filter=3", "conv takes no 'filter'",
     "did you mean 'filters'? it takes filters kernel stride padding dilation groups bias norm act standardize"),
    ("stem[3].path[0]=[]", "stem[3], branches, is given no 'path'", "did you mean 'paths'?"),
])
def test_problems(override: str, message: str, hint: str, write: Write) -> None:
    with pytest.raises(SpecError) as caught:
        archspec.load(write(TEXT), [override])
    problem = caught.value.problems[0]
    assert (problem.message, problem.hint, problem.where.file) == (message, hint, "--set")


def test_explain_says_which_entry_was_set(write: Write) -> None:
    spec = archspec.load(write(TEXT), {"stages.repeats[0]": 5})
    assert [origin.value for origin in explain(spec, "stages.repeats")] == ["[1, 2]", "3, of stage2 alone", "5, of stages.repeats[0]"]
