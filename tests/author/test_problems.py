"""Each code of a problem has a page, whose wrong example gives that code alone, and whose right one gives none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from archspec.author.problems import PAGES, Page, page, pages, problems_of, shown, whole
from archspec.errors import InputError

ROOT = Path(__file__).parents[2]
WITHOUT_EXAMPLE = {
    "graph-input": "no spec gives such a graph", "graph-order": "no spec gives such a graph", "graph-type": "no spec gives such a graph",
    "extends-chain": "21 files; tests/bad_specs has them", "not-utf8": "no text can show it", "unreadable": "a file's permissions",
    "sweep": "the file of a sweep is no spec; tests/search has its mistakes",
}


def test_each_code_has_a_page() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "archspec").rglob("*.py"))
    assert pages().keys() == set(re.findall(r'[Pp]roblem\("([a-z0-9-]+)"', source))
    assert list(pages()) == sorted(pages())


@pytest.mark.parametrize("found", pages().values(), ids=lambda found: found.code)
def test_the_wrong_example_gives_the_code_and_the_right_one_gives_none(found: Page) -> None:
    if found.code in WITHOUT_EXAMPLE:
        assert not found.examples
        return
    assert {problem.code for problem in problems_of(found.wrong)} == {found.code}
    assert problems_of(found.right) == ()


@pytest.mark.parametrize("found", pages().values(), ids=lambda found: found.code)
def test_a_page_says_what_it_means_and_shows_the_message(found: Page) -> None:
    text = "\n".join(shown(found))
    assert found.title in text.replace("\n", " ")
    assert len(found.title) < 130
    assert found.title != "A warning"
    assert text.startswith(f"{found.code}\n\n")
    assert "](" not in text
    if found.wrong and not found.wrong[-1].command:
        assert any(f"{each.file}:" in text for each in found.wrong)
    assert "/tmp" not in text


def test_the_lines_of_the_pages_are_short() -> None:
    assert not [line for line in PAGES.read_text(encoding="utf-8").splitlines() if len(line) > 120]


def test_what_an_example_leaves_out_stands_behind_it() -> None:
    wrong = pages()["unknown-word"].wrong[-1]
    assert whole(wrong).startswith(wrong.text)
    assert set(re.findall(r"^(\w+):", whole(wrong), re.MULTILINE)) == {"stem", "input", "classes", "head"}
    assert whole(pages()["extends"].wrong[-1]) == pages()["extends"].wrong[-1].text


def test_an_unknown_code_is_told_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'unknown-key'"):
        page("unknown-keys")
    with pytest.raises(InputError, match="lists all"):
        page("zzz")


def test_the_page_of_the_documentation_is_the_same_text() -> None:
    assert (ROOT / "docs" / "problems.md").read_text(encoding="utf-8").endswith(PAGES.read_text(encoding="utf-8"))
