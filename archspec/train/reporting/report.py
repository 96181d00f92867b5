"""What is said of a job before it runs."""

from __future__ import annotations

from archspec.graph.ir import Graph
from archspec.spec.data import Encoded
from archspec.spec.recipe import Recipe
from archspec.train.devices.strategy import devices_text
from archspec.train.job import Job
from archspec.train.reporting.machine import numbers
from archspec.train.step.treatment import table


def headline(graph: Graph, job: Job) -> str:
    """The network, the data, the devices in one line; below it what a person should know of the data."""
    weights = sum(weight.size for node in graph.predicting for weight in node.weights if weight.trainable)
    data = job.data
    return (f"{graph.name}: {weights:,} parameters; {data.name}: {job.training.split.size} {data.train.name} and "
            f"{job.testing.split.size} {data.test.name} images, {len(data.classes)} classes; {job.recipe.epochs} epochs of "
            f"{job.training.steps} steps; {', '.join([_devices(job), *_numbers(job)])}; {job.recipe.rate_said}" +
            "".join(f"\n{note}" for note in _notes(job)))


def _devices(job: Job) -> str:
    return devices_text(job.strategy, job.cluster, job.recipe)


def _numbers(job: Job) -> list[str]:
    """In what numbers a step computes, where that is not plain float32, and who compiles it."""
    return [each for each in numbers(job) if each != "float32"]


def learning(job: Job) -> str:
    """How the weights learn, as a table: which decay, by how much and in which form, and what does not learn."""
    until = job.recipe.freeze.until if job.recipe.freeze else 0
    rows = list(table(job.recipe.optimizer, job.model, job.frozen, until))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(f"{name:{widths[0]}}  {arrays:>{widths[1]}}  {numbers:>{widths[2]}}  {rate:>{widths[3]}}  {decay}"
                     for name, arrays, numbers, rate, decay in rows)


def remedy(recipe: Recipe) -> str:
    """What to do where the device waits for data: the cheapest first."""
    found = []
    if isinstance(recipe.data, Encoded) and recipe.data.cache == "none":
        found = ["train.data.cache: ram, or disk, decodes each image once", "archspec data pack can make large images smaller"]
    if len(recipe.augmentation) > 1:
        found.append("leave out what costs most of train.augment")
    return "; ".join([*found, "give it more processor cores"])


def _notes(job: Job) -> list[str]:
    said = [f"left out: {job.data.left_out}"] if job.data.left_out else []
    kept = [each.cache.note for each in (job.training, job.testing) if each.cache]
    return [*said, *([job.checked.said] if job.checked.said else []), *job.training.notes, *kept]
