"""Fuzzes the reader of specs: whatever is written, the answer is a network or a SpecError whose problems have places.

    python tools/fuzz_spec.py file -max_total_time=600

What is written is a file, the parent that a file extends (extends), or the values of --set, one a line (set); what follows goes
to atheris, which is libFuzzer. Seeds are the specs, blocks and recipes that ship, and tests/bad_specs.
A traceback, a warning, a hang (-timeout), much memory (-rss_limit_mb), more than SECONDS of CPU time, a message that is long
or that a terminal would obey, and a network whose resolved spec is another network are findings.
"""

from __future__ import annotations

import contextlib
import io
import random
import re
import resource
import shlex
import signal
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["archspec"]):
    from archspec import api
    from archspec.cli import check as _check  # noqa: F401
    from archspec.cli import run
    from archspec.cli import show as _show  # noqa: F401
    from archspec.cli import summary as _summary  # noqa: F401
    from archspec.errors import Problem, SpecError
    from archspec.io.places import shipped

FOLDER = Path(tempfile.mkdtemp(prefix="fuzz_spec"))
ROOT = Path(__file__).parent.parent
SECONDS = 20
"""Of CPU time for one file; the longest that shipped specs take is one."""
LONGEST = 200_000
"""Characters of a whole message."""
CHILD = "extends: parent\ndescription: a child\nhead: [global_avg_pool, dense: $classes]\nclasses: 7\n"
WORDS = re.compile(rb"(\s+|[\[\]{},:$()=&*!'\"])")
BITS = [bit.encode("utf-8", "surrogatepass") for bit in (
    "none", "null", "true", "[]", "{}", "-1", "0", "1e9", "1e400", "-1e-400", ".nan", ".inf", "9" * 19, "9" * 5000, "0x1",
    "1_0", "1e15", "10000000", "99999", "$x", "$index", "$classes", "$channels", "$(1/0)", "$(2**64**64)", "$(9**9**9)",
    "$(min(1,2))", "$(a[0])", "$(not 1)", "$(" + "(" * 200 + "1" + ")" * 200 + ")", "$(" + "-" * 390 + "1)",
    "$('a' if first else 2)", "$(1 < 2 < 3)", "$(x[x[x[0]]])", "$(", "&a ", "*a", "&a [*a]", "<<: *a", "!!str ",
    "!!python/object:os.system ", "!<tag:yaml.org,2002:map> ", "? ", "- ", ": ", "\n  ", "\n", "\t", "\r", "---\n", "...\n",
    "%YAML 1.1\n---\n", "# ", "|\n", ">-\n", "\ufeff", "\0", "\u202e", "\u2028", "\x85", "\x1b[2J", '"\\e[2J"', '"\\0"',
    '"\\u202e"', '"\\n"', '"\\ud800"', "\ud800", "é", "e\u0301", "１", "\U0001f600", "'", '"', "]", "}", "[" * 70, "{a: " * 70,
    "[" * 1500, "x" * 5000, "3x3", "0x0", "9999999x9999999", "/2", "/0", "same", "valid", "linear", "name=a", "if=$first",
    "extends: parent", "extends: child", "like: a", "body: [a]", "blocks: {a: {body: [a]}}", "let: {a: [$a]}",
    "let: {a: $b, b: $a}", "repeat: {times: 9999, body: [act]}", "parallel: {times: 99, body: [act]}", "[[conv: 3 bare], []]",
    "{matching: none, differing: pad}", "projection", "default", "required", "train: {recipe: imagenet}", "recipe: ",
    "residual: ")]


class Slow(BaseException):
    """More CPU time than SECONDS."""


def _slow(number: int, frame: object) -> None:
    raise Slow


def read(reference: Path | str, overrides: list[str]) -> None:
    """Loads and lowers; checks every problem, or that what was read can be shown and read again."""
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        spec = api.load(str(reference), overrides)
        graph = api.lower(spec)
    except SpecError as error:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        check(error)
        return
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    for warning in spec.warnings:
        check_problem(warning)
    again = FOLDER / "again.yaml"
    for expand in (False, True):
        again.write_text(spec.to_yaml(expand), encoding="utf-8")
        assert api.lower(str(again)).fingerprint == graph.fingerprint
    if graph.fingerprint[-1] == "0":  # one in sixteen
        shown(str(reference), overrides)


def shown(reference: str, overrides: list[str]) -> None:
    """Shows a network by the commands that load no TensorFlow."""
    options = [part for override in overrides for part in ("--set", override)]
    for command in (["check", "--json"], ["summary"], ["summary", "--json"], ["show"], ["show", "--explain", "stages.widths"]):
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as told:
            code = run([*command, reference, *options])
        assert code in (0, 2), told.getvalue()


def check(error: SpecError) -> None:
    """Every problem has a place; the message is short, and text."""
    said = str(error)
    assert error.problems and len(said) < LONGEST
    said.encode()
    assert all(char.isprintable() or char in "\n\t" for char in said), ascii(said)
    for problem in error.problems:
        check_problem(problem)


def check_problem(problem: Problem) -> None:
    """It has a place, and says something."""
    where = problem.where
    assert where.file and where.line >= 1 and 1 <= where.column <= len(where.text) + 1, problem
    assert problem.message


def as_file(data: bytes) -> None:
    """The bytes as a spec."""
    path = FOLDER / "spec.yaml"
    path.write_bytes(data)
    read(path, [])


def as_parent(data: bytes) -> None:
    """The bytes as what another spec extends."""
    parent, child = FOLDER / "parent.yaml", FOLDER / "child.yaml"
    parent.write_bytes(data)
    child.write_text(CHILD, encoding="utf-8")
    read(child, [])


def as_overrides(data: bytes) -> None:
    """Each line as the value of a --set, as a command line gives it."""
    lines = data.decode("utf-8", "surrogateescape").split("\n")
    read(("resnet20_digits", "googlenet", "mobilenet_v3_large")[len(data) % 3], lines[:20])


def specs() -> list[bytes]:
    """Whole files: those that ship, blocks and recipes among them, and the bad ones."""
    bare = [re.sub(rb"(?m)^#.*\n", b"", path.read_bytes()) for path in
            (*sorted(shipped().rglob("*.yaml")), *sorted((ROOT / "tests" / "bad_specs").rglob("*.yaml")))]
    return [text for text in bare if len(text) < 6000]


def assignments() -> list[bytes]:
    """What is set, in the tests of bad specs and by hand."""
    found = []
    for path in sorted((ROOT / "tests" / "bad_specs").glob("*.yaml")):
        first = path.read_bytes().split(b"\n")[0].decode("latin-1")
        if first.startswith("# --set"):
            found.append("\n".join(word for word in shlex.split(first[1:]) if word != "--set").encode())
    return [*found, b"stages.se=16\nstages.widths=[8, 16, 32]\nclasses=3", b"train.epochs=3\ntrain.schedule=step",
            b"blocks.basic.body=[conv: 3x3 $width, act]", b"stages.repeats=[1, 2, 3]\nhead=[global_avg_pool, dense: 10]",
            b"let.a=3\nstem=[conv: 3x3 $a]", b"input=32x32x3\ndefaults.conv=3x3 same\ndefaults.norm.kind=group groups=2"]


WAYS: dict[str, tuple[Callable[[bytes], None], Callable[[], list[bytes]]]] = {
    "file": (as_file, specs), "extends": (as_parent, specs), "set": (as_overrides, assignments)}
"""For each way in what reads the fuzzer's bytes, and where the fuzzer begins."""


def mutator(seeds: list[bytes]) -> Callable[[bytes, int, int], bytes]:
    """Exchanges words, lines and parts of other seeds; one time in four bytes, as libFuzzer does."""
    def mutate(data: bytes, most: int, seed: int) -> bytes:
        draw = random.Random(seed)
        if draw.random() < 0.25:
            changed: bytes = atheris.Mutate(data, most)
            return changed
        for _ in range(draw.randint(1, 3)):
            data = CHANGES[draw.randrange(len(CHANGES))](data, draw, seeds)
        return data[:most]
    return mutate


def _word(data: bytes, draw: random.Random, seeds: list[bytes]) -> bytes:
    words = WORDS.split(data)
    place = draw.randrange(len(words))
    words[place] = draw.choice((draw.choice(BITS), draw.choice(words), words[place] * 2, b""))
    return b"".join(words)


def _line(data: bytes, draw: random.Random, seeds: list[bytes]) -> bytes:
    lines, others = data.split(b"\n"), draw.choice(seeds).split(b"\n")
    lines.insert(draw.randrange(len(lines) + 1), draw.choice((draw.choice(others), draw.choice(lines), draw.choice(BITS))))
    del lines[draw.randrange(len(lines))]
    return b"\n".join(lines)


def _section(data: bytes, draw: random.Random, seeds: list[bytes]) -> bytes:
    """A top-level section of another file in place of one, or beside all."""
    own, other = (re.split(rb"\n(?=\w)", text) for text in (data, draw.choice(seeds)))
    own[draw.randrange(len(own)):][:draw.randint(0, 1)] = []
    own.insert(draw.randrange(len(own) + 1), draw.choice(other))
    if draw.random() < 0.7:
        del own[draw.randrange(len(own))]
    return b"\n".join(own)


CHANGES: tuple[Callable[[bytes, random.Random, list[bytes]], bytes], ...] = (_word, _word, _word, _line, _section)


def main() -> None:
    """Runs the fuzzer on one way in."""
    way, *options = sys.argv[1:]
    target, begin = WAYS[way]
    seeds = begin()
    corpus = Path(tempfile.mkdtemp(prefix=f"fuzz_{way}"))
    for index, seed in enumerate(seeds):
        (corpus / str(index)).write_bytes(seed)
    warnings.simplefilter("error")
    signal.signal(signal.SIGVTALRM, _slow)
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    atheris.Setup([sys.argv[0], str(corpus), "-max_len=16384", "-timeout=120", "-rss_limit_mb=2000", *options], target,
                  custom_mutator=mutator(seeds))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
