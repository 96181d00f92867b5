"""Section 7.3: whatever is written, the answer is a network or a SpecError, never a traceback."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import archspec
from archspec.errors import Problem, SpecError
from archspec.io.places import shipped

SPECS = ("resnet20_digits", "googlenet", "mobilenet_v3_large", "inception_v4", "cifar_highway19", "se_resnet50_pre",
    "densenet121")
BITS = ("none", "true", "null", "[]", "{}", "-1", "0", "1.5", "99999999", "1e9", "$x", "$index", "$(1/0)", "$(channels // 7)",
    "'a b'", "[1, 2]",
        "{a: 1}", "3x3", "/2", "same", "linear", "name=a", "if=$first", "conv", "se", "[conv: 3]", "&a", "*a", "!!str", ": ",
        "- ", "\n", "  ",
        "projection", "default", "\t", "\x00", "é", "[[conv: 3 bare], []]", "{matching: none, differing: pad}",
        "repeat: {times: 3, body: [act]}")


WORDS = re.compile(r"(\s+|[\[\]{},:$()=])")


@st.composite
def mutations(draw: st.DrawFn, text: str) -> str:
    """The text with one to four words exchanged, put in, doubled or taken out."""
    words = WORDS.split(text)
    for place in draw(st.lists(st.integers(0, len(words) - 1), min_size=1, max_size=4)):
        words[place] = draw(st.sampled_from(BITS) | st.sampled_from(words) | st.just(words[place] * 2) | st.just(""))
    return "".join(words)


def outcome(path: Path) -> str | tuple[Problem, ...]:
    """The fingerprint of a file's network, or its problems."""
    try:
        return archspec.lower(archspec.load(str(path))).fingerprint
    except SpecError as error:
        return error.problems


@pytest.mark.parametrize("name", SPECS)
@settings(max_examples=60)
@given(data=st.data())
def test_a_mutated_spec_is_a_network_or_has_problems_with_places(name: str, data: st.DataObject,
                                                                 tmp_path_factory: pytest.TempPathFactory) -> None:
    text = (shipped() / f"{name}.yaml").read_text(encoding="utf-8")
    mutated = data.draw(mutations(re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)))
    path = tmp_path_factory.getbasetemp() / f"{name}.yaml"
    path.write_text(mutated, encoding="utf-8")
    found = outcome(path)
    assert found == outcome(path)
    for problem in found if isinstance(found, tuple) else ():
        lines = Path(problem.where.file).read_text(encoding="utf-8").split("\n")
        assert 1 <= problem.where.line <= len(lines)
        assert 1 <= problem.where.column <= len(lines[problem.where.line - 1]) + 1
        assert problem.message
        assert all(char.isprintable() or char in "\n\t" for char in str(problem))


ANY = st.text(st.characters(), max_size=30)
"""Every character that there is, lone surrogates too, as a command line may hold them."""


@settings(max_examples=300)
@given(key=st.sampled_from(("name", "stages.se", "stages.widths", "classes", "stem", "train.batch", "let.a", "blocks.b.body", "x"))
       | ANY, value=st.sampled_from(BITS) | ANY)
def test_any_override_is_a_network_or_has_problems_with_places(key: str, value: str) -> None:
    try:
        archspec.lower(archspec.load("resnet20_digits", [f"{key}={value}"]))
    except SpecError as error:
        for problem in error.problems:
            assert 1 <= problem.where.column <= len(problem.where.text) + 1
        assert all(char.isprintable() or char in "\n\t" for char in str(error))


@pytest.mark.parametrize("name", SPECS)
def test_the_specs_that_are_mutated_are_networks(name: str) -> None:
    assert isinstance(outcome(shipped() / f"{name}.yaml"), str)
