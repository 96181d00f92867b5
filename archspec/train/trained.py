"""The end of a training: what it has learned, as a value."""

from __future__ import annotations

from archspec.artifact.artifact import Artifact, shapes, versions
from archspec.graph.ir import Graph
from archspec.model.values import values
from archspec.spec.arch import Spec
from archspec.train.job import Job
from archspec.train.progress import Row


def artifact_of(spec: Spec, graph: Graph, job: Job, last: Row) -> Artifact:
    """The network as it is tested now, without auxiliary classifiers; `last` is the row of its last epoch."""
    wanted = shapes(graph)
    weights = {key: array for key, array in values(job.shown).items() if key in wanted}
    tested = {name.removeprefix("test_"): value for name, value in last.items() if name.startswith("test_")}
    data = job.data
    return Artifact(spec.to_yaml(expand=True), graph, weights, data.classes, job.rule,
                    {"data": data.name, "split": data.test.name, "examples": job.testing.split.size, **tested}, versions(),
                    job.index.digest, data.train.labels.ndim > 1)
