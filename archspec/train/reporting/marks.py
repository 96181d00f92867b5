"""What the `log` section asks for between two steps: a row of a step, and how the weights are spread."""

from __future__ import annotations

import numpy as np

from archspec.train.job import Job
from archspec.train.progress import trained
from archspec.train.reporting.records import Records


class Mark:
    """Writes down every so many steps what the step was: its own loss and accuracy, not the epoch's so far."""

    def __init__(self, job: Job, records: Records) -> None:
        self._job, self._records = job, records
        self._marked = job.state.progress.step

    def due(self) -> bool:
        """After a step whose number the interval divides, once."""
        step, every = self._job.state.progress.step, self._job.recipe.log.steps
        return bool(every) and step % every == 0 and step != self._marked and bool(self._job.state.progress.recent)

    def act(self) -> None:
        """Waits for the device, to read what the step came to. What is not a number is told by who looks for that."""
        progress, steps = self._job.state.progress, self._job.training.steps
        self._marked = progress.step
        sums = np.asarray(progress.recent[-1])
        if np.isfinite(sums).all():
            rate = float(self._job.rate(progress.step - 1))
            self._records.step({"step": progress.step, "epoch": progress.step / steps, **trained(sums), "learning_rate": rate})


class Spread:
    """Tells TensorBoard every so many epochs how the numbers of each weight are spread."""

    def __init__(self, job: Job, records: Records) -> None:
        self._job, self._records = job, records
        self._told = len(job.state.progress.history)

    def due(self) -> bool:
        """At the end of an epoch whose number the interval divides, once its row is there."""
        done, every = len(self._job.state.progress.history), self._job.recipe.log.histograms
        return bool(every) and done % every == 0 and done != self._told

    def act(self) -> None:
        """Reads all weights."""
        self._told = len(self._job.state.progress.history)
        weights = {variable.path: variable.value for variable in self._job.model.trainable_variables}
        self._records.histograms(weights, self._told)
