"""What the user sees while a network trains, on standard error: a moving bar on a terminal, else lines now and then."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterable
from types import TracebackType
from typing import NamedTuple, Self

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
from rich.text import Text

from archspec.train.progress import Row
from archspec.train.reporting.speed import Extent, Speed, duration

LINE_SECONDS = 10.0
"""Without a terminal: the least time between two lines within an epoch."""
WORTH_SAYING = 0.1
"""Below this share of its time it is not said that a device waits for data."""
BOTTLENECK, LONG = 0.25, 5.0
"""From this share on, and so many seconds an epoch, it is said once what can be done about it."""


class Now(NamedTuple):
    """How things stand within an epoch: loss and accuracy of what is done of it, the learning rate of the last step.

    `waits` is the share of the epoch's time in which the device had no data, `memory` the bytes that the fullest GPU has taken
    at the most; 0: not known.
    """

    loss: float
    accuracy: float
    rate: float
    waits: float
    memory: int


class Moment(NamedTuple):
    """What is shown of a moment: which part of the training it is, numbers, and the time that is left."""

    where: str
    numbers: str
    left: str


class Log(ABC):
    """Takes what happens in training and shows it. Used as a context."""

    def __init__(self, console: Console, extent: Extent, remedy: str) -> None:
        self.console = console
        self.extent = extent
        self.speed = Speed(extent)
        self._remedy = remedy
        """What to do where the device waits for data; '' once it is said."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        return None

    def say(self, text: str) -> None:
        """A line of its own."""
        self.console.print(text, highlight=False, markup=False, soft_wrap=True)

    def step(self, step: int, now: Now) -> None:
        """So many steps are done."""
        self.speed.mark(step)
        epoch = (step - 1) // self.extent.steps + 1
        waits = f"{now.waits:.0%} waiting for data" if now.waits >= WORTH_SAYING else ""
        memory = f"GPU {now.memory / 2**30:.1f} GiB" if now.memory else ""
        images = "" if self.speed.images is None else f"{self.speed.images:.0f} images/s"
        numbers = f"loss {now.loss:.4f}", f"accuracy {now.accuracy:6.2%}", f"rate {now.rate:.2g}", images, waits, memory
        left = self._left("epoch", self.speed.epoch_left)
        self.show(Moment(f"epoch {epoch}/{self.extent.epochs}", _joined(*numbers), left), step)

    def evaluating(self, step: int, batch: int, batches: int) -> None:
        """So many batches of an evaluation after a step are done; 0 as it begins."""
        self.speed.evaluating(batch, batches)
        where = f"epoch {step // self.extent.steps}/{self.extent.epochs}  evaluating"
        left = self._left("evaluation", self.speed.evaluation_left)
        self.show(Moment(where, f"{batch} of {batches} batches", left), step, (batch, batches))

    def epoch(self, row: Row) -> None:
        """An epoch is over."""
        self.speed.resume()
        self.say(f"epoch {row['epoch']:.0f}/{self.extent.epochs}  loss {row['loss']:.4f}  accuracy {row['accuracy']:6.2%}  "
                 f"test loss {row['test_loss']:.4f}  test accuracy {row['test_top1']:6.2%}  "
                 f"{_f1(row)}learning rate {row['learning_rate']:.2g}  {_read(row)}")
        if _slow(row) and self._remedy:
            self.say(f"images come too slowly: {row['data_wait']:.0%} of the time the device waited for them\n"
                     f"  hint: {self._remedy}")
            self._remedy = ""

    @abstractmethod
    def show(self, moment: Moment, step: int, part: tuple[int, int] | None = None) -> None:
        """Shows how things stand after so many steps; `part` is how much is done, of how much, of an evaluation."""

    def _left(self, part: str, seconds: float | None) -> str:
        """The time that is left of the part that goes on, and of the whole, as far as they are known."""
        if seconds is None:
            return ""
        whole = self.speed.left
        return f"{duration(seconds)} left of the {part}" + ("" if whole is None else f", {duration(whole)} of all")


class Lines(Log):
    """For a file or a pipe: few lines, no control characters."""

    _last = 0.0

    def show(self, moment: Moment, step: int, part: tuple[int, int] | None = None) -> None:
        """A line, if the last one is some time ago."""
        now = time.monotonic()
        self._last = self._last or now
        if now - self._last >= LINE_SECONDS:
            self._last = now
            self.say(_joined(*moment))

    def epoch(self, row: Row) -> None:
        """A line each epoch, too."""
        super().epoch(row)
        self._last = time.monotonic()


class Bar(Log):
    """For a terminal: a bar over the whole training and the numbers of the moment, below the lines of the finished epochs."""

    def __init__(self, console: Console, extent: Extent, remedy: str) -> None:
        super().__init__(console, extent, remedy)
        self._progress = _Bars(BarColumn(bar_width=None), _Percent(), TextColumn("{task.description}"),
                               console=console, transient=True, expand=True)
        self._task = self._progress.add_task("the first step compiles the network", total=extent.total)
        self._evaluation = self._progress.add_task("", visible=False)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._progress.stop()

    def show(self, moment: Moment, step: int, part: tuple[int, int] | None = None) -> None:
        """Moves the bar; while an evaluation goes on there is one of its own below it."""
        self._progress.numbers, beside = moment.numbers, _joined(moment.where, moment.left)
        if part is None:
            self._progress.update(self._task, completed=step, description=beside)
        else:
            done, total = part
            self._progress.update(self._task, completed=step, description="")
            self._progress.update(self._evaluation, completed=done, total=total, description=beside, visible=True)

    def epoch(self, row: Row) -> None:
        """The evaluation's bar goes."""
        super().epoch(row)
        self._progress.update(self._evaluation, visible=False)


class _Bars(Progress):
    """Bars, and a line of numbers below them, of which a narrow terminal makes two."""

    numbers = ""

    def get_renderables(self) -> Iterable[RenderableType]:
        """What is drawn, again and again."""
        yield self.make_tasks_table(self.tasks)
        if self.numbers:
            yield Text(self.numbers)


class _Percent(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.percentage:3.0f} %")


def _joined(*parts: str) -> str:
    return "  ".join(filter(None, parts))


def _f1(row: Row) -> str:
    """Of images with several labels."""
    return f"test F1 {row['test_f1']:6.2%}  " if "test_f1" in row else ""


def _read(row: Row) -> str:
    """How an epoch's images came."""
    return (f"{row['images']:.0f} images" + f", {row['skipped']:.0f} skipped" * (row["skipped"] > 0)
            + f", {row['images_per_second']:.0f} images/s"
            + f", {row['data_wait']:.0%} of the time waiting for data" * (row["data_wait"] >= WORTH_SAYING))


def _slow(row: Row) -> bool:
    """Whether images are what a training waits for, and it matters."""
    seconds = row["data_wait"] * row["images"] / max(row["images_per_second"], 1e-9)
    return row["data_wait"] >= BOTTLENECK and seconds >= LONG


def make_log(console: Console, extent: Extent, remedy: str) -> Log:
    """A bar where something can move, else lines. `remedy` is what to do where the device waits for data."""
    kind = Bar if console.is_terminal and not console.is_dumb_terminal else Lines
    return kind(console, extent, remedy)
