"""Section 7.3: whatever is written, the answer is a network or problems with places, soon, in little memory, never a traceback."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from amounts import examples
from hypothesis import given, note
from hypothesis import strategies as st
from tooling import tool

import archspec
from archspec.errors import SpecError

if TYPE_CHECKING:
    from judging import Answer, Judge
else:
    Judge = tool("judging").Judge

spoiling = tool("spoiling")
SEEDS = spoiling.specs(spoiling.BAD)
CHILD = b"extends: net\ndescription: a child\nhead: [global_avg_pool, dense: $classes]\nclasses: 7\n"
SHOWN = (["summary", "--layers"], ["show", "--expand"], ["draw", "-o", "-"], ["draw", "--table", "markdown"])
"""What is asked of what is a network all the same; a search looks at hundreds of networks, and takes its time."""


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    with Judge() as found:
        yield found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("broken")


@examples(150)
@given(draw=st.randoms(use_true_random=False), extended=st.sampled_from((False, False, False, True)))
def test_a_spoiled_spec_is_a_network_or_has_problems_with_places(judge: Judge, folder: Path, draw: random.Random,
                                                                 extended: bool) -> None:
    """Exit code 0 or 2 within 5 s of CPU time and 1 GB: what takes more is killed, and has another code."""
    data = spoiled(draw)
    (folder / "net.yaml").write_bytes(data)
    (folder / "child.yaml").write_bytes(CHILD)
    path = str(folder / ("child.yaml" if extended else "net.yaml"))
    answer = judge.run("check", "--json", path)
    holds(answer)
    for problem in json.loads(answer.said)["problems"]:
        lines = spoiling.lines(problem["file"])
        assert lines is None or (1 <= problem["line"] <= len(lines)
                                 and 1 <= problem["column"] <= len(lines[problem["line"] - 1]) + 1), problem
        assert problem["message"] and problem["code"]
    if answer.code == 0:
        shown = judge.run(*draw.choice((*SHOWN, ["diff", path])), path)
        holds(shown)


def spoiled(draw: random.Random) -> bytes:
    """A spec that is broken, or another."""
    data: bytes = spoiling.spoiled(draw.choice(SEEDS), draw, SEEDS)
    note(ascii(data))
    return data


def holds(answer: Answer) -> None:
    """Never a traceback, and only what a terminal shows."""
    assert answer.code in (0, 2), answer
    assert "Traceback" not in answer.told, answer
    assert all(char.isprintable() or char in "\n\t" for char in answer.told), answer


WORDS = ("none", "true", "null", "[]", "{}", "-1", "0", "1.5", "99999999", "1e9", "$x", "$(1/0)", "[1, 2]", "{a: 1}", "3x3", "!!str",
         "\x00", "é", "[[conv: 3 bare], []]", "repeat: {times: 3, body: [act]}")
ANY = st.text(st.characters(), max_size=30)
"""Every character that there is, lone surrogates too, as a command line may hold them."""


@examples(200)
@given(key=st.sampled_from(("name", "stages.se", "stages.widths", "classes", "stem", "train.batch", "let.a", "blocks.b.body", "x",
                            "stem[0]", "stages.repeats[1]", "stages.stage2.se")) | ANY, value=st.sampled_from(WORDS) | ANY)
def test_any_override_is_a_network_or_has_problems_with_places(key: str, value: str) -> None:
    try:
        archspec.lower(archspec.load("resnet20_digits", [f"{key}={value}"]))
    except SpecError as error:
        spoiling.check(error)


def test_many_stages_cost_what_so_many_stages_cost(judge: Judge, folder: Path) -> None:
    """No stage looks at all those before it: no count of calls would show that."""
    path = folder / "long.yaml"
    rows = "  - [8]\n" * 20_000
    path.write_text(f"input: 32x32x8\nclasses: 10\nstages:\n  block: basic\n  table:\n  - [width]\n{rows}"
                    "head: [global_avg_pool, dense: $classes]\n", encoding="utf-8")
    answer = judge.run("check", str(path))
    assert answer.code == 2 and "more than 50000 operations" in answer.said


def test_what_takes_too_long_or_too_much_is_killed(judge: Judge, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or the limits would hold nothing."""
    module = tool("judging")
    for code in ("while True: pass", "bytes(2 << 30)"):
        monkeypatch.setattr("archspec.cli.run", lambda arguments, code=code: exec(code))
        monkeypatch.setattr(module, "SECONDS", 1)
        assert module.judged([], folder)[0] not in (0, 2)
