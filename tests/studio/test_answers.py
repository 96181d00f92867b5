"""What the studio answers, without a server: problems, costs, pictures, and what stands at a place."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from archspec.cli import run
from archspec.errors import InputError
from archspec.network import load, lower
from archspec.studio import checking, known
from archspec.studio.answers import ANSWERS
from archspec.studio.documents import shipped_file
from archspec.studio.places import Text, signs, units
from archspec.views.summary import totals

NET = """\
archspec: 1
input: 32x32x3
classes: 10
blocks:
  mine: {description: one convolution, parameters: {width: required, stride: 1}, body: [conv: 3x3 $width /$stride]}
stem: [conv: 3x3 16]
stages: {block: mine, repeats: [2, 1], widths: [8, 16], strides: [1, 2]}
head: [global_avg_pool, dense: $classes]
"""
Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Asks in an empty folder; whatever is answered is JSON that a browser reads, without a sign that is not shown."""
    monkeypatch.chdir(tmp_path)

    def answer(name: str, text: str = NET, **more: Any) -> dict[str, Any]:
        found = ANSWERS[name]({"name": "net", "text": text, **more})
        told: dict[str, Any] = json.loads(json.dumps(found, allow_nan=False))
        assert told == found
        return told
    return answer


def view(ask: Ask, text: str = NET, **asked: Any) -> dict[str, Any]:
    found: dict[str, Any] = ask("check", text, view=asked)["picture"]
    return found


def keys(svg: str) -> set[str]:
    """What the page can call by their names in a picture."""
    marks = [mark for mark in ElementTree.fromstring(svg).iter() if mark.get("data-layer") or mark.get("data-section")]
    return {mark.get("data-layer") or f"section:{mark.get('data-section')}" for mark in marks}


# -- problems ------------------------------------------------------------------------------------------------------------

def test_a_text_without_problems_has_cost_and_picture(ask: Ask) -> None:
    found = ask("check", "extends: resnet50\nstages: {se: 16}\n")
    graph = lower(load("resnet50", {"stages.se": 16}))
    cost = totals(graph, load("resnet50").train.batch)
    assert (found["problems"], found["more"]) == ([], 0)
    assert (found["cost"]["parameters"], found["cost"]["macs"], found["cost"]["training"]) == (cost.parameters.total, cost.macs, cost.memory.training)
    assert found["cost"]["words"]["trainable"] == "28.1 M"
    assert found["sections"] == ["stem", "stage1", "stage2", "stage3", "stage4", "head"]
    assert found["blocks"] == ["bottleneck", "se"]
    assert found["picture"]["elements"].keys() == keys(found["picture"]["svg"])


def test_a_guess_is_an_edit_that_mends(ask: Ask) -> None:
    text = "description: '\U0001F600'\nextends: resnet18\nstem: [{conv: 3x3 8}, {keep: x}, conv: 3x3 8 act=rellu] # \U0001F600\n"
    problem = next(each for each in ask("check", text)["problems"] if each["fix"])
    (edit,) = problem["fix"]["edits"]
    line = text.split("\n")[edit["line"] - 1].encode("utf-16-le")
    assert line[2 * edit["column"] - 2:2 * edit["end_column"] - 2].decode("utf-16-le") == "rellu"
    assert (edit["text"], problem["severity"], problem["place"]["file"]) == ("relu", "error", None)


def test_a_problem_of_a_parent_is_told_where_that_is_named(ask: Ask) -> None:
    Path("parent.yaml").write_text(NET.replace("conv: 3x3 16", "conv: 3x3 16 act=rellu"))
    (problem,) = ask("check", "classes: 7\nextends: parent\n")["problems"]
    assert (problem["place"]["file"], problem["place"]["line"]) == ("parent.yaml", 6)
    assert (problem["here"]["line"], problem["here"]["column"], problem["fix"]) == (2, 10, None)
    (problem,) = ask("check", "extends: resnet18\nhead: [conv: 3x3 8]\nstages: {block: basic, widths: [8, 8, 8, 8], stride: 900}\n")["problems"][:1]
    assert problem["path"]


def test_many_problems_are_cut_and_counted(ask: Ask) -> None:
    found = ask("check", "extends: resnet18\n" + "".join(f"k{number}: 1\n" for number in range(checking.MOST + 40)))
    assert len(found["problems"]) == checking.MOST
    assert found["more"] == 40


def test_a_warning_stops_nothing(ask: Ask) -> None:
    found = ask("check", NET.replace("conv: 3x3 $width", "conv: 3x3 $width linear") + "train: {label_smoothing: 0.9}\n")
    assert {each["severity"] for each in found["problems"]} <= {"warning"}
    assert found["cost"] is not None


@pytest.mark.parametrize("wrong", ["train: {epochs: -3, batch: 7}", "train: {batch: 4, freeze: {layers: [nine]}}", "train: {recipe: none}", "train: 3", "export: {weights: ema}"])
def test_a_network_is_drawn_while_how_it_is_trained_is_wrong(wrong: str, ask: Ask) -> None:
    found, right = ask("check", f"{NET}{wrong}\n"), ask("check", NET)
    assert [each["severity"] for each in found["problems"]] == ["error"]
    assert (found["picture"]["svg"], found["cost"]["fingerprint"]) == (right["picture"]["svg"], right["cost"]["fingerprint"])
    with pytest.raises(InputError, match="has problems"):
        ask("export", f"{NET}{wrong}\n", view={}, format="svg")
    assert ask("check", f"{NET.replace('block: mine', 'block: nine')}{wrong}\n")["picture"] is None


@pytest.mark.parametrize("text", ["", "\ufeff", "stem: [", "a: &a [1]\nstem: *a\n", "stem: \x00", "stem: \ud800", "- a\n- b\n", "head: " + "[" * 3000,
                                  "extends: net\n", "extends: /etc/passwd\n", "a: 1\n" * 9, "blocks: {mine: {body: [conv: 3x3 8]}}\n"], ids=str.__repr__)
def test_any_text_has_an_answer(text: str, ask: Ask) -> None:
    found = ask("check", text)
    assert found["picture"] is None
    for name, more in {"at": {}, "complete": {}}.items():
        for line, column in ((1, 1), (1, 1 << 40), (1 << 40, 3)):
            ask(name, text, line=line, column=column, **more)


def test_signs_are_counted_as_browsers_do() -> None:
    line = "a\U0001F600b\U0001F600"
    assert [units(line[:number]) for number in range(5)] == [0, 1, 3, 4, 6]
    assert [signs(line, count) for count in (0, 1, 2, 3, 4, 6, 9)] == [0, 1, 2, 2, 3, 4, 4]
    assert Text(Path("/x"), f"{line}\r\nsecond").cursor(2, 99) == (2, 7)


# -- costs ---------------------------------------------------------------------------------------------------------------

def test_the_cost_is_told_against_that_of_the_saved_file(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("net.yaml").write_text(NET)
    asked: list[str] = []
    check = known.check
    monkeypatch.setattr(known, "check", lambda path, texts: asked.append(texts[path]) or check(path, texts))
    found = ask("check", NET, path="net.yaml")
    assert found["change"]["parameters"] == "="
    for number in range(3):
        found = ask("check", NET.replace("[8, 16]", f"[8, {17 + number}]"), path="net.yaml")
        assert (found["before"]["name"], found["parent"]) == ("net", None)
        assert found["change"]["macs"].startswith("+")
    assert asked.count(NET) == 1
    Path("net.yaml").write_text(NET.replace("classes: 10", "classes: 11"))
    assert ask("check", NET, path="net.yaml")["change"]["parameters"].startswith("−")
    Path("net.yaml").write_text("stem: [")
    found = ask("check", NET, path="net.yaml")
    assert (found["before"], found["change"]) == (None, None)


def test_the_cost_of_a_text_without_a_file_is_told_against_that_of_what_it_extends(ask: Ask) -> None:
    Path("parent.yaml").write_text(NET)
    child = "extends: parent\nstages: {widths: [8, 17]}\n"
    found, parent = ask("check", child, path="child.yaml"), ask("check", NET, path="parent.yaml")["cost"]
    assert (found["parent"], found["before"]["fingerprint"]) == ("parent", parent["fingerprint"])
    assert found["change"]["macs"].startswith("+")
    Path("parent.yaml").write_text(NET.replace("[8, 16]", "[8, 18]"))
    assert ask("check", child, path="child.yaml")["change"]["macs"].startswith("−")
    assert ask("check", NET, path="child.yaml")["before"] is None
    Path("child.yaml").write_text(child)
    assert (ask("check", child, path="child.yaml")["parent"], ask("check", child, path="child.yaml")["change"]["macs"]) == (None, "=")
    assert ask("check", child.replace("parent", "resnet50").replace("[8, 17]", "64"), path="other.yaml")["before"]["trainable"] == 25_557_032


def test_a_parent_that_changes_on_the_disk_is_read_anew(ask: Ask) -> None:
    Path("parent.yaml").write_text(NET)
    first = ask("check", "extends: parent\n", path="child.yaml")["cost"]["parameters"]
    Path("parent.yaml").write_text(NET.replace("[8, 16]", "[8, 160]"))
    assert ask("check", "extends: parent\n", path="child.yaml")["cost"]["parameters"] > first
    Path("parent.yaml").unlink()
    assert ask("check", "extends: parent\n", path="child.yaml")["problems"][0]["code"] == "extends"


def test_training_is_for_the_batch_that_is_asked_for(ask: Ask) -> None:
    few, many = (ask("check", batch=batch)["cost"]["training"] for batch in (1, 1000))
    assert many - few == 999 * ask("check")["cost"]["activations"]


def test_what_costs_most_stands_first(ask: Ask) -> None:
    found = ask("check", "extends: resnet50\n")["costliest"]
    assert [each["layer"] for each in found] == ["stem_conv", "stage1_block1_conv2", "stage1_block2_conv2"]
    assert (found[0]["macs"], found[0]["place"]["file"]) == ("118 M", "shipped:resnet50.yaml")


# -- views ---------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("asked", "title"), [
    ({}, "net, whole network"), ({"kind": "block"}, "mine: net, stage1, repeat 1 of 2"), ({"kind": "block", "block": "mine"}, "mine: net, stage1, repeat 1 of 2"),
    ({"kind": "block", "stage": "stage1", "repeat": 2}, "mine: net, stage1, repeat 2 of 2"), ({"kind": "block", "stage": "head"}, "head: net"),
    ({"kind": "full"}, "net, every layer"), ({"kind": "full", "stage": "stage2"}, "net, stage2, every layer"),
    ({"kind": "diff", "other": {"zoo": "resnet18"}}, "resnet18 and net compared")], ids=str)
def test_each_view_is_a_picture_whose_elements_are_known(asked: dict[str, Any], title: str, ask: Ask) -> None:
    found = view(ask, **asked)
    assert found["title"] == title
    svg = ElementTree.fromstring(found["svg"])
    assert not [each for each in svg.iter() if each.tag.endswith(("script", "}a"))]
    assert set(found["elements"]) <= keys(found["svg"])
    for element in found["elements"].values():
        assert element["shape_out"]
        assert element["place"] == element["chain"][0]


def test_all_elements_of_the_own_pictures_are_known(ask: Ask) -> None:
    for name in ("resnet50", "googlenet", "densenet121", "unet_classifier", "fractalnet20", "mobilenet_v3_small"):
        for asked in ({}, {"kind": "block"}, {"kind": "full"}):
            found = view(ask, f"extends: {name}\n", **asked)
            if "svg" in found:
                assert found["elements"].keys() == keys(found["svg"]), (name, asked)


def test_an_element_says_what_it_costs_and_where_it_is_written(ask: Ask) -> None:
    elements = view(ask)["elements"]
    stage = elements["section:stage1"]
    assert (stage["title"], stage["shape_in"], stage["shape_out"], stage["block"]) == ("stage1: mine × 2", "32×32×16", "32×32×8", "mine")
    assert {(place["file"], place["line"]) for place in stage["chain"]} == {(None, 7)}
    assert sum(each["share"]["macs"] for key, each in elements.items() if not key.startswith("stage")) == pytest.approx(1)
    inside = view(ask, kind="block")["elements"]["stage1_block1_conv"]
    assert [place["line"] for place in inside["chain"]][:2] == [5, 7]
    shipped = view(ask, "extends: resnet50\n", kind="block")["elements"]["stage1_block1_conv1"]
    assert [place["file"] for place in shipped["chain"][:2]] == ["shipped:blocks/resnet.yaml", "shipped:resnet50.yaml"]


def test_a_stage_is_written_where_the_own_text_speaks_of_it(ask: Ask) -> None:
    elements = view(ask, "extends: resnet50\nstages:\n  se: 16\n  stage2: {se: 8}\n")["elements"]
    assert [(place["file"], place["line"]) for place in elements["section:stage1"]["chain"][:2]] == [(None, 3), ("shipped:resnet50.yaml", 16)]
    assert (elements["section:stage2"]["place"]["file"], elements["section:stage2"]["place"]["line"]) == (None, 4)
    assert view(ask, "extends: resnet50\n")["elements"]["section:stage2"]["place"]["file"] == "shipped:resnet50.yaml"


def test_a_layer_leads_to_the_own_text_before_the_file_of_its_block(ask: Ask) -> None:
    found = [view(ask, text, kind="block", stage="stage2")["elements"]["stage2_block1_conv1"] for text in ("extends: resnet50\nstages:\n  se: 16\n", "extends: resnet50\n")]
    assert [[place["file"] for place in each["chain"]][:2] for each in found] == [[None, "shipped:blocks/resnet.yaml"], ["shipped:blocks/resnet.yaml", "shipped:resnet50.yaml"]]
    assert (found[0]["place"]["file"], found[0]["place"]["line"]) == (None, 3)


@pytest.mark.parametrize(("asked", "refused", "hint"), [
    ({"kind": "block", "block": "nine"}, "net calls no block 'nine'", "did you mean 'mine'?"), ({"kind": "full", "stage": "stage9"}, "net has no stage 'stage9'", ""),
    ({"kind": "diff"}, "this is not saved yet", "choose another spec"), ({"kind": "diff", "other": {"zoo": "no\u202ene"}}, "nothing of the name 'no\\u202ene' ships", ""),
    ({"kind": "diff", "other": {"file": "../x.yaml"}}, "'../x.yaml' lies outside of the folder", ""), ({"kind": "diff", "other": 3}, "a difference is to one of", ""),
    ({"kind": "diff", "other": {"run": "a\nb"}}, "there is no file 'spec.yaml'", ""), ({"kind": "table", "style": "none"}, "style is one of resnet rows inception", "")], ids=str)
def test_why_there_is_no_picture_is_said(asked: dict[str, Any], refused: str, hint: str, ask: Ask) -> None:
    found = view(ask, **asked)
    assert found["refused"].startswith(refused)
    assert hint in found["hint"]


def test_of_many_boxes_a_stage_is_chosen(ask: Ask) -> None:
    text = NET.replace("repeats: [2, 1]", "repeats: [390, 20]")
    found = view(ask, text, kind="full")
    assert (found["choose"], found["boxes"]["stage1"]) == (["stem", "stage1", "stage2", "head"], 390)
    assert view(ask, text, kind="full", stage="stage2")["title"] == "net, stage2, every layer"


def test_a_table_is_words(ask: Ask) -> None:
    found = view(ask, kind="table")["html"]
    assert found["header"] == ["stage", "output", "net"]
    assert found["rows"][1] == [["stage1"], ["32×32"], [{"lines": ["3×3, 8"], "times": 2}]]
    assert [each["name"] for each in found["totals"]]


def test_a_difference_has_both_texts(ask: Ask) -> None:
    Path("net.yaml").write_text(NET)
    found = ask("check", NET.replace("classes: 10", "classes: 7"), path="net.yaml", view={"kind": "diff"})["picture"]
    assert (found["equal"], found["other"]) == (False, {"name": "the saved file", "text": NET})
    assert ask("check", path="net.yaml", view={"kind": "diff"})["picture"] == {"kind": "diff", "other": found["other"], "equal": True}


# -- places --------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("line", "column", "title", "elements"), [
    (6, 9, "conv", ["section:stem", "stem_conv"]), (7, 12, "block", ["section:stage1", "section:stage2"]), (7, 52, "widths: 16", ["section:stage2"]),
    (5, 4, "mine", ["section:stage1", "section:stage2"]), (8, 26, "dense", ["section:head", "head_dense"]), (1, 2, "archspec", [])], ids=str)
def test_a_line_speaks_of_elements(line: int, column: int, title: str, elements: list[str], ask: Ask) -> None:
    found = ask("at", line=line, column=column)
    assert found["card"]["title"] == title
    assert [key for key in found["elements"] if not key.endswith(("_norm", "_act"))] == elements


def test_a_card_says_where_a_name_is_defined_used_and_renamed(ask: Ask) -> None:
    card = ask("at", line=7, column=18)["card"]
    assert (card["definition"]["file"], card["definition"]["line"], [place["line"] for place in card["uses"]]) == (None, 5, [5, 7])
    assert card["rename"]["old"] == "mine"
    found = ask("rename", line=7, column=18, new="ours")
    assert (len(found["edits"]), found["layers"]) == (2, False)
    assert ask("at", "extends: resnet50\nstages: {block: bottleneck}\n", line=2, column=20)["card"]["definition"]["file"] == "shipped:blocks/resnet.yaml"
    for new in ("conv", "3", "<b>"):
        with pytest.raises(InputError):
            ask("rename", line=7, column=18, new=new)


def test_a_name_that_other_files_use_has_no_other_one(ask: Ask) -> None:
    Path("child.yaml").write_text("extends: net\nstem: [mine: 16]\n")
    with pytest.raises(InputError, match=r"'mine' stands in child\.yaml, too"):
        ask("rename", path="net.yaml", line=7, column=18, new="ours")
    Path("child.yaml").write_text("extends: net\nstem: [mine: 16")
    with pytest.raises(InputError, match="which cannot be read"):
        ask("rename", path="net.yaml", line=7, column=18, new="ours")
    Path("child.yaml").write_text("extends: net\n")
    assert len(ask("rename", path="net.yaml", line=7, column=18, new="ours")["edits"]) == 2


def test_what_can_be_written_takes_the_place_of_the_word(ask: Ask) -> None:
    text = "description: '\U0001F600'\nextends: resnet18\nstem: [conv: 3x3 8, {keep: '\U0001F600'}, conv: 3x3 8 act=rellu]\n"
    found = ask("complete", text, line=3, column=units(text.split("\n")[2]))
    assert (found["to"]["column"] - found["from"]["column"], found["from"]["line"]) == (len("rellu"), 3)
    assert {"relu", "silu"} <= {each["label"] for each in found["options"]}
    half = ask("complete", "extends: resnet18\nstages: {", line=2, column=10)
    assert "widths" in {each["label"] for each in half["options"]}


def test_what_was_last_known_of_a_text_completes_one_that_cannot_be_read(ask: Ask) -> None:
    ask("check", NET, path="net.yaml")
    found = ask("complete", NET.replace("stages: {block: mine", "stages: {block: ]"), path="net.yaml", line=7, column=17)
    assert "mine" in {each["label"] for each in found["options"]}


# -- exports -------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("asked", [{}, {"kind": "block", "block": "mine"}, {"kind": "block", "stage": "stage1", "repeat": 2}, {"kind": "full"},
                                   {"kind": "diff", "other": {"zoo": "resnet18"}}], ids=str)
def test_the_command_gives_the_same_picture(asked: dict[str, Any], ask: Ask) -> None:
    text = f"{NET}name: net\n"
    Path("-net 1.yaml").write_text(text)
    command = shlex.split(ask("export", text, path="-net 1.yaml", view=asked, format="command")["text"])
    assert command[0] == "archspec"
    out = [] if "-o" in command else ["-o", "made.svg"]
    assert run([*command[1:], *out]) == 0
    (made,) = Path().glob("*.svg")
    assert asked.get("kind") == "diff" or made.read_text() == ask("export", text, path="-net 1.yaml", view=asked, format="svg")["text"]


@pytest.mark.parametrize(("form", "end", "begins"), [("latex", ".tex", "\\begin{tabular}"), ("markdown", ".md", "| stage"), ("mermaid", ".mmd", "---"), ("svg", ".svg", "<svg")])
def test_each_format_is_a_file(form: str, end: str, begins: str, ask: Ask) -> None:
    found = ask("export", view={}, format=form)
    assert found["name"] == f"net{end}"
    assert found["text"].startswith(begins)


@pytest.mark.parametrize(("text", "asked", "form"), [("stem: [", {}, "svg"), (NET, {}, "pdf"), (NET, {"kind": "diff"}, "svg"), (NET, {"kind": "full", "stage": "stem"}, "command")])
def test_what_cannot_be_exported_says_why(text: str, asked: dict[str, Any], form: str, ask: Ask) -> None:
    with pytest.raises(InputError):
        ask("export", text, view=asked, format=form)


def test_a_command_is_of_the_file_that_is_saved(ask: Ask) -> None:
    with pytest.raises(InputError, match="save it first"):
        ask("export", view={}, format="command")
    Path("net.yaml").write_text(NET)
    assert "note" not in ask("export", view={}, format="command")
    assert "as it is saved" in ask("export", f"{NET}name: other\n", view={}, format="command")["note"]
    shipped = shipped_file("resnet18").read_text()
    found = ANSWERS["export"]({"name": "resnet18", "text": shipped, "view": {}, "format": "command"})
    assert found["text"] == "archspec draw resnet18\n"


@pytest.mark.parametrize("batch", [-5, 0, 1 << 50])
def test_a_batch_has_images(batch: int, ask: Ask) -> None:
    with pytest.raises(InputError, match="1 to 1000000"):
        ask("check", batch=batch)


@pytest.mark.parametrize("text", ["- - ", "- ", "- - - a", "[[", "- {", ": ", "- - :"])
def test_wherever_the_cursor_is_something_is_answered(text: str, ask: Ask) -> None:
    for column in range(1, len(text) + 2):
        ask("complete", text, line=1, column=column)
        ask("at", text, line=1, column=column)


# -- the zoo -------------------------------------------------------------------------------------------------------------

def test_below_stages_what_their_block_takes_comes_first(ask: Ask) -> None:
    labels = [each["label"] for each in ask("complete", "extends: resnet50\nstages:\n  \n", line=3, column=3)["options"]]
    assert labels.index("se") < labels.index("before")
    assert len(labels) == len({*labels})


def test_the_zoo_is_searched_by_words_and_figures(ask: Ask) -> None:
    whole = ask("zoo", query="")
    assert len(whole["specs"]) == whole["all"] > 150
    assert {each["name"] for each in whole["specs"] if each["miniature"]} == {*whole["featured"]}
    few = ask("zoo", query="ResNet parameters < 0.3M macs<=100M")["specs"]
    assert few
    assert all("resnet" in f"{each['name']} {each['family']} {each['description']}".lower() and each["parameters"] < 3e5 for each in few)
    assert {each["name"] for each in ask("zoo", query="1512.03385 depth > 1000")["specs"]} >= {"cifar_resnet1202"}
    assert ask("zoo", query="resnet5o")["hint"] == "resnet50"
    for query in ("price < 3", "macs < 1.2.3", "parameters < abc", "resnet macs >"):
        with pytest.raises(InputError):
            ask("zoo", query=query)


# -- strangers -----------------------------------------------------------------------------------------------------------

HOSTILE = "<img src=x onerror=alert(1)>\u202e\x1b[31m"


def test_what_a_stranger_writes_is_text(ask: Ask) -> None:
    name = json.dumps(HOSTILE)
    for text in (f"extends: {name}\n", f"{name}: 1\n", NET + f"description: {name}\n", NET.replace("conv: 3x3 16", f"conv: {name}"),
                 NET.replace("block: mine", f"block: {name}"), NET.replace("stages: {", f"stages: {{{name}: 1, "), NET + f"train: {{recipe: {name}}}\n"):
        for asked in ({}, {"kind": "block", "block": HOSTILE}, {"kind": "diff", "other": {"zoo": HOSTILE}}):
            told = ask("check", text, view=asked)
            said = json.dumps(told, ensure_ascii=False)
            assert "\u202e" not in said
            assert "\\u001b" not in said
            for problem in told["problems"]:
                assert "\n" not in problem["message"]
            if told["picture"] and "svg" in told["picture"]:
                assert "<img" not in told["picture"]["svg"]
        ask("at", text, line=1, column=5)


@pytest.mark.parametrize("reference", ["../out.yaml", "/tmp/out.yaml", "linked.yaml", "folder/out.yaml", "../../../../etc/passwd", "chain.yaml"])
@pytest.mark.parametrize("key", ["extends", "include"])
def test_nothing_outside_of_the_folder_is_read(reference: str, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out, folder = tmp_path / "out", tmp_path / "in"
    out.mkdir()
    folder.mkdir()
    (out / "out.yaml").write_text("secret: 1\n")
    (folder / "linked.yaml").symlink_to(out / "out.yaml")
    (folder / "folder").symlink_to(out)
    (folder / "chain.yaml").write_text("extends: folder/out.yaml\nblocks: {}\n")
    monkeypatch.chdir(folder)
    found = ANSWERS["check"]({"path": "net.yaml", "text": f"{key}: {reference}\n"})
    assert found["problems"]
    assert "secret" not in json.dumps(found)


@pytest.mark.parametrize("name", ["../x.yaml", "/etc/passwd", "linked.yaml", "a\0b.yaml", "", "x.txt", "x" * 3000])
def test_no_text_is_of_a_file_that_is_not_the_studios(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "linked.yaml").symlink_to(tmp_path / "out.yaml")
    monkeypatch.chdir(tmp_path / "in")
    if name:
        with pytest.raises(InputError):
            ANSWERS["check"]({"path": name, "text": NET})
    with pytest.raises(InputError):
        known.here().path(name)


def test_problems_are_those_of_check(monkeypatch: pytest.MonkeyPatch) -> None:
    root = Path(__file__).parent.parent.parent
    monkeypatch.chdir(root)
    for path in sorted(root.glob("tests/bad_specs/*.yaml"))[::25]:
        told = path.with_suffix(".txt").read_text()
        found = ANSWERS["check"]({"path": path.relative_to(root).as_posix(), "text": path.read_bytes().decode()})
        for problem in found["problems"]:
            assert all(said in told for said in (problem["message"], problem["hint"], *problem["notes"])), path
            assert f":{problem['place']['line']}:" in told
