"""Fuzzes the reader of specs: whatever is written, the answer is a network or a SpecError whose problems have places.

    python tools/fuzz_spec.py file -max_total_time=600

What is written is a file, the parent that a file extends (extends), or the values of --set, one a line (set). What follows goes
to atheris, which is libFuzzer (`pip install atheris`): options, and a folder that keeps what it found for the next time. Seeds
are the specs, blocks and recipes that ship, and tests/bad_specs, spoiled by spoiling.py.

Findings are a traceback, a warning, more than SECONDS of CPU time, more than a gigabyte, a message that is long or that a
terminal would obey, a place that is not in the file, a network whose resolved spec is another one or that is another where its
repeats are lowered one by one, and a command that does not end in 0 or 2.
"""

from __future__ import annotations

import contextlib
import io
import random
import resource
import signal
import sys
import tempfile
import warnings
from collections.abc import Callable, Hashable, Iterator
from importlib import import_module
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["archspec"]):
    from archspec import api
    from archspec.cli import run
    from archspec.errors import SpecError
    from archspec.lowering.replay import Repeat, Repeats
    from archspec.lowering.sink import Problems
    from archspec.network import _lowered
    from archspec.spec.arch import Spec
    for name in ("check", "diff", "draw", "show", "solve", "summary"):
        import_module(f"archspec.cli.{name}")

from spoiling import BAD, assignments, check, check_places, specs, spoiled

FOLDER = Path(tempfile.mkdtemp(prefix="fuzz_spec"))
SECONDS = 15
"""Of CPU time for one file: three times what judging.py allows, for what is instrumented takes about three times as long."""
GIGABYTE = 1000
"""Of memory, in the megabytes of libFuzzer: the whole process, with all that it was instrumented by."""
CHILD = "extends: parent\ndescription: a child\nhead: [global_avg_pool, dense: $classes]\nclasses: 7\n"
COMMANDS = (["check", "--json"], ["summary"], ["summary", "--layers"], ["summary", "--json"], ["show"],
            ["show", "--explain", "stages.widths"], ["draw", "-o", "-"], ["draw", "--full", "-o", "-"],
            ["draw", "--format", "mermaid"], ["draw", "--table", "markdown"], ["solve", "--params", "1M", "--free", "widths"])
"""Those that load no TensorFlow."""


class Slow(BaseException):
    """More CPU time than SECONDS."""


class Forgets(Repeats):
    """Keeps no repeat, so that each is lowered."""

    def put(self, key: Hashable, repeat: Repeat) -> None:
        """Nothing is kept."""


def _slow(number: int, frame: object) -> None:
    raise Slow


@contextlib.contextmanager
def in_time() -> Iterator[None]:
    """Raises Slow where what is done takes too long."""
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def read(reference: Path | str, overrides: list[str]) -> None:
    """Loads and lowers; checks every problem, or that what was read can be shown and read again."""
    try:
        with in_time():
            spec = api.load(str(reference), overrides)
            graph = api.lower(spec)
    except SpecError as error:
        check(error)
        return
    check_places(spec.warnings)
    assert seen(spec, Repeats()) == seen(spec, Forgets())
    again = FOLDER / "again.yaml"
    for expand in (False, True):
        again.write_text(spec.to_yaml(expand), encoding="utf-8")
        assert api.lower(str(again)).fingerprint == graph.fingerprint
    if graph.fingerprint[-1] == "0":  # one in sixteen
        shown(str(reference), overrides)


def seen(spec: Spec, repeats: Repeats) -> object:
    """All that there is of a network."""
    graph, cost = _lowered(spec, Problems(), repeats)
    assert graph is not None
    return graph, graph.taken, cost, [(node.calls, node.where) for node in graph.nodes]


def shown(reference: str, overrides: list[str]) -> None:
    """Shows a network by the commands that load no TensorFlow."""
    options = [part for override in overrides for part in ("--set", override)]
    for command in (*([*each, reference] for each in COMMANDS), ["diff", reference, reference]):
        with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.redirect_stderr(io.StringIO()) as told, in_time():
            code = run([*command, *options])
        assert code in (0, 2) or (code == 1 and command[0] == "solve"), (command, told.getvalue())
        assert command[0] != "diff" or "no difference" in said.getvalue(), said.getvalue()


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


WAYS: dict[str, tuple[Callable[[bytes], None], Callable[[], list[bytes]]]] = {
    "file": (as_file, lambda: specs(BAD)), "extends": (as_parent, lambda: specs(BAD)), "set": (as_overrides, assignments)}
"""For each way in what reads the fuzzer's bytes, and where the fuzzer begins."""


def mutator(seeds: list[bytes]) -> Callable[[bytes, int, int], bytes]:
    """Spoils what libFuzzer has; one time in four libFuzzer does so itself, in bytes."""
    def mutate(data: bytes, most: int, seed: int) -> bytes:
        draw = random.Random(seed)
        if draw.random() < 0.25:
            changed: bytes = atheris.Mutate(data, most)
            return changed
        return spoiled(data, draw, seeds)[:most]
    return mutate


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
    atheris.Setup([sys.argv[0], "-max_len=16384", "-timeout=600", f"-rss_limit_mb={GIGABYTE}", *options, str(corpus)], target,
                  custom_mutator=mutator(seeds))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
