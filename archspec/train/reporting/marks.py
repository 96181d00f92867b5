"""What the `log` section asks for between two steps: a row of a step, how the weights are spread, what is trained on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import suppress

import numpy as np

from archspec.errors import InputError
from archspec.io.numbers import is_number
from archspec.train.job import Job
from archspec.train.progress import trained
from archspec.train.reporting.picture.draw import draw_from
from archspec.train.reporting.records import Records


class Mark:
    """Writes down every so many steps what the step was: its own loss and accuracy, not the epoch's so far."""

    def __init__(self, job: Job, records: Records) -> None:
        self._job, self._records = job, records

    def due(self) -> bool:
        """After a step whose number the interval divides; not where the training goes on from one, for that was told before."""
        step, every = self._job.state.progress.step, self._job.recipe.log.steps
        return bool(every) and step % every == 0 and bool(self._job.state.progress.recent)

    def act(self) -> None:
        """Waits for the device, to read what the step came to. What is not a number is told by who looks for that."""
        progress, steps = self._job.state.progress, self._job.training.steps
        means = trained(np.asarray(progress.recent[-1]))
        if all(map(is_number, means.values())):
            rate = float(self._job.rate(progress.step - 1))
            self._records.step({"step": progress.step, "epoch": progress.step / steps, **means, "learning_rate": rate,
                                **progress.norms})


class EachEpochs(ABC):
    """Something that TensorBoard is told every so many epochs, once their rows are there."""

    def __init__(self, job: Job, records: Records, every: int) -> None:
        self._job, self._records, self._every = job, records, every
        self._told = len(job.state.progress.history)

    def due(self) -> bool:
        """At the end of an epoch whose number the interval divides."""
        done = len(self._job.state.progress.history)
        return self._every > 0 and done % self._every == 0 and done != self._told

    def act(self) -> None:
        """Tells it."""
        self._told = len(self._job.state.progress.history)
        self.tell(self._told)

    @abstractmethod
    def tell(self, epoch: int) -> None:
        """Of an epoch that is over."""


class Spread(EachEpochs):
    """How the numbers of each weight are spread."""

    def tell(self, epoch: int) -> None:
        """Reads all weights."""
        weights = {variable.path: variable.value for variable in self._job.model.trainable_variables}
        self._records.histograms(weights, epoch)


class Shown(EachEpochs):
    """The first images of an epoch, as the network was trained on them."""

    def tell(self, epoch: int) -> None:
        """Reads them again. One that cannot be read is for the training to tell of."""
        job = self._job
        if job.cluster.chief:
            with suppress(InputError):
                image = draw_from(job.model.name, job, (epoch - 1) * job.training.steps)
                self._records.image("augmented", np.asarray(image), epoch)
