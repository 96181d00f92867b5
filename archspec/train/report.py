"""What is said of a job before it runs."""

from __future__ import annotations

from archspec.graph.ir import Graph
from archspec.train.job import Job
from archspec.train.strategy import describe as describe_devices


def describe(graph: Graph, job: Job) -> str:
    """One line: the network, the data, the devices."""
    weights = sum(weight.size for node in graph.predicting for weight in node.weights if weight.trainable)
    data = job.data
    return (f"{graph.name}: {weights:,} parameters; {data.name}: {data.train.size} {data.train.name} and {data.test.size} "
            f"{data.test.name} images, {len(data.classes)} classes; {job.recipe.epochs} epochs of "
            f"{job.training.steps} steps; {describe_devices(job.strategy)}")
