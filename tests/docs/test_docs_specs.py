"""Every piece of YAML in the pages is a spec without problems, and every session in Python runs."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest
import yaml
from pages import PAGES, Block, Folders, blocks, of_language

from archspec import SpecError, load, lower, summary
from archspec.search.plan import read_plan
from archspec.spec.files import spec_names
from archspec.spec.protocol import load_protocol
from archspec.views.published import compare

REST = {
    "input": "input: 32x32x16",
    "classes": "classes: 10",
    "stages": "stages: {block: basic, repeats: [2, 2], widths: [64, 128], strides: [1, 2]}",
    "head": "head: [global_avg_pool, dense: $classes]",
}
"""What completes a part of a spec."""


def _whole(text: str) -> str:
    """A spec as it is; a list of operations as a stem, any other part with what it lacks."""
    if text.lstrip().startswith("- ") or re.match(r"(#.*\n)+- ", text):
        text = "stem:\n" + re.sub("^", "  ", text, flags=re.MULTILINE) + "\nstages: []\n"
    keys = yaml.compose(text).value
    given = {key.value for key, _ in keys}
    if "extends" in given:
        return text
    return "\n".join([text, *(line for key, line in REST.items() if key not in given)])


@pytest.mark.parametrize("block", of_language("yaml"), ids=lambda block: block.id)
def test_it_lowers(block: Block, folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = folders(block.page)
    monkeypatch.chdir(folder)
    path = folder / (block.file or f"piece_{block.line}.yaml")
    if block.note == "sweep":
        path.write_text(block.text, encoding="utf-8")
        assert read_plan(path).base in spec_names()  # tests/search tries what it finds
        return
    if block.note == "protocol":
        path.write_text(block.text, encoding="utf-8")
        assert load_protocol(str(path)).count > 1
        return
    if block.file is None:
        path.write_text(_whole(block.text), encoding="utf-8")
    if block.note == "blocks":
        assert yaml.safe_load(block.text).keys() == {"blocks"}  # the spec that includes it is tried
        return
    if block.note == "wrong":
        with pytest.raises(SpecError):
            lower(load(str(path)))
        return
    spec = load(str(path))
    assert all(figure.holds for figure in compare(spec.published, summary(lower(spec))))


@pytest.mark.parametrize("block", of_language("pycon"), ids=lambda block: block.id)
def test_a_session_in_python(block: Block, folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folders(block.page))
    test = doctest.DocTestParser().get_doctest(block.text, {}, block.id, str(block.page), block.line)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    printed: list[str] = []
    runner.run(test, out=printed.append)
    assert not runner.summarize(verbose=False).failed, "".join(printed)


def test_blocks_are_of_a_known_language() -> None:
    known = {"yaml", "console", "pycon", "python", "sh", "json", "text"}
    assert not [block.id for page in PAGES for block in blocks(page) if block.language not in known]


def test_no_example_has_the_name_of_a_shipped_spec() -> None:
    """By its bare name a command would take the shipped one."""
    named = (re.match(r"# ([\w-]+)\.yaml\n", block.text) for block in of_language("yaml"))
    assert not {found[1] for found in named if found} & {*spec_names()}


def test_the_pages_are_there() -> None:
    assert {Path(block.page).name for block in of_language("yaml")} >= {"README.md", "language.md", "writing.md"}
