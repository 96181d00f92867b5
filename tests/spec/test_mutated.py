"""Section 7.3: whatever is written, the answer is a network or a SpecError, never a traceback."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

import archspec
from archspec.errors import SpecError
from archspec.io.places import shipped

SPECS = ("resnet20_digits", "googlenet", "mobilenet_v3_large", "inception_v4", "cifar_highway19", "se_resnet50_pre",
    "densenet121")
BITS = ("none", "true", "null", "[]", "{}", "-1", "0", "1.5", "99999999", "1e9", "$x", "$index", "$(1/0)", "$(channels // 7)",
    "'a b'", "[1, 2]",
        "{a: 1}", "3x3", "/2", "same", "linear", "name=a", "if=$first", "conv", "se", "[conv: 3]", "&a", "*a", "!!str", ": ",
        "- ", "\n", "  ",
        "projection", "default", "\t", "\x00", "é", "[[conv: 3 bare], []]", "{matching: none, differing: pad}",
        "repeat: {times: 3, body: [act]}")


def mutated(text: str, chance: random.Random) -> str:
    """The text with words exchanged, put in, doubled or taken out."""
    words = re.split(r"(\s+|[\[\]{},:$()=])", text)
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(words))
        new = chance.choice((chance.choice(BITS), chance.choice(words), words[place] * 2, ""))
        words[place] = new
    return "".join(words)


def outcome(text: str, path: Path) -> str:
    path.write_text(text, encoding="utf-8")
    try:
        return archspec.lower(archspec.load(str(path))).fingerprint
    except SpecError as error:
        return str(error)


@pytest.mark.parametrize("name", SPECS)
def test_a_mutated_spec_never_ends_in_a_traceback(name: str, tmp_path: Path) -> None:
    chance = random.Random(name)
    text = re.sub(r"^#.*\n", "", (shipped() / f"{name}.yaml").read_text(encoding="utf-8"), flags=re.MULTILINE)
    outcomes = {outcome(mutated(text, chance), tmp_path / "net.yaml") for _ in range(25)}
    assert len(outcomes) > 10
