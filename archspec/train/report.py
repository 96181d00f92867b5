"""What is said of a job before it runs."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from archspec.errors import InputError
from archspec.graph.ir import Graph
from archspec.train.job import Job
from archspec.train.progress import trained
from archspec.train.strategy import describe as describe_devices


def describe(graph: Graph, job: Job) -> str:
    """One line: the network, the data, the devices."""
    weights = sum(weight.size for node in graph.predicting for weight in node.weights if weight.trainable)
    data = job.data
    return (f"{graph.name}: {weights:,} parameters; {data.name}: {data.train.size} {data.train.name} and {data.test.size} "
            f"{data.test.name} images, {len(data.classes)} classes; {job.recipe.epochs} epochs of "
            f"{job.training.steps} steps; {describe_devices(job.strategy)}")


def first_steps(job: Job) -> str:
    """Does one step of training and one evaluation in memory and says what came out. Raises InputError for bad data."""
    job.initialize()
    try:
        loss = trained(job.train_step(next(job.batches(0))).numpy())["loss"]
    except (tf.errors.InvalidArgumentError, tf.errors.NotFoundError) as error:
        raise job.data.train.explain(error) from error
    if not np.isfinite(loss):
        raise InputError(f"the loss of the first step is {loss}")
    job.evaluate()
    return f"the first step works (loss {loss:.4f}) and so does evaluation; nothing was written"
