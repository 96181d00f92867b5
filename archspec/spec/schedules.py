"""The `train.schedule` section of a spec: the learning rate over the epochs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from archspec.schema.keys import Clash, Section, key, section, tag
from archspec.schema.kinds import Each, Number

MOST_EPOCHS = 100_000
EPOCHS = Number(least=0, most=1e6)


@section
class _Schedule(Section):
    learning_rate: float = key(Number(above=0), "the highest learning rate", default=0.1,
                               synonyms=("lr", "base_lr", "initial_learning_rate", "max_lr"))
    warmup: float = key(EPOCHS, "epochs in which the learning rate rises in a line from 0", default=0.0, unit="epochs",
                        synonyms=("warmup_epochs", "warm_up"))


@section
class Step(_Schedule):
    """The learning rate is multiplied by `factor` at each of `milestones` (epochs)."""

    kind: str = tag("falls at milestones", default="step")
    milestones: tuple[float, ...] = key(Each(Number(above=0, most=MOST_EPOCHS)),
                                        "the epochs at which the learning rate falls; they must rise", unit="epochs",
                                        synonyms=("steps", "boundaries", "step_size"))
    factor: float = key(Number(above=0, most=1), "what the learning rate is multiplied by there", default=0.1,
                        synonyms=("gamma", "decay_rate"))

    def clashes(self) -> Iterator[Clash]:
        """Milestones that do not rise, or come before the warm-up ends."""
        if any(late <= early for early, late in pairwise(self.milestones)):
            yield Clash(("milestones",), "milestones must rise: each a later epoch than the one before",
                        f"write milestones: [{', '.join(f'{epoch:g}' for epoch in sorted(set(self.milestones)))}]")
        if self.milestones[0] < self.warmup:
            yield Clash(("milestones", "warmup"), f"the first milestone, epoch {self.milestones[0]:g}, lies within the warm-up "
                        f"of {self.warmup:g}", "a later milestone, or a shorter warmup")


@section
class Cosine(_Schedule):
    """After the warm-up the learning rate falls to 0 along half a cosine."""

    kind: str = tag("falls to 0 along half a cosine", default="cosine")


@section
class Constant(_Schedule):
    """The same learning rate throughout, after the warm-up."""

    kind: str = tag("stays the same", default="constant")


Schedule = Step | Cosine | Constant


def too_long(schedule: Schedule, epochs: int) -> Iterator[Clash]:
    """What of a schedule lies behind the last epoch; the paths are those of the `train` section."""
    if schedule.warmup >= epochs:
        yield Clash(("schedule.warmup", "epochs"), f"schedule.warmup reaches epoch {schedule.warmup:g}, but training "
                    f"has {epochs}", "a shorter warmup, or more epochs")
    last = schedule.milestones[-1] if isinstance(schedule, Step) else 0
    if isinstance(schedule, Step) and last >= epochs:
        yield Clash(("schedule.milestones", "epochs"), f"schedule.milestones reaches epoch {last:g}, but training has "
                    f"{epochs}", _ways_out(schedule.milestones, epochs))


def _ways_out(milestones: tuple[float, ...], epochs: int) -> str:
    """Hint for milestones behind the end: the schedule without any, the milestones in proportion, or more epochs."""
    last = milestones[-1]
    scaled = [float(f"{each * epochs / (last * 1.125):.2g}") for each in milestones]
    shown = f", schedule.milestones: [{', '.join(f'{each:g}' for each in scaled)}]" if sorted(set(scaled)) == scaled else ""
    return f"schedule: cosine{shown}, or more than {last:g} epochs"
