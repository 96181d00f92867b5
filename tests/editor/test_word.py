"""What is offered at a cursor, and what it is written instead of. `|` is the cursor."""

from __future__ import annotations

from pathlib import Path

import pytest

from archspec.editor.word import Completed, completed
from archspec.errors import SpecError
from archspec.io.unsaved import unsaved
from archspec.spec.inherit import Resolved, resolve

FILE = Path("net.yaml").resolve()


def made_of(text: str) -> Resolved | None:
    try:
        with unsaved({FILE: text}):
            return resolve(str(FILE))
    except SpecError:
        return None


def complete(text: str) -> Completed:
    before, _, behind = text.partition("|")
    return completed(before + behind, before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1, FILE, made_of)


@pytest.mark.parametrize("text", ["stages:\n  |", "stages:\n  |\n", "stages:\n  card|", "stages:\n  width: 8\n  card|\ntrain: {recipe: digits}", "stages:\n  |\t \nclasses: 3"])
def test_a_word_that_has_no_colon_yet_is_a_key_to_be(text: str) -> None:
    assert {"se", "stage2", "repeats"} <= {each.label for each in complete(f"extends: resnet18\n{text}").options}


@pytest.mark.parametrize(("text", "begin", "end", "label", "written"), [
    ("extends: resnet18\nstag|es: {se: 16}\n", 1, 7, "stages", "stages"), ("extends: resnet18\nstag|es\n", 1, 7, "stages", "stages: "),
    ("extends: resnet18\nstem: [conv: 3x3 8 act=re|lu]\n", 24, 28, "silu", "silu"), ("extends: resnet18\nstem: [conv: 3x3 pa| = 3]\n", 18, 20, "padding=", "padding"),
    ("extends: resnet18\n|", 1, 1, "stages", "stages: "),
    ("stem: [\n  max_pool\n  |\n]", 3, 3, "conv", "conv: "), ("stem: [\n  max_pool\n|\n]", 1, 1, "conv", "conv: ")])
def test_the_whole_word_is_written_anew_and_what_ends_it_stays(text: str, begin: int, end: int, label: str, written: str) -> None:
    found = complete(text)
    assert (found.begin, found.end) == (begin, end)
    assert written in {each.text for each in found.options if each.label == label}
