"""The JSON Schema lets every shipped spec through, and refuses of the bad ones those that single values give away."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import archspec
from archspec.author.problems import pages, whole
from archspec.author.spec_schema import FILE, HEAD, headed, schema_text, spec_schema
from archspec.errors import SpecError
from archspec.io.places import shipped
from archspec.schema.keys import REQUIRED
from archspec.schema.tree import plain
from archspec.spec.blocks import BlockTable
from archspec.spec.files import recipe_names, spec_names
from archspec.spec.library import shipped_blocks
from archspec.spec.operations import OPERATIONS, SHORTCUTS
from archspec.spec.sections import SPEC, STAGE
from archspec.spec.source import parse, read

ROOT = Path(__file__).parents[2]
BAD = ROOT / "tests" / "bad_specs"
FILES = [*sorted(shipped().glob("*.yaml")), *sorted((shipped() / "blocks").glob("*.yaml"))]
NOT_BY_A_SCHEMA = {
    "what follows from the shapes and widths of other layers":
        "shape shortcut identity split stride highway-gate output-stride logits softmax-head unused duplicate-name stage-name augment",
    "what a name or an expression stands for, and what blocks take":
        "expression unknown-name unknown-block unknown-argument edit parameters unread recursion like-cycle like-chain name-twice",
    "which keys go together": "clash best ema pixels layers inert merge column-length table-and-beside twice auxiliary",
    "what stands in other files, or in none": "extends extends-chain extends-cycle include recipe missing stage-key",
    "how large the network becomes": "too-large",
}
"""Codes of problems that a schema cannot know of, by reason."""
VALUES_OF_EXPRESSIONS = {"attention_heads", "value_of_an_item", "value_of_a_stage", "argument_in_shipped_block", "list_argument"}
"""Bad specs whose value is right where it stands, and wrong where a block puts it; or wrong beside another layer's."""


@cache
def schema() -> dict[str, Any]:
    return spec_schema()


@cache
def validator() -> Draft202012Validator:
    return Draft202012Validator(schema())


def refused(text: str) -> bool:
    """Whether the schema refuses a spec; what is no YAML is refused before."""
    try:
        return not validator().is_valid(plain(parse(text, "text")))
    except SpecError:
        return True


def codes(name: str) -> set[str]:
    with pytest.raises(SpecError) as caught:
        archspec.lower(archspec.load(BAD / f"{name}.yaml"))
    return {problem.code for problem in caught.value.problems}


def test_it_is_a_json_schema() -> None:
    Draft202012Validator.check_schema(schema())
    assert json.loads(schema_text()) == schema()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_shipped_file_is_valid(path: Path) -> None:
    error = next(validator().iter_errors(plain(read(path))), None)
    assert error is None, error


@pytest.mark.parametrize("path", sorted(BAD.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_bad_spec_is_refused_where_a_schema_can(path: Path) -> None:
    text = path.read_bytes().decode("latin-1")
    if text.startswith("# --set"):
        pytest.skip("it is wrong on the command line")
    if not refused(text):
        beyond = {code for group in NOT_BY_A_SCHEMA.values() for code in group.split()}
        assert path.stem in VALUES_OF_EXPRESSIONS or codes(path.stem) & beyond, f"{path.stem} is let through"


def test_what_it_cannot_know_is_a_code_that_there_is() -> None:
    assert {code for group in NOT_BY_A_SCHEMA.values() for code in group.split()} <= pages().keys()


@pytest.mark.parametrize("code", ["block-form", "block-name", "commas", "empty-value", "input", "item-form", "no-main", "not-a-list",
                                  "not-a-mapping", "not-a-text", "paths", "reserved", "singular-and-plural", "spaces", "stage", "stages",
                                  "table", "unknown-key", "unknown-word", "version", "argument", "between", "classes", "name"])
def test_the_wrong_example_of_a_code_is_refused_and_the_right_one_is_not(code: str) -> None:
    wrong, right = pages()[code].wrong[-1], pages()[code].right[-1]
    assert refused(whole(wrong))
    assert not refused(whole(right))


@pytest.mark.parametrize("code", sorted(pages()))
def test_the_right_example_of_each_code_is_valid(code: str) -> None:
    for each in pages()[code].right:
        assert each.command or not refused(whole(each))


NETWORK = "input: 32x32x3\nclasses: 10\nhead: [global_avg_pool, dense: $classes]\n"


@pytest.mark.parametrize("line", [
    "stages: {block: botleneck, repeats: 2}", "stages: [{block: basc, width: 8}]", "stages: {block: [basic, bottelneck], width: 8}",
    "stem: [bottelneck: {width: 8}]", "stem: [flaten]"])
def test_a_block_that_there_is_not_is_refused_where_all_blocks_are_known(line: str) -> None:
    for known in (NETWORK, "extends: resnet50\n"):
        assert refused(f"{known}{line}\n")
    for unknown in ("extends: mine.yaml\n", NETWORK + "include: blocks.yaml\n"):
        assert not refused(f"{unknown}{line}\n")


@pytest.mark.parametrize("line", ["stages: {block: bottleneck, widht: 8}", "stages: [{block: basic, width: 8, groth: 2}]",
                                  "stem: [bottleneck: {wdth: 8}]"])
def test_what_a_shipped_block_does_not_take_is_refused_where_nothing_is_extended(line: str) -> None:
    assert refused(f"{NETWORK}{line}\n")
    assert not refused(f"extends: resnet50\n{line}\n"), "the parent may have a block of this name, or a stage of that one"


def test_a_stage_may_be_called_by_name_in_a_child() -> None:
    assert not refused("extends: resnet50\nstages: {block: bottleneck, stage3: {width: 8}, se: 4}\n")


def test_words_of_a_parameter_are_offered() -> None:
    assert schema()["$defs"]["of_bottleneck"]["properties"]["shortcut"]["examples"] == [*SHORTCUTS]


SPEC_OF = "input: 32x32x3\nclasses: 10\nstem: [{}]\nhead: [global_avg_pool, dense: $classes]\n"


@pytest.mark.parametrize("item", [
    "conv: 3x3 64 /2 groups=4 linear", 'conv: "3x3 $(max(8, width // 2)) /$stride padding=[1, 1, 2, 2]"', "conv: {filters: $w, kernel: [3, $k]}",
    "conv: 3x3 64 act='leaky_relu slope=0.1' norm=none", "conv: 3x3 64 padding=symmetric if=$(a > 3) name=first", "mine: 3 width=4",
    "{mine: {width: 3, anything: [1, 2]}}", "$list", "flatten", "branches: {a: [conv: 1x1 8], b: []}", "branches: [[], [flatten]]",
    "residual: {body: [conv: 3x3 8], shortcut: {matching: identity, differing: [conv: 1x1 8]}}", "join: early merge=add", "join: [a, b]",
    "norm: {kind: group_norm, groups: 8}", "norm: group_norm groups=8", "act: relu", "keep: linear", "upsample: to=early",
    "reshape: 7x7x64", "reshape: [1, $gated, 1]", "pad: -1", 'pad: "[0, 1, 0, 1] mode=reflect"', "pad: [0, 1, 0, 1]", "lrn: true", "dropout: none", "conv: {filters: none, kernel: 3}", "gate: [global_avg_pool: keepdims]",
    "repeat: {times: $depth, body: [act]}", "attention: 8 key=64 dropout=none", "global_avg_pool: keepdims", "dropout: 0.5", "scale: 0.1 learned",
    "se: 16", "bottleneck: {width: 64, if: true}", "conv: 64", "max_pool: 3x3 /2 ceil", "permute: cwh", "conv: {filters: 8, act: {kind: elu, alpha: 2}}",
])
def test_a_right_item_is_let_through(item: str) -> None:
    assert not refused("include: blocks.yaml\n" + SPEC_OF.format(item))


@pytest.mark.parametrize("item", [
    "conv: 3x3x64", "conv: 3x3, 64", "conv: 3x3 64 relu", "conv: 3x3 64 padding=1,2", "conv: {filter: 8}", "conv: {filters: 0}", "conv: {filters: 8.5}",
    "conv: 3x3 64 /0", "conv: 3x3 64 groups=none", "conv: 3x3 64 bias=1", "dropout: 1.5", "{conv: 3x3 8, act: relu}", "[flatten]", "act: rellu",
    "conv: 3x3 64 name=1a", "branches: 3", "pad: ceil", "permute: wch3", "keep: 3x", "upsample: 2 method=cubic", "flatten: true", "conv: null",
    "repeat: {times: 2}", "conv: 3x3 64 act=rellu", "se-block: 3",
])
def test_a_wrong_item_is_refused(item: str) -> None:
    assert refused(SPEC_OF.format(item))


@pytest.mark.parametrize("train", ["{epochs: 0}", "{epoch: 3}", "{optimizer: sdg}", "{optimizer: {kind: adam, momentum: 2}}", "{label_smoothing: 1.5}",
                                   "{recipe: nothing}", "{precision: half}", "{augment: [flipp]}", "{augment: {flip: 1}}", "{jit: 3}"])
def test_a_wrong_training_is_refused(train: str) -> None:
    assert refused(SPEC_OF.format("flatten") + f"train: {train}\n")


@pytest.mark.parametrize("train", ["{epochs: 3}", "null", "{optimizer: adamw}", "{optimizer: {weight_decay: 0.1}}", "{recipe: digits, batch: 8}",
                                   "{augment: [flip, randaugment: {magnitude: 9}]}", "{augment: none}", "{schedule: {learning_rate: 0.1 per 256}}",
                                   "{ema: 0.99}", "{schedule: {warmup: 5%}}", "{clip: null}"])
def test_a_right_training_is_let_through(train: str) -> None:
    assert not refused(SPEC_OF.format("flatten") + f"train: {train}\n")


def test_every_operation_is_described_with_each_argument_and_its_default() -> None:
    for name, signature in OPERATIONS.items():
        found = schema()["$defs"][f"op_{name}"]
        assert found["description"]
        known = next(each["properties"] for each in found["anyOf"] if "properties" in each)
        assert known.keys() - {"if", "name"} == signature.arguments.keys()
        for argument, key in signature.arguments.items():
            assert known[argument]["description"]
            if key.default not in (REQUIRED, None) and not key.follows:
                assert known[argument]["default"] == key.default


def test_every_key_of_a_spec_and_of_a_stage_is_described() -> None:
    keys, columns = schema()["properties"], schema()["$defs"]["columns"]["properties"]
    assert keys.keys() == SPEC.keys()
    assert columns.keys() >= STAGE.keys() | {"widths", "strides", "blocks", "table"}
    assert all(each["description"] for each in keys.values())
    train = next(each for each in keys["train"]["anyOf"] if "properties" in each)["properties"]
    assert train["recipe"]["enum"] == [*recipe_names(), None]
    assert (train["epochs"]["anyOf"][0]["type"], train["jit"]["default"]) == ("integer", "off")
    assert keys["extends"]["anyOf"][0]["enum"] == spec_names()


def test_shipped_blocks_are_offered_with_their_parameters() -> None:
    parts = schema()["$defs"]
    for name in shipped_blocks():
        parameters = BlockTable(None).signature(name).arguments
        assert parts[f"of_{name}"]["properties"].keys() == parameters.keys()
    assert parts["of_bottleneck"]["properties"]["expansion"]["default"] == 4
    assert set(shipped_blocks()) <= set(parts["columns"]["properties"]["block"]["anyOf"][0]["enum"])
    assert set(shipped_blocks()) | OPERATIONS.keys() == parts["item"]["anyOf"][2]["properties"].keys()


def test_every_reference_leads_somewhere() -> None:
    used = set(re.findall(r'"#/\$defs/(\w+)"', schema_text()))
    assert used <= schema()["$defs"].keys()


# -- how an editor finds it ----------------------------------------------------------------------------------------------

def test_each_shipped_spec_names_the_schema_that_lies_beside_it() -> None:
    for path in FILES:
        first = path.read_text(encoding="utf-8").split("\n")[0]
        assert first.startswith(HEAD)
        assert (path.parent / first.removeprefix(HEAD)).resolve() == (shipped() / FILE).resolve()


def test_the_file_is_the_schema() -> None:
    assert (shipped() / FILE).read_text(encoding="utf-8") == schema_text()


def test_the_head_is_put_once_and_kept_in_place() -> None:
    once = headed("# mine\ninput: 8x8x1\n", FILE)
    assert once == f"{HEAD}{FILE}\n# mine\ninput: 8x8x1\n"
    assert headed(once, f"../{FILE}") == f"{HEAD}../{FILE}\n# mine\ninput: 8x8x1\n"


def test_a_resolved_spec_is_valid(tmp_path: Path) -> None:
    for name in ("resnet50", "googlenet", "convnext_tiny", "resnet20_digits"):
        assert not refused(archspec.load(name).to_yaml(expand=True))


def documents() -> list[Any]:
    """The specs of the documentation that are whole or a part of one."""
    fence = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    return [pytest.param(match[1], id=f"{page.stem}:{page.read_text(encoding='utf-8').count(chr(10), 0, match.start()) + 1}")
            for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
            for match in fence.finditer(page.read_text(encoding="utf-8")) if re.match(r"(#.*\n)*\w+:", match[1])]


@pytest.mark.parametrize("text", documents())
def test_what_the_pages_show_is_valid(text: str) -> None:
    data = plain(parse(text, "text"))
    assert isinstance(data, dict)
    rest = {"input": "32x32x3", "head": ["flatten"]}
    error = next(validator().iter_errors({**({} if "extends" in data else rest), **data}), None)
    assert error is None, error
