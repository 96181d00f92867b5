"""How several workers begin: all with the same spec, and with the state that the chief has."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from archspec.artifact.artifact import versions
from archspec.graph.ir import Graph
from archspec.schema.keys import to_json
from archspec.spec.arch import Spec
from archspec.train.devices.share import packed, unpacked
from archspec.train.devices.team import Team
from archspec.train.job import Job
from archspec.train.run import INDIFFERENT, RunFolder
from archspec.train.saving.checkpoint import Checkpoints, Snapshot

ALL_KNOW = ("train.communication", "train.checkpoint", "train.stop_early", "train.on_divergence")
MAY_DIFFER = tuple(key for key in INDIFFERENT if key not in ALL_KNOW)
"""Keys that each worker may have its own of: where the data lie. How they talk, when it is saved and ends, all have to know."""


def compare(spec: Spec, graph: Graph, team: Team) -> None:
    """Raises InputError at each worker that is to train something else than the chief, or on other devices."""
    devices = len(team.strategy.extended.worker_devices)
    said = {"network": graph.fingerprint, "devices": devices, **versions(), **dict(_flat(to_json(spec.train), "train"))}
    team.compare("\n".join(f"{name}: {value}" for name, value in said.items()), "spec")


def share(job: Job, team: Team) -> None:
    """Every worker's state becomes the chief's, the weights that it began with too."""
    if not team.cluster.several:
        return
    # as it stands: to bring together what devices count apart would need all of them, and they have nothing yet
    own = packed(replace(job.state, gather=lambda: None).snapshot()) if team.cluster.chief else b""
    found = team.tell(own)
    if not team.cluster.chief:
        job.restore(unpacked(found))


def newest(job: Job, run: RunFolder) -> Snapshot | None:
    """The newest checkpoint that can be used, at every worker; None where there is none. All have to call it."""
    found = Checkpoints(run.checkpoints, job.recipe.checkpoint.keep).newest()[0] if job.cluster.chief else None
    if not job.cluster.several:
        return found
    text = job.team.tell(packed(found) if found else b"")
    return unpacked(text) if text else None


def _flat(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if path in MAY_DIFFER:
        return
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _flat(each, f"{path}.{key}")
    else:
        yield path, json.dumps(value)
