"""No key is inert: another value of it changes what the spec is, or `check` refuses it. The keys are walked, not listed."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from others import others

import archspec
from archspec.errors import SpecError
from archspec.graph.text import lines
from archspec.schema.keys import Key, ListOf, Named, OneOf, Sub, to_json
from archspec.schema.kinds import Choice
from archspec.schema.walk import Entry, walk
from archspec.spec.data import Csv
from archspec.spec.dump import to_text
from archspec.spec.operations import OPERATIONS
from archspec.spec.sections import BLOCK, DEFAULTS, SPEC, STAGE
from archspec.views.catalog import blocks

ROOT = Path(__file__).parents[2]
OUTSIDE = [path for path in (ROOT / "archspec").rglob("*.py") if path.relative_to(ROOT / "archspec").parts[0] not in ("spec", "schema")]
BASE: dict[str, Any] = {"input": "32x32x8", "classes": 10, "let": {"wide": 8}, "stem": ["conv: 3x3 $wide"], "stages": {
    "block": "basic", "repeats": [2, 1], "widths": [8, 16], "strides": [1, 2]}, "head": ["global_avg_pool", "dense: 10"]}
NEEDED: dict[str, dict[str, Any]] = {
    "conv": {"filters": 8, "kernel": 3}, "max_pool": {"kernel": 3, "stride": 2}, "avg_pool": {"kernel": 3, "stride": 2},
    "dense": {"units": 10}, "dropout": {"rate": 0.5}, "scale": {"factor": 0.5}, "pad_channels": {"channels": 16},
    "pad": {"size": 1}, "shuffle": {"groups": 2}, "upsample": {"factor": 2},
    "branches": {"paths": [["act"], ["conv: 3x3 8"]]}, "parallel": {"times": 2, "body": ["act"]},
    "repeat": {"times": 2, "body": ["conv: 3x3 8"]}, "residual": {"body": ["conv: 3x3 16"]}, "densely": {"body": ["conv: 3x3 8"]},
    "gate": {"body": ["act"]}, "highway": {"body": ["conv: 3x3 8"]},
    "slice": {"channels": 4}, "reshape": {"to": "16x64x8"}, "blur_pool": {"kernel": 3, "stride": 2},
    "conv_transpose": {"filters": 8, "kernel": 5, "stride": 2}, "attention": {"heads": 2},
    "keep": {"value": "here"}, "use": {"value": "here"}, "join": {"with": "here"},
}
"""What an operation cannot do without, on a map of 8 channels."""
BESIDE = {"ceil": {"padding": "valid"}, "by": {"merge": "select"}}
"""What an argument needs beside it, to be anything."""
MEAN = {"branches": {"drop_path": {"merge": "average"}, "heads": {"merge": "attend", "paths": [[], ["act"], []]}},
        "parallel": {"drop_path": {"merge": "average"}}, "join": {"heads": {"merge": "attend", "with": ["here", "there"]}}}
"""The same where it depends on the operation."""
INSTEAD = {"to": "factor"}
"""An argument that stands in the place of another."""
AHEAD = ["keep: here", "act: elu", "keep: there", "act: tanh", "keep: last"]
"""Values with names, for the operations that take them."""
BEHIND = {"keep": ["act: tanh", "join: here"], "use": ["join: last"]}
"""What shows that they act."""
KINDS = {"slope": "leaky_relu", "alpha": "elu", "approximate": "gelu", "groups": "group_norm"}
"""The kind of norm or activation that has an argument, where not all have it."""


def observed(data: dict[str, Any], path: Path) -> object:
    """All that anybody can see of a spec; the text of the refusal where it is refused."""
    path.write_text(to_text(_items(data)), encoding="utf-8")
    try:
        spec = archspec.load(str(path))
        graph = archspec.lower(spec)
    except SpecError as error:
        return "refused", str(error)
    return (lines(graph), graph.name, [node.recompute for node in graph.nodes], spec.description, spec.reference,
            to_json(spec.train), to_json(spec.export), spec.published)


def _items(data: Any) -> Any:
    """The data with `conv: 3x3 8` in a list as the mapping that YAML makes of it."""
    if isinstance(data, dict):
        return {key: _items(value) for key, value in data.items()}
    if isinstance(data, list):
        return [{each.partition(": ")[0]: each.partition(": ")[2]} if isinstance(each, str) and ": " in each else _items(each)
                for each in data]
    return data


# -- operations ----------------------------------------------------------------------------------------------------------

def of_operation(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """A spec with one operation more in its stem, or in its head where it works on a vector."""
    given = {key: value for key, value in NEEDED.get(name, {}).items() if key not in map(INSTEAD.get, arguments)} | arguments
    item = {name: given} if given else name
    where = "head" if name == "dense" else "stem"
    return {**BASE, where: [*BASE[where][:1], item, *BASE[where][1:]] if where == "head" else stem(name, item)}


def stem(name: str, item: object) -> list[object]:
    return [*BASE["stem"], *AHEAD, item, *BEHIND.get(name, [])]


ARGUMENTS = [(name, argument) for name, signature in OPERATIONS.items() for argument in signature.arguments]


@pytest.mark.parametrize(("name", "argument"), ARGUMENTS)
def test_an_argument_acts(name: str, argument: str, tmp_path: Path) -> None:
    beside = MEAN.get(name, {}).get(argument) or BESIDE.get(argument, {})
    kind = {"kind": KINDS[argument]} if name in ("act", "norm") and argument in KINDS else beside
    key = OPERATIONS[name].arguments[argument]
    before = observed(of_operation(name, kind), tmp_path / "net.yaml")
    found = [observed(of_operation(name, {**kind, argument: value}), tmp_path / "net.yaml")
             for value in others(key, NEEDED.get(name, {}).get(argument))]
    assert any(each != before and each[0] != "refused" for each in found), found  # type: ignore[index]


@pytest.mark.parametrize(("name", "argument"), [pair for pair in ARGUMENTS if pair[0] in DEFAULTS])
def test_a_default_acts(name: str, argument: str, tmp_path: Path) -> None:
    kind = {"kind": KINDS[argument]} if name in ("act", "norm") and argument in KINDS else {}
    own = {key: value for key, value in NEEDED.get(name, {}).items() if key not in (argument, INSTEAD.get(argument))}
    key = OPERATIONS[name].arguments[argument]

    def spec(defaults: dict[str, Any]) -> dict[str, Any]:
        item = {name: own} if own else name
        place = {"stem": stem(name, item)} if name != "dense" else {
            "head": ["global_avg_pool", item, {"dense": {"units": 10, "act": "none", "bias": True}}]}
        return {**BASE, "defaults": {name: {**kind, **defaults}}, **place}

    found = [observed(spec({argument: value}), tmp_path / "net.yaml") for value in others(key)]
    assert len(set(map(repr, found))) > 1 or found[0] != observed(spec({}), tmp_path / "net.yaml")


# -- blocks --------------------------------------------------------------------------------------------------------------

GIVEN = {"stride": 2, "group_width": 8, "dilation": 1}
"""What parameters of shipped blocks are, where not what they are by themselves, or 64 where they are nothing."""
AT_ITS_CALL: dict[str, dict[str, object]] = {
    "dla_tree": {"bottleneck": True}, "dla_tree2": {"bottleneck": True}, "nasnet_reduction": {"repeats": 1},
    "pnasnet_cell": {"repeats": 1}, "selective_kernel": {"least": 8}, "shvit": {"seen": 16},
    "single_head": {"seen": 16}, "rdnet_transition": {"patch": 2}, "universal_bottleneck": {"middle": 3}}
"""What else a block is given: a cell that halves its map stands once, and what another parameter hides or strides shows."""
VALUES: tuple[object, ...] = (2, 4, 0.5, "projection_always", 8, 32, 3, 5, 1, 0.25, True, False, "tanh", "none", "identity", "max", ["act: tanh"])
"""What a parameter of a block may be, what many take first; the first that it takes has to act."""
PARAMETERS = {entry.name: entry.parameters for entry in blocks()}


def of_block(name: str, parameters: dict[str, Any], **given: object) -> dict[str, Any]:
    """A spec with one stage of a block."""
    usual = {each: GIVEN.get(each, 64) for each, default in parameters.items() if default == "required" or each in GIVEN}
    return {**BASE, "let": {}, "stem": ["conv: 3x3 64"], "stages": [{"block": name, "repeats": 2, **usual, **AT_ITS_CALL.get(name, {}), **given}]}


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], object]:
    """What is observed of each block with what its parameters are by themselves."""
    @cache
    def of(block: str) -> object:
        return observed(of_block(block, PARAMETERS[block]), tmp_path_factory.mktemp("block") / "net.yaml")
    return of


@pytest.mark.parametrize(("block", "parameter"), [(block, parameter) for block, each in PARAMETERS.items() for parameter in each])
def test_a_parameter_of_a_block_acts(block: str, parameter: str, unchanged: Callable[[str], Any], tmp_path: Path) -> None:
    usual = AT_ITS_CALL.get(block, {}).get(parameter, GIVEN.get(parameter, PARAMETERS[block][parameter]))
    found = (observed(of_block(block, PARAMETERS[block], **{parameter: value}), tmp_path / "net.yaml") for value in VALUES if value != usual)
    assert unchanged(block)[0] != "refused", unchanged(block)
    assert next((each for each in found if each[0] != "refused"), None) != unchanged(block)  # type: ignore[index]


BLOCKS = {"description": "other", "like": "bottleneck", "edit": {"conv1": {"change": {"act": "tanh"}}}, "unit": "conv-act",
          "parameters": {"se": 4}, "let": {"wide": 16}, "body": ["conv: 3x3 $width /$stride"]}


def test_every_key_of_a_block_acts(tmp_path: Path) -> None:
    assert BLOCKS.keys() == BLOCK.keys()
    (tmp_path / "blocks.yaml").write_text(
        "blocks: {mine: {parameters: {width: required, stride: 1, se: none}, let: {wide: 8}, body: [conv: 3x3 $wide /$stride, conv: 1x1 $width, se: $se]}}")
    of_own = {"block": "own", "widths": [16, 32], "strides": [1, 2]}

    def spec(block: dict[str, Any]) -> object:
        found = observed({**BASE, "include": "blocks.yaml", "blocks": {"own": block}, "stages": of_own}, tmp_path / "net.yaml")
        return found, archspec.load(str(tmp_path / "net.yaml")).blocks.get("own").description  # type: ignore[union-attr]

    for key, value in BLOCKS.items():
        like = "basic" if key in ("like", "edit") else "mine"
        assert spec({"like": like, key: value}) != spec({"like": like}), key


# -- stages and the spec -------------------------------------------------------------------------------------------------

STAGES = {"name": "other", "block": "bottleneck", "repeats": 3, "stride": 4, "before": ["act: tanh"], "after": ["act: tanh"],
          "between": ["act: tanh"], "memory": "recompute"}
SECTIONS = {"archspec": 2, "name": "other", "description": "other", "reference": "other", "extends": "resnet18", "input": "16x16x8",
            "classes": 11, "let": {"wide": 16}, "defaults": {"unit": "conv-act"}, "parameters": {"se": 4},
            "blocks": {"basic": {"like": "basic", "parameters": {"se": 4}}}, "stem": ["conv: 5x5 8"], "stages": [],
            "head": ["global_max_pool", "dense: 10"], "auxiliary": {"stage1": ["global_avg_pool", "dense: 10"]}, "memory": "recompute",
            "published": {"params": 5}, "train": {"epochs": 3}, "export": {"formats": ["tflite"]},
            "include": "shared.yaml", "output_stride": 1}


def test_every_key_of_a_stage_acts(tmp_path: Path) -> None:
    assert STAGES.keys() == STAGE.keys()
    before = observed(BASE, tmp_path / "net.yaml")
    same = {"repeats": "repeats", "stride": "strides"}
    for key, value in STAGES.items():
        given = value if key in ("before", "after", "between") else [value, value] if key != "name" else ["other", "another"]
        stages = {**BASE["stages"], same.get(key, key): given}
        assert observed({**BASE, "stages": stages}, tmp_path / "net.yaml") != before, key


@pytest.mark.parametrize("padding", list(others(DEFAULTS["padding"])))
def test_the_padding_of_all_operations_acts(padding: object, tmp_path: Path) -> None:
    before = observed(BASE, tmp_path / "net.yaml")
    assert observed({**BASE, "defaults": {"padding": padding}}, tmp_path / "net.yaml") != before


def test_every_key_of_a_spec_acts(tmp_path: Path) -> None:
    assert SECTIONS.keys() == SPEC.keys()
    (tmp_path / "shared.yaml").write_text("blocks: {basic: {parameters: {width: required, stride: 1}, body: [conv: 3x3 $width /$stride]}}")
    before = observed(BASE, tmp_path / "net.yaml")
    for key, value in SECTIONS.items():
        assert observed({**BASE, key: value}, tmp_path / "net.yaml") != before, key


def keys_of(section: str) -> list[Entry]:
    return [entry for entry in walk({section: SPEC[section]}) if entry.path != section]


@pytest.mark.parametrize("entry", [entry for section in ("train", "export", "published") for entry in keys_of(section)],
                         ids=lambda entry: f"{entry.within} {entry.name}")
def test_a_key_of_a_section_changes_what_the_spec_says(entry: Entry, tmp_path: Path) -> None:
    around = dict(_required(entry, entry.name))
    before = observed(_with(entry, around), tmp_path / "net.yaml")
    for value in others(entry.key):
        found = observed(_with(entry, {**around, entry.name: value}), tmp_path / "net.yaml")
        assert found != before, value


def _with(entry: Entry, inner: dict[str, Any]) -> dict[str, Any]:
    """The spec with a section, however it is named."""
    *above, _ = entry.path.split(".")
    word = entry.owner.word if entry.owner else ""
    if entry.owner in LISTED:
        # of colour images, as most of these are; a mirrored digit, the default, is no digit
        return {**BASE, "input": "32x32x3", "train": {"data": "synthetic", "augment": [{word: inner}]}}
    if word:
        return {**BASE, **_nested(above, {word: inner})}
    if entry.within in MAPPINGS:
        return {**BASE, **_nested(above, [inner])}
    _, _, kind = entry.within.partition(": ")
    return {**BASE, **_nested(above, {_tag(entry): kind, **inner} if kind else inner)}


LAYERS: dict[str, object] = {"layers": ["stem"], "match": "stem*"}
"""Names of the network's own."""
LISTED = {section for entry in keys_of("train") if isinstance(entry.key.kind, ListOf) and isinstance(entry.key.kind.item, Named)
          for section in entry.key.kind.item.sections}
MAPPINGS = {entry.path for entry in keys_of("train") if isinstance(entry.key.kind, ListOf) and isinstance(entry.key.kind.item, Sub)}


def _tag(entry: Entry) -> str:
    return next(name for name, key in entry.owner.declared.items() if isinstance(key.kind, Choice) and len(key.kind.words) == 1)  # type: ignore[union-attr]


def _required(entry: Entry, name: str) -> Iterator[tuple[str, object]]:
    for other, key in (entry.owner.declared if entry.owner else {}).items():
        if key.default == "required" and other != name:
            yield other, LAYERS.get(other, next(others(key)))
    if entry.owner is Csv and name not in ("test", "holdout"):
        yield "holdout", 0.25  # one of the two it needs


def _nested(above: list[str], inner: Any) -> Any:
    for name in reversed(above):
        inner = {name: inner}
    return inner


def read_outside() -> set[str]:
    """The names of all attributes that the code which trains and exports reads."""
    nodes = [node for path in OUTSIDE for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
    return {node.attr for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)} | {
        name for node in nodes if isinstance(node, ast.MatchClass) for name in node.kwd_attrs}


@pytest.mark.parametrize("section", ["train", "export", "published"])
def test_every_key_of_a_section_is_read_by_what_it_is_for(section: str) -> None:
    # merged before anything is read; read through Recipe.augmentation, Recipe.learning_rate, Schedule.epoch, ExportSection.artefacts
    recipe_words = {"recipe", "augment", "scaling", "stretch", "written_for", "formats", "quantize"}
    wanted = {entry.name for entry in keys_of(section) if not _is_tag(entry.key)} - recipe_words
    assert wanted <= read_outside(), wanted - read_outside()


def _is_tag(key: Key) -> bool:
    return isinstance(key.kind, Choice) and len(key.kind.words) == 1 and not isinstance(key.kind, OneOf | Sub)
