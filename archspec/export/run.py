"""Ends a run: from the trained variables to everything that the run folder promises."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import Any

import keras

from archspec.export.exporters import EXPORTERS, export
from archspec.export.parity import Parity
from archspec.export.predictor import Predictor
from archspec.graph.ir import Graph
from archspec.io.files import replacing, write_json
from archspec.model.emit import build, deep
from archspec.train.job import Job
from archspec.train.metrics import draw_curves
from archspec.train.progress import Row
from archspec.train.run import RunFolder, SpecLike

PARITY_IMAGES = 64


@dataclass(frozen=True)
class Finished:
    """What result.json says, and how equal the exports are that were made just now."""

    result: dict[str, Any]
    parity: dict[str, Parity]


def missing(run: RunFolder, spec: SpecLike) -> list[str]:
    """What a finished run has and this one has not yet."""
    wanted = {"result.json": run.result, "curves.png": run.curves, "model.keras": run.model,
              **{EXPORTERS[name].place: run.path / EXPORTERS[name].place for name in spec.export.formats}}
    return [name for name, path in wanted.items() if not path.exists()]


def finish(run: RunFolder, spec: SpecLike, graph: Graph, job: Job, history: list[Row]) -> Finished:
    """Writes what is missing. Done in part and interrupted, it may be called again. Raises NotEqual, see export."""
    result = summarize(spec, graph, job, history)
    write_json(run.result, result)
    draw_curves(run.curves, history, graph.name)
    model = _predicting(graph, job.model)
    with replacing(run.model) as partial, deep(len(graph.nodes)):
        model.save(partial)
    predictor = Predictor(model, job.rule)
    images, _ = job.testing.sample(PARITY_IMAGES, spec.train.seed)
    todo = [name for name in spec.export.formats if EXPORTERS[name].place in missing(run, spec)]
    return Finished(result, {name: export(name, predictor, images, run.path, spec.export.tolerance) for name in todo})


def summarize(spec: SpecLike, graph: Graph, job: Job, history: list[Row]) -> dict[str, Any]:
    """result.json: the last epoch's test, not the best one's, for the test images choose nothing."""
    last = history[-1]
    return {"spec": spec.name, "fingerprint": graph.fingerprint, "data": job.data.name, "split": job.data.test.name,
            "examples": job.data.test.size, "loss": last["test_loss"], "top1": last["test_top1"],
            "top5": last["test_top5"], "epochs": len(history), "seconds": round(last["seconds"]),
            "images_per_second": round(statistics.median(row["images_per_second"] for row in history))}


def _predicting(graph: Graph, trained: keras.Model) -> keras.Model:
    """The model without auxiliary classifiers, on one device, with the trained variables."""
    model = build(graph, initialize=False)
    weights = {variable.path: variable for variable in trained.weights}
    for variable in model.weights:
        variable.assign(weights[variable.path].value.numpy())
    return model

