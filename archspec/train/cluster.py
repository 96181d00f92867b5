"""Which of how many processes this one is. The only reader of the cluster's description."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from archspec.errors import InputError


@dataclass(frozen=True)
class Cluster:
    """The processes of one training: the rank of this one, counted from 0, and how many there are."""

    rank: int = 0
    size: int = 1

    @property
    def chief(self) -> bool:
        """Whether this process writes: one does, for all."""
        return self.rank == 0


def read(environment: Mapping[str, str]) -> Cluster:
    """The cluster that TF_CONFIG describes; one process without it.

    Raises InputError for a cluster of several: each would train alone, and all would write to one folder.
    """
    size = _workers(environment.get("TF_CONFIG", ""))
    if size > 1:
        raise InputError(f"TF_CONFIG describes {size} workers, but a training is one process, on all devices of its machine\n"
                         "  hint: unset TF_CONFIG")
    return Cluster()


def _workers(text: str) -> int:
    """How many processes train; `chief` and `worker` do, others serve them."""
    try:
        described: Any = json.loads(text or "{}").get("cluster", {})
        return sum(len(described.get(job, ())) for job in ("chief", "worker")) or 1
    except (ValueError, AttributeError, TypeError, RecursionError) as error:
        raise InputError(f"TF_CONFIG cannot be read ({error}): {text[:120]}\n  hint: unset it") from None
