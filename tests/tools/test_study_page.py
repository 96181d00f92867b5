"""The page of the studies: its numbers are those of the files that ship, and what it claims is true of them."""

from __future__ import annotations

import re
import xml.etree.ElementTree as Xml
from types import ModuleType
from typing import Any

import pytest

from archspec.search.plan import plan_file, read_plan, study_names

FEW = {"minutes": 1, "evaluate": {}, "studies": {"s": [
    {"name": "s-1", "set": {"se": 1}, "params": 1, "macs": 1, "runs": [
        {"state": "finished", "error": 1.0, "train": [9.0, 2.0]}, {"state": "finished", "error": 2.0, "train": [9.0, 4.0]},
        {"state": "failed", "error": None, "train": []}]},
    {"name": "s-2", "set": {"se": True}, "params": 1, "macs": 1, "runs": [
        {"state": "finished", "error": 8.0, "train": [9.0, 2.0]}, {"state": "finished", "error": 9.0, "train": [9.0, 4.0]}]}]}}


@pytest.fixture(scope="module")
def numbers(tool: ModuleType) -> Any:
    return tool.read()


@pytest.fixture(scope="module")
def page(tool: ModuleType) -> str:
    text: str = tool.PAGE.read_text(encoding="utf-8")
    return text


def test_every_study_that_ships_is_on_the_page(tool: ModuleType, page: str) -> None:
    assert set(tool.STUDIES) == set(study_names())
    for name in tool.STUDIES:
        assert f"(../specs/studies/{name}.yaml)" in page
        assert f"study_{name}_light.svg" in page
        assert f"<!-- generated: study_{name} -->" in page


@pytest.mark.parametrize("name", study_names())
def test_the_numbers_are_of_the_study_as_it_ships(name: str, numbers: Any) -> None:
    plan = read_plan(plan_file(name))
    found = numbers.document["studies"][name]
    said = [{key.rpartition(".")[-1]: list(value) if isinstance(value, list | tuple) else value
             for key, value in plan.combination(number).items()} for number in range(plan.total)]
    assert [each["set"] for each in found] == said
    for each in found:
        assert [run["seed"] for run in each["runs"]] == list(plan.seeds if isinstance(plan.seeds, tuple) else range(plan.seeds))
        assert {len(run["test"]) for run in each["runs"] if run["state"] == "finished"} == {plan.common["train.epochs"]}


def test_what_the_page_claims_is_true(tool: ModuleType, page: str, numbers: Any) -> None:
    assert len(tool.CLAIM.findall(page)) > 20
    assert tool.wrong_claims(page, numbers) == []


def test_each_study_claims_something(page: str) -> None:
    chapters = [chapter for chapter in re.split(r"^## ", page, flags=re.MULTILINE) if "_light.svg" in chapter]
    assert len(chapters) == 12
    assert not [chapter.split("\n")[0] for chapter in chapters if "<!-- holds:" not in chapter]


@pytest.mark.parametrize(("claim", "holds"), [
    ('error("s", 1).mean == 1.5', True), ('error("s", 1).mean > 2', False), ('failed("s", 1) == 1', True),
    ('above(error("s", True), error("s", 1))', True), ('above(error("s", 1), error("s", True))', False),
    ('alike(error("s", 1), train("s", 1))', True), ('alike(error("s", 1), error("s", True))', False),
    ('train("s", 1).mean == 3', True)])
def test_claims(claim: str, holds: bool, tool: ModuleType) -> None:
    assert (tool.wrong_claims(f"x\n<!-- holds: {claim} -->\n", tool.Numbers(FEW)) == []) is holds


def test_a_claim_on_what_was_not_run_is_an_error(tool: ModuleType) -> None:
    with pytest.raises(LookupError, match="s has no candidate with 3"):
        tool.wrong_claims('<!-- holds: error("s", 3).mean > 0 -->', tool.Numbers(FEW))


def test_a_value_tells_mean_and_deviation(tool: ModuleType) -> None:
    assert str(tool.Errors((1.0, 2.0, 3.0))) == "2.00 ± 1.00"
    assert str(tool.Errors((1.5,))) == "1.50"


def test_pictures_are_whole_and_have_a_line_for_each_training(tool: ModuleType, numbers: Any) -> None:
    drawn = {path.name: text for path, text in tool.pictures(numbers)}
    assert len(drawn) == 2 * (len(tool.STUDIES) + 1)
    for text in drawn.values():
        Xml.fromstring(text)
        assert "nan" not in text
    degradation = Xml.fromstring(drawn["study_degradation_light.svg"])
    dashed = [each for each in degradation.iter("{http://www.w3.org/2000/svg}polyline") if each.get("stroke-dasharray")]
    assert len(dashed) == 6
