"""Measures the commands that load no framework: CPU seconds of a cold start, beside another checkout if one is given.

Run from the checkout: python tools/bench_light.py, or with --against PATH. Every run is a process of its own, the sides
take turns, the medians are compared: other load changes CPU time a little, and the ratio hardly. Exit code 1 if a goal is
missed.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from rich.console import Console  # noqa: E402

from archspec.views.tables import grid  # noqa: E402

GOALS = {
    "--help": 0.15,
    "--version": 0.15,
    "list": 1.0,
    "list --blocks": 0.4,
    "check resnet152": 0.23,
    "summary resnet152": 0.4,
    "show resnet152": 0.4,
    "check cifar_resnet1202": 1.0,
    "summary cifar_resnet1202": 1.0,
    "sweep tools/sweep_200.yaml": 9.0,
}
"""CPU seconds that each may take, on two cores of 2024 with nothing else running."""


@dataclass(frozen=True)
class Row:
    """A command, its median CPU seconds here and in the other checkout, and the median of there / here of each turn."""

    command: str
    here: float
    there: float | None = None
    ratio: float | None = None

    @property
    def met(self) -> bool:
        """Whether it takes no more than its goal."""
        return self.here <= GOALS[self.command]


def cpu_seconds(command: str, checkout: Path) -> float:
    """CPU time of one run, of the user and of the system. Raises CalledProcessError."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "archspec", *command.split()], check=True, stdout=subprocess.DEVNULL, cwd=checkout,
                   env={**os.environ, "PYTHONPATH": str(checkout)})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measured(commands: Sequence[str], runs: int, other: Path | None) -> Iterator[Row]:
    """A row a command; the first turn, which writes Python's cache, does not count."""
    for command in commands:
        turns = [[cpu_seconds(command, side) for side in (ROOT, other) if side] for _ in range(runs + 1)][1:]
        here = statistics.median(turn[0] for turn in turns)
        if other is None:
            yield Row(command, here)
        else:
            yield Row(command, here, statistics.median(there for _, there in turns),
                      statistics.median(there / mine for mine, there in turns))


def report(rows: Sequence[Row], console: Console) -> None:
    """The rows as a table."""
    table = grid("archspec", "CPU s", "goal", "there", "there / here")
    for row in rows:
        there = ("", "") if row.there is None else (f"{row.there:.3f}", f"{row.ratio:.2f}")
        table.add_row(row.command, f"{row.here:.3f}", f"{GOALS[row.command]:.2f}{'' if row.met else ' missed'}", *there)
    console.print(table)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("commands", nargs="*", metavar="COMMAND", help=f"of {', '.join(GOALS)}; all if none is given")
    parser.add_argument("--runs", type=int, default=7, help="runs of each side (%(default)s)")
    parser.add_argument("--against", type=Path, metavar="PATH", help="another checkout, measured in turns with this one")
    given = parser.parse_args(arguments)
    if unknown := [command for command in given.commands if command not in GOALS]:
        parser.error(f"no goal is known for '{unknown[0]}'; there are {', '.join(GOALS)}")
    rows = list(measured(given.commands or list(GOALS), given.runs, given.against))
    report(rows, Console(width=120))
    return 0 if all(row.met for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
