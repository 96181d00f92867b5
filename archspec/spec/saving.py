"""The parts of the `train` section on what is kept, when a training ends early, and what it does where it diverges."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType

from archspec.schema.keys import Clash, Section, key, section, tag
from archspec.schema.kinds import Number, Whole
from archspec.spec.measured import CHANGE, DIRECTION, MEASURED, METRIC, MONITOR
from archspec.spec.schedules import MOST_EPOCHS


@section
class Checkpoint(Section):
    """When the state is saved, and which states are kept. What is not saved is lost by a kill."""

    instead = MappingProxyType({**DIRECTION, **dict.fromkeys(("every", "interval", "period", "savefreq", "savesteps"),
                                                            "epochs: 1, or steps: 1000 within an epoch")})
    epochs: int = key(Whole(1, MOST_EPOCHS), "at the end of every so many epochs, and of the last", default=1, unit="epochs")
    steps: int = key(Whole(0, 10**9), "and within an epoch after every so many steps; 0: never", default=0, unit="steps")
    keep: int = key(Whole(2, 1000), "how many are kept; two at least, so that one can be read if the other is damaged",
                    default=2, synonyms=("max_to_keep", "checkpoint_hist", "save_total_limit", "keep_last"))
    best: int = key(Whole(0, 1000), "how many of the best epochs are kept beside them", default=0, unit="epochs",
                    synonyms=("save_top_k", "keep_best", "save_best", "save_best_only"))
    metric: str = key(METRIC, "what an epoch is the best by", default=MEASURED[0],
                      synonyms=(*MONITOR, "best_metric"))

    def clashes(self) -> Iterator[Clash]:
        """A measure of the best where none is kept."""
        if self.metric != MEASURED[0] and not self.best:
            yield Clash(("metric", "best"), "metric is what the best epochs are kept by, and best is 0: none is kept",
                        "best: 1, or leave metric out")


@section
class StopEarly(Section):
    """The end of a training that no longer gets better."""

    main = "patience"
    instead = DIRECTION
    metric: str = key(METRIC, "what has to get better", default=MEASURED[0], synonyms=MONITOR)
    patience: int = key(Whole(1, MOST_EPOCHS), "after how many epochs without that it ends", unit="epochs", default=10)
    least: float = key(Number(least=0, most=1e6), "the least change that counts", default=0.0,
                       synonyms=CHANGE)


@section
class Stop(Section):
    """A training that diverges ends, with exit code 1."""

    synonyms = ("raise", "error", "terminate", "abort", "fail")
    kind: str = tag("the run ends, and its last good state is kept", default="stop")


@section
class Rollback(Section):
    """A training that diverges goes back to its last checkpoint, and leaves out the batches from there to where it showed."""

    synonyms = ("skip", "continue", "recover", "restore", "retry")
    kind: str = tag("the last checkpoint is gone back to, and the batches from there to where it showed are left out",
                    default="rollback")
    most: int = key(Whole(1, 1000), "how often in a training; it ends at the next time", default=3, unit="times",
                    synonyms=("max_rollbacks", "retries", "times"))
    skip: int = key(Whole(0, 10**6), "how many steps more are left out", default=0, unit="steps",
                    synonyms=("skip_batches", "skip_steps"))


OnDivergence = Stop | Rollback


def unkept(checkpoint: Checkpoint, early: StopEarly | None, divergence: OnDivergence, epochs: int) -> Iterator[Clash]:
    """What of these can never act; the paths are those of the `train` section."""
    if early is not None and early.patience >= epochs:
        yield Clash(("stop_early.patience", "epochs"), f"stop_early.patience of {early.patience} epochs ends no training of "
                    f"{epochs}", "a smaller patience, or more epochs")
    if isinstance(divergence, Rollback) and checkpoint.epochs > 1:
        yield Clash(("on_divergence", "checkpoint.epochs"), "rollback leaves out batches of the epoch in progress, so that it "
                    f"needs a checkpoint at each epoch's end, not at every {checkpoint.epochs}", "checkpoint.epochs: 1")
