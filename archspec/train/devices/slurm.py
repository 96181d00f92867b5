"""What Slurm tells a task of the others of its step, by variables that srun sets (its manual, OUTPUT ENVIRONMENT VARIABLES).

TensorFlow's own reader sorts host names as texts, so that node10 comes before node8 and ranks stand on the wrong hosts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice

from archspec.errors import InputError, shorten

MOST = 4096
"""Tasks of a step."""
PORTS = range(15_000, 31_000)
"""Below those that Linux gives to outgoing connections. Which is told by the job's number: jobs on one host do not meet."""
APART = 16
"""Ports for each job, one for each of its tasks on a host."""
_RANGE = re.compile(r"(\d+)(?:-(\d+))?")
_TASKS = re.compile(r"(\d+)(?:\(x(\d+)\))?")


def read(environment: Mapping[str, str]) -> tuple[int, tuple[str, ...]] | None:
    """The rank of this task, and `host:port` of all by rank; None outside of a step, and of a step with one task.

    Raises InputError where the variables cannot be read, or tasks are not laid out one host after the other.
    """
    try:
        size = int(environment.get("SLURM_STEP_NUM_TASKS", "1"))
        if size < 2:
            return None
        rank, node = int(environment["SLURM_PROCID"]), int(environment.get("SLURM_NODEID", "-1"))
        names, counts = hosts(environment["SLURM_STEP_NODELIST"]), tasks(environment["SLURM_STEP_TASKS_PER_NODE"])
        first = PORTS[int(environment.get("SLURM_JOB_ID", "0")) * APART % len(PORTS)]
    except (KeyError, ValueError) as error:
        raise InputError(f"the variables of Slurm cannot be read ({error})\n"
                         "  hint: start it with srun; or name the workers with --workers and --rank") from None
    places = [(index, f"{name}:{first + task}") for index, (name, count) in enumerate(zip(names, counts, strict=False))
              for task in range(count)]
    if len(names) != len(counts) or len(places) != size or not 0 <= rank < size or node not in (-1, places[rank][0]):
        raise InputError(f"Slurm has laid {size} tasks out over {shorten(environment['SLURM_STEP_NODELIST'])} in another order "
                         "than one host after the other\n  hint: srun --distribution=block")
    return rank, tuple(place for _, place in places)


def hosts(text: str) -> list[str]:
    """The names of a list such as `node[8-11,20],login`, in its order. Raises ValueError."""
    found = list(islice((name for each in _split(text) for name in _expanded(each)), MOST + 1))
    if not found or len(found) > MOST or not all(found):
        raise ValueError(f"a list of hosts: {shorten(text)}")
    return found


def tasks(text: str) -> list[int]:
    """How many tasks run on each host, from `2(x3),1`. Raises ValueError."""
    found: list[int] = []
    for each in text.split(","):
        matched = _TASKS.fullmatch(each)
        if not matched or int(matched[2] or 1) > MOST:
            raise ValueError(f"tasks a host: {shorten(text)}")
        found += [int(matched[1])] * int(matched[2] or 1)
        if len(found) > MOST or sum(found) > MOST:
            raise ValueError(f"tasks a host: {shorten(text)}")
    return found


def _split(text: str) -> Iterator[str]:
    """At the commas that stand outside of brackets."""
    yield from re.split(r",(?![^\[]*\])", text)


def _expanded(text: str) -> Iterator[str]:
    """One name with ranges in brackets, which may be several; numbers keep their zeros."""
    before, opened, rest = text.partition("[")
    if not opened:
        yield text
        return
    inside, closed, after = rest.partition("]")
    if not closed:
        raise ValueError(f"a bracket without its end: {shorten(text)}")
    tails = list(islice(_expanded(after), MOST + 1))
    for each in inside.split(","):
        matched = _RANGE.fullmatch(each)
        if not matched or int(matched[2] or 0) - int(matched[1]) >= MOST:
            raise ValueError(f"a range of numbers: {shorten(each)}")
        for number in range(int(matched[1]), int(matched[2] or matched[1]) + 1):
            yield from (f"{before}{number:0{len(matched[1])}}{tail}" for tail in tails)
