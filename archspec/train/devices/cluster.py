"""Which of how many processes this one is. The only reader of a cluster's description: three forms, one at a time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from archspec.errors import InputError, shorten
from archspec.train.devices import slurm

TRAINING = ("chief", "worker")
"""The jobs of TF_CONFIG whose tasks train, in the order of their ranks; others serve them."""
LOST = 4
"""The exit code of a worker that ends because another one has ended."""


@dataclass(frozen=True)
class Cluster:
    """The workers of one training: the rank of this one, counted from 0, and where each listens, `host:port` by rank."""

    rank: int = 0
    workers: tuple[str, ...] = ("",)
    """One without an address is alone."""
    launcher: int | None = None
    """The process that has started this one, if they are to stop when that is gone."""

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self.workers)

    @property
    def several(self) -> bool:
        """Whether there are others."""
        return self.size > 1

    @property
    def chief(self) -> bool:
        """Whether this process writes: one does, for all."""
        return self.rank == 0

    def called(self, rank: int) -> str:
        """`worker 1 (10.0.0.2:2222)`: what messages call one."""
        return f"worker {rank} ({self.workers[rank]})"


ALONE = Cluster()


def read(environment: Mapping[str, str], workers: str = "", rank: int | None = None) -> Cluster:
    """The cluster that --workers and --rank, TF_CONFIG or Slurm's variables describe; one process without any.

    Raises InputError for two descriptions at once, for one that cannot be read, and for a task that does not train.
    """
    found = {"--workers": _by_hand(workers, rank), "TF_CONFIG": _of_tensorflow(environment.get("TF_CONFIG", "")),
             "SLURM_STEP_NODELIST": slurm.read(environment)}
    several = {by: cluster for by, cluster in found.items() if cluster is not None}
    if len(several) > 1:
        raise InputError(f"{' and '.join(several)} describe workers, each for itself\n"
                         f"  hint: keep one of them; {_ways_out(list(several)[-1])}")
    return next((Cluster(*each) for each in several.values()), ALONE)


def refuse(cluster: Cluster, strategy: str) -> None:
    """Raises InputError unless a recipe's `strategy` is one for so many workers: else each would train for itself."""
    if cluster.several and strategy not in ("auto", "multi_worker"):
        raise InputError(f"train.strategy: {strategy} is for one process, and there are {cluster.size} workers\n"
                         "  hint: --strategy auto")
    if not cluster.several and strategy == "multi_worker":
        raise InputError("train.strategy: multi_worker is for several workers, and nothing says where they are\n"
                         "  hint: archspec launch SPEC --workers 2 starts them on this machine; else --workers HOST:PORT,… "
                         "--rank N, TF_CONFIG, or srun")


def _ways_out(by: str) -> str:
    return "unset TF_CONFIG" if by == "TF_CONFIG" else "srun --ntasks=1 starts one process"


def _by_hand(workers: str, rank: int | None) -> tuple[int, tuple[str, ...]] | None:
    if not workers and rank is None:
        return None
    listed = tuple(each.strip() for each in workers.split(","))
    if not workers or rank is None:
        raise InputError("--workers and --rank go together\n  hint: --workers a:2222,b:2222 --rank 0 on a, --rank 1 on b")
    if not 0 <= rank < len(listed):
        raise InputError(f"--rank {rank}: there are {len(listed)} workers, and ranks count from 0")
    return rank, _addresses(listed, "--workers") if len(listed) > 1 else ("",)


def _of_tensorflow(text: str) -> tuple[int, tuple[str, ...]] | None:
    """None where TF_CONFIG is not set, or describes one process that trains."""
    try:
        described: Any = json.loads(text or "{}")
        jobs = described.get("cluster", {})
        listed = [(job, index, place) for job in TRAINING for index, place in enumerate(jobs.get(job, ()))]
        task = described.get("task", {})
        mine = str(task.get("type", "")), int(task.get("index", 0))
    except (ValueError, AttributeError, TypeError, RecursionError) as error:
        raise InputError(f"TF_CONFIG cannot be read ({error}): {text[:120]}\n  hint: unset it") from None
    if len(listed) < 2:
        return None
    ranks = [(job, index) for job, index, _ in listed]
    if mine not in ranks:
        raise InputError(f"TF_CONFIG: this process is '{shorten(mine[0])}' {mine[1]}, which is none of the {len(ranks)} that "
                         "train: those of chief and worker\n  hint: mend its task, or start archspec in those alone")
    return ranks.index(mine), _addresses(tuple(str(place) for _, _, place in listed), "TF_CONFIG")


def _addresses(listed: tuple[str, ...], by: str) -> tuple[str, ...]:
    """As they are. Raises InputError for one that is no host and port, one that is there twice, or too many."""
    if len(listed) > slurm.MOST:
        raise InputError(f"{by} names {len(listed)} workers; {slurm.MOST} are the most")
    for each in listed:
        host, _, port = each.rpartition(":")
        if not host or not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 1 << 16):
            raise InputError(f"{by}: '{shorten(each)}' is no host with a port\n  hint: HOST:PORT, such as 10.0.0.2:2222")
    if twice := [each for each in listed if listed.count(each) > 1]:
        raise InputError(f"{by} names {shorten(twice[0])} twice: each worker listens at a port of its own")
    return listed
