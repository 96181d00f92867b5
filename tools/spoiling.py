"""Spoils specs, and holds what archspec says of them to what it promises: a network, or problems that all have a place.

What is random comes from a `random.Random`: that of a fuzzer's seed, or one that hypothesis draws and makes smaller.
"""

from __future__ import annotations

import random
import re
import shlex
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

from archspec.errors import Problem, SpecError
from archspec.io.places import shipped
from archspec.spec.operations import FLAGS, MERGES, NAMES_IN_BLOCKS, OPERATIONS, PADDINGS, SHORTCUTS, UNITS
from archspec.spec.sections import SPEC, STAGE
from archspec.spec.source import BREAKS

Change = Callable[[bytes, random.Random, list[bytes]], bytes]
ROOT = Path(__file__).parent.parent
LONGEST = 200_000
"""Characters of a whole message."""
MOST_BYTES = 6000
"""Of a seed: larger ones take time, and hold nothing else."""
WORDS = re.compile(rb"(\s+|[\[\]{},:$()=&*!'\"])")
LANGUAGE = sorted({*OPERATIONS, *(key for each in OPERATIONS.values() for key in each.arguments), *FLAGS, *MERGES, *PADDINGS,
                   *SHORTCUTS, *UNITS, *NAMES_IN_BLOCKS, *SPEC, *STAGE, "widths", "strides", "table", "like", "edit", "change",
                   "replace", "body", "matching", "differing", "previous", "images", "epsilon", "momentum", "slope"})
"""The words that mean something in a spec."""
BITS = [*(word.encode() for word in LANGUAGE), *(bit.encode("utf-8", "surrogatepass") for bit in (
    "none", "null", "true", "[]", "{}", "-1", "0", "1e9", "1e400", "-1e-400", ".nan", ".inf", "9" * 19, "9" * 5000, "0x1",
    "1_0", "1e15", "10000000", "99999", "$x", "$index", "$classes", "$channels", "$(1/0)", "$(2**64**64)", "$(9**9**9)",
    "$(min(1,2))", "$(a[0])", "$(not 1)", "$(" + "(" * 200 + "1" + ")" * 200 + ")", "$(" + "-" * 390 + "1)",
    "$('a' if first else 2)", "$(1 < 2 < 3)", "$(x[x[x[0]]])", "$(", "&a ", "*a", "&a [*a]", "<<: *a", "!!str ",
    "!!python/object:os.system ", "!<tag:yaml.org,2002:map> ", "? ", "- ", ": ", "\n  ", "\n", "\t", "\r", "---\n", "...\n",
    "%YAML 1.1\n---\n", "# ", "|\n", ">-\n", "\ufeff", "\0", "\u202e", "\u2028", "\x85", "\x1b[2J", '"\\e[2J"', '"\\0"',
    '"\\u202e"', '"\\n"', '"\\ud800"', "\ud800", "é", "e\u0301", "１", "\U0001f600", "'", '"', "]", "}", "[" * 70, "{a: " * 70,
    "[" * 1500, "x" * 5000, "3x3", "0x0", "9999999x9999999", "?x?x3", "/2", "/0", "name=a", "if=$first",
    "extends: parent", "extends: child", "like: a", "body: [a]", "blocks: {a: {body: [a]}}", "let: {a: [$a]}",
    "let: {a: $b, b: $a}", "repeat: {times: 9999, body: [act]}", "parallel: {times: 99, body: [act]}", "[[conv: 3 bare], []]",
    "{matching: none, differing: pad}", "keep: a", "use: a", "join: a", "join: {with: [a, a], merge: attend}", "$a", "to=a",
    "default", "required", "train: {recipe: imagenet}", "recipe: ", "- - - - a", "? [a, b]\n: c"))]
"""What is written in the place of something else, or beside it."""


def _word(data: bytes, draw: random.Random, seeds: list[bytes]) -> bytes:
    """A word exchanged for another, doubled or taken out."""
    words = WORDS.split(data)
    place = draw.randrange(len(words))
    words[place] = draw.choice((draw.choice(BITS), draw.choice(words), words[place] * 2, b""))
    return b"".join(words)


def _value(data: bytes, draw: random.Random, seeds: list[bytes]) -> bytes:
    """A value of another type, behind a colon or a dash."""
    places = [found.end() for found in re.finditer(rb"[:-] ", data)]
    if not places:
        return data
    begin = draw.choice(places)
    found = re.compile(rb"[\n,\]}#]").search(data, begin)
    end = found.start() if found else len(data)
    return data[:begin] + draw.choice(BITS) + data[end:]


def _names(data: bytes, draw: random.Random, seeds: list[bytes]) -> bytes:
    """Two words that stand in the file, each in the place of the other, everywhere."""
    words = sorted(set(re.findall(rb"[A-Za-z_]\w*", data)))
    if len(words) < 2:
        return data
    one, other = draw.choice(words), draw.choice(words)
    return re.sub(rb"[A-Za-z_]\w*", lambda found: {one: other, other: one}.get(found[0], found[0]), data)


def _bytes(data: bytes, draw: random.Random, seeds: list[bytes]) -> bytes:
    """A byte exchanged, put in or taken out."""
    place = draw.randrange(len(data) + 1)
    return data[:place] + draw.choice((b"", bytes([draw.randrange(256)]))) + data[place + draw.randrange(2):]


def _indent(data: bytes, draw: random.Random, seeds: list[bytes]) -> bytes:
    """Some lines further to the left or right."""
    lines = data.split(b"\n")
    begin = draw.randrange(len(lines))
    for number in range(begin, min(begin + draw.choice((1, 1, 2, 5)), len(lines))):
        lines[number] = draw.choice((b" " + lines[number], b"  " + lines[number], lines[number][1:], lines[number].lstrip(),
                                     b"\t" + lines[number], b"- " + lines[number]))
    return b"\n".join(lines)


def _line(data: bytes, draw: random.Random, seeds: list[bytes]) -> bytes:
    """A line put in, of this file or another, and one taken out."""
    lines, others = data.split(b"\n"), draw.choice(seeds).split(b"\n")
    lines.insert(draw.randrange(len(lines) + 1), draw.choice((draw.choice(others), draw.choice(lines), draw.choice(BITS))))
    del lines[draw.randrange(len(lines))]
    return b"\n".join(lines)


def _swap(data: bytes, draw: random.Random, seeds: list[bytes]) -> bytes:
    """A line in another place, or a second time."""
    lines = data.split(b"\n")
    line = lines[draw.randrange(len(lines))]
    if draw.randrange(2):
        lines.remove(line)
    lines.insert(draw.randrange(len(lines) + 1), line)
    return b"\n".join(lines)


def _alias(data: bytes, draw: random.Random, seeds: list[bytes]) -> bytes:
    """An anchor at one value, and aliases of it in the places of others."""
    values = [found.span(1) for found in re.finditer(rb"[:\-,\[] ?([\w\[{$][^,\]}\n]*)", data)]
    for number in sorted((draw.randrange(len(values)) for _ in range(draw.randrange(2, 5))), reverse=True) if values else ():
        begin, end = values[number]
        data = data[:begin] + draw.choice((b"*a ", b"*a", b"&a ", b"&a " + data[begin:end])) + data[end:]
    return data


def _nested(data: bytes, draw: random.Random, seeds: list[bytes]) -> bytes:
    """Brackets around a part, many at times."""
    begin, end = sorted((draw.randrange(len(data) + 1), draw.randrange(len(data) + 1)))
    times = draw.choice((1, 1, 2, 10, 70, 400))
    left, right = draw.choice(((b"[", b"]"), (b"{a: ", b"}"), (b"$(", b")"), (b"(", b")"), (b"{conv: ", b"}"), (b"- ", b""),
                               (b"[residual: ", b"]"), (b"[repeat: {times: 99, body: ", b"}]")))
    return data[:begin] + left * times + data[begin:end] + right * times + data[end:]


def _section(data: bytes, draw: random.Random, seeds: list[bytes]) -> bytes:
    """A top-level section of another file in place of one, or beside all."""
    own, other = (re.split(rb"\n(?=\w)", text) for text in (data, draw.choice(seeds)))
    own[draw.randrange(len(own)):][:draw.randint(0, 1)] = []
    own.insert(draw.randrange(len(own) + 1), draw.choice(other))
    if draw.random() < 0.7:
        del own[draw.randrange(len(own))]
    return b"\n".join(own)


CHANGES: tuple[Change, ...] = (_word, _word, _value, _value, _line, _section, _swap, _names, _bytes, _indent, _alias, _nested)


def spoiled(data: bytes, draw: random.Random, seeds: list[bytes]) -> bytes:
    """The bytes with one to three changes."""
    for _ in range(draw.randint(1, 3)):
        data = CHANGES[draw.randrange(len(CHANGES))](data, draw, seeds)
    return data


def specs(*also: Path) -> list[bytes]:
    """Whole files: those that ship, blocks and recipes among them, and those of other folders."""
    paths = (path for folder in (shipped(), *also) for path in sorted(folder.rglob("*.yaml")))
    bare = [re.sub(rb"(?m)^#.*\n", b"", path.read_bytes()) for path in paths]
    return [text for text in bare if 0 < len(text) < MOST_BYTES]


BAD = ROOT / "tests" / "bad_specs"


def assignments() -> list[bytes]:
    """What is set, in the tests of bad specs and by hand; one a line."""
    found = []
    for path in sorted(BAD.glob("*.yaml")):
        first = path.read_bytes().split(b"\n")[0].decode("latin-1")
        if first.startswith("# --set"):
            found.append("\n".join(word for word in shlex.split(first[1:]) if word != "--set").encode())
    return [*found, b"stages.se=16\nstages.widths=[8, 16, 32]\nclasses=3", b"train.epochs=3\ntrain.schedule=step",
            b"blocks.basic.body=[conv: 3x3 $width, act]", b"stages.repeats=[1, 2, 3]\nhead=[global_avg_pool, dense: 10]",
            b"let.a=3\nstem=[conv: 3x3 $a]", b"input=32x32x3\ndefaults.conv=3x3 same\ndefaults.norm.kind=group groups=2"]


def check(error: SpecError) -> None:
    """Every problem has a place; the message is short, and text. Raises AssertionError."""
    said = str(error)
    assert error.problems and len(said) < LONGEST
    said.encode()
    assert all(char.isprintable() or char in "\n\t" for char in said), ascii(said)
    check_places(error.problems)


def check_places(problems: Iterable[Problem]) -> None:
    """Each has a place that is in its file, and says something. Raises AssertionError."""
    known = cache(lines)
    for problem in problems:
        where = problem.where
        assert where.file and where.line >= 1 and 1 <= where.column <= len(where.text) + 1, problem
        assert problem.message and problem.code, problem
        written = known(where.file)
        assert written is None or where.line <= len(written), problem
        if written is not None and where.text:
            assert plainly(written[where.line - 1]) == plainly(where.text), problem


def plainly(line: str) -> str:
    """What of a line a problem shows: what no terminal should get is a question mark there."""
    return "".join(char if char.isprintable() else "?" for char in line)


def lines(file: str) -> list[str] | None:
    """The lines of a file as YAML counts them; None for what is no file, as `--set`, or no text."""
    try:
        return BREAKS.split(Path(file).read_bytes().decode("utf-8-sig"))
    except (OSError, UnicodeDecodeError, ValueError):
        return None
