"""What a candidate costs, and amounts as people write them: 4.1G, 25M, 8GiB, 1%."""

from __future__ import annotations

import re

from archspec.errors import InputError, shorten
from archspec.graph.ir import Graph
from archspec.records import Record, record
from archspec.views.numbers import mebibytes, short
from archspec.views.summary import totals

AMOUNT = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(e[0-9]+)? ?([kKMGT]?)(i?B)?")
SHARE = re.compile(r"((?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:e-?[0-9]+)?) ?(%?)")
POWERS = {"": 0, "k": 1, "K": 1, "M": 2, "G": 3, "T": 4}
BATCH = 32
"""Images a step, for the memory of training; as `summary` has it."""


@record
class Cost(Record):
    """What a network costs. `params` are the trainable weights, `parameters` all; `macs` for one image; `memory` in bytes.

    `memory` is that of training: weights, gradients, momentum and the activations of a batch. None where a size is open.
    """

    fingerprint: str
    params: int
    parameters: int
    macs: int | None
    memory: int | None
    depth: int


FIGURES = {"macs": "multiply-adds", "params": "parameters", "memory": "bytes of training memory"}
"""What a budget may be of, and how messages call it."""


def cost_of(graph: Graph, batch: int = BATCH) -> Cost:
    """The cost of a graph, for training with `batch` images a step."""
    found = totals(graph, batch)
    return Cost(graph.fingerprint, found.parameters.trainable, found.parameters.total, found.macs, found.memory.training,
                found.depth)


def amount(text: str, what: str, *, of_bytes: bool) -> float:
    """A number with a unit: 4.1G, 25M, 25e6; of bytes also 8GB (10^9), 8GiB (2^30). Raises InputError, which `what` begins."""
    found = AMOUNT.fullmatch(text.strip())
    if found is None or (found[4] and not found[3] and found[4] == "iB"):
        raise InputError(f"{what} is a number with a unit, this is '{shorten(text)}'\n"
                         f"  hint: {'8GB, 8GiB, 8e9' if of_bytes else '4.1G, 25M, 25e6'}")
    if found[4] and not of_bytes:
        raise InputError(f"{what} is no number of bytes, this is '{shorten(text)}'\n"
                         f"  hint: {shorten(text.strip().removesuffix(found[4]))}")
    value = float(found[1] + (found[2] or "")) * float((1024 if found[4] == "iB" else 1000) ** POWERS[found[3]])
    if not 0 < value < 1e18:
        raise InputError(f"{what} is above 0 and below 1e18, this is '{shorten(text)}'")
    return value


def share(text: str, what: str) -> float:
    """A share: 1% or 0.01. Raises InputError that begins with `what`."""
    found = SHARE.fullmatch(text.strip())
    value = -1.0 if found is None else float(found[1]) / (100 if found[2] else 1)
    if not 0 <= value < 1:
        raise InputError(f"{what} is a share, this is '{shorten(text)}'\n  hint: 1%, or 0.01")
    return value


def shown(figure: str, value: float | None) -> str:
    """A figure for people: 4.09 G, of memory in MiB."""
    whole = None if value is None else round(value)
    return mebibytes(whole) if figure == "memory" else short(whole)
