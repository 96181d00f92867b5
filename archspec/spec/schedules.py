"""The `train.schedule` section of a spec: the learning rate over the epochs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from types import MappingProxyType

from archspec.schema.keys import Clash, OneOf, Section, key, section, tag
from archspec.schema.kinds import Choice, Each, Flag, Number, Whole
from archspec.schema.quantities import Rate, RateKind, Span, SpanKind
from archspec.spec.measured import CHANGE, DIRECTION, MEASURED, METRIC, MONITOR

MOST_EPOCHS = 100_000
SHARE = Number(least=0, most=1)
WARMUP = SpanKind(Number(least=0, most=MOST_EPOCHS))
MILESTONE = SpanKind(Number(above=0, most=MOST_EPOCHS), Number(above=0, below=100))
FINAL = MappingProxyType(dict.fromkeys(
    ("etamin", "minlr", "endlr", "endlearningrate"), "final is a share of the highest rate: of 0.004, 1e-6 is final: 2.5e-4"))
"""What to write for the last rate, which others give as a rate."""
INTERVAL = SpanKind(Number(above=0, most=MOST_EPOCHS), Number(above=0, most=100))


@section
class _Schedule(Section):
    """What all kinds have in common: the highest rate, and the way up to it."""

    learning_rate: Rate = key(RateKind(), "the highest learning rate; `0.1 per 256`: at a batch of 256, and at others as "
                              "`scaling` says", default=Rate(0.1),
                              synonyms=("lr", "base_lr", "initial_learning_rate", "max_lr", "peak_lr"))
    scaling: str | None = key(Choice(("linear", "sqrt"), {"none": "a rate without 'per' is never scaled"}),
                              "how a rate per batch follows the batch: in proportion to it, or to its square root",
                              default=None, follows="linear", synonyms=("lr_scaling", "lr_base_scale"))
    warmup: Span = key(WARMUP, "how long the learning rate rises in a line to the highest", default=Span(0.0),
                       unit="epochs", synonyms=("warmup_epochs", "warm_up", "rampup"))
    warmup_from: float = key(SHARE, "the share of the highest rate that the rise comes from", default=0.0, unit="share",
                             synonyms=("warmup_start", "start_factor", "warmup_decay", "lr_warmup_decay"))
    written_for: int | None = key(Whole(1, MOST_EPOCHS), "the epochs of the training that the points in epochs are written "
                                  "for; another `epochs` is an error then, unless they are stretched", default=None,
                                  unit="epochs", follows="the points stay where they are")
    stretch: bool = key(Flag(), "put all points in epochs, the warm-up too, in proportion to `epochs`", default=False)

    def peak(self, batch: int) -> float:
        """The highest rate of a training with this batch."""
        return self.learning_rate.at(batch, self.scaling or "linear")

    def epoch(self, span: Span, epochs: int) -> float:
        """Where a span that begins with the training ends, in epochs, in a training of so many epochs."""
        if span.percents:
            return span.amount * epochs / 100
        return span.amount * epochs / self.written_for if self.stretch and self.written_for else span.amount

    def stretched(self, epochs: int) -> str:
        """Where points in epochs come to lie in a training of so many: `milestones 7.5 12.5, warmup 1`; '' where they stay."""
        if not self.stretch or self.written_for in (None, epochs):
            return ""
        found = []
        for name in self.declared:
            value = getattr(self, name)
            spans = [each for each in (value if isinstance(value, tuple) else (value,)) if isinstance(each, Span)]
            if points := [f"{self.epoch(each, epochs):.4g}" for each in spans if each.amount and not each.percents]:
                found.append(f"{name} {' '.join(points)}")
        return ", ".join(found)

    def clashes(self) -> Iterator[Clash]:
        """Keys that are about what is not there."""
        if self.scaling and self.learning_rate.per is None:
            yield Clash(("scaling", "learning_rate"), f"scaling is of a rate per batch, and {self.learning_rate} holds at any "
                        "batch", f"learning_rate: {self.learning_rate} per 256, or leave scaling out")
        if self.stretch and self.written_for is None:
            yield Clash(("stretch",), "to stretch it the number of epochs is needed that its points are written for",
                        "written_for: 90")
        if self.warmup_from != self.declared["warmup_from"].default and not self.warmup.amount:
            yield Clash(("warmup_from", "warmup"), "warmup_from is where a warm-up starts, and there is none",
                        "warmup: 5, or leave warmup_from out")


@section
class Step(_Schedule):
    """The learning rate is multiplied by `factor` at each of `milestones`."""

    synonyms = ("MultiStepLR", "PiecewiseConstantDecay", "StepLR", "steps", "multistep", "piecewise")
    kind: str = tag("falls at milestones", default="step")
    milestones: tuple[Span, ...] = key(Each(MILESTONE), "where the learning rate falls; they must rise", unit="epochs",
                                       synonyms=("steps", "boundaries", "step_size"))
    factor: float = key(Number(above=0, most=1), "what the learning rate is multiplied by there", default=0.1,
                        synonyms=("gamma", "decay_rate"))

    def clashes(self) -> Iterator[Clash]:
        """Milestones that do not rise, are not of one unit, or come before the warm-up ends."""
        yield from super().clashes()
        if len({each.percents for each in self.milestones}) > 1:
            yield Clash(("milestones",), "milestones are epochs or percents, not both", "write all of them in one unit")
        elif any(late.amount <= early.amount for early, late in pairwise(self.milestones)):
            rising = sorted(set(self.milestones), key=lambda each: each.amount)
            yield Clash(("milestones",), "milestones must rise: each a later epoch than the one before",
                        f"write milestones: [{', '.join(map(str, rising))}]")
        first = self.milestones[0]
        if first.percents == self.warmup.percents and first.amount < self.warmup.amount:  # or the epochs have to be known
            unit = "" if first.percents else "epoch "
            yield Clash(("milestones", "warmup"), f"the first milestone, {unit}{first}, lies within the warm-up of "
                        f"{self.warmup}", "a later milestone, or a shorter warmup")


@section
class Exponential(_Schedule):
    """The learning rate is multiplied by `factor` every so often, counted from the start of the training."""

    synonyms = ("ExponentialDecay", "ExponentialLR", "exp")
    kind: str = tag("falls by a factor every so often", default="exponential")
    factor: float = key(Number(above=0, most=1), "what the learning rate is multiplied by", synonyms=("gamma", "decay_rate"))
    every: Span = key(INTERVAL, "how often", default=Span(1.0), unit="epochs",
                      synonyms=("decay_epochs", "decay_steps", "step_size", "num_epochs_per_decay"))
    staircase: bool = key(Flag(), "all at once after each interval; else little by little within it", default=True)


@section
class Cosine(_Schedule):
    """After the warm-up the learning rate falls along half a cosine, to the end of the training."""

    instead = FINAL
    synonyms = ("CosineDecay", "CosineAnnealingLR", "cosine_annealing", "half_cosine")
    kind: str = tag("falls along half a cosine", default="cosine")
    final: float = key(SHARE, "the share of the highest rate that it comes to at the end", default=0.0, unit="share",
                       synonyms=("alpha",))


@section
class Polynomial(_Schedule):
    """After the warm-up the learning rate falls as a power of what is left of the training."""

    instead = FINAL
    synonyms = ("PolynomialDecay", "PolynomialLR", "poly")
    kind: str = tag("falls as a power of what is left", default="polynomial")
    power: float = key(Number(above=0, most=100), "that power", default=2.0)
    final: float = key(SHARE, "the share of the highest rate that it comes to at the end", default=0.0, unit="share")


@section
class Linear(_Schedule):
    """After the warm-up the learning rate falls in a line, to the end of the training."""

    instead = FINAL
    synonyms = ("LinearLR", "linear_decay", "triangular")
    kind: str = tag("falls in a line", default="linear")
    final: float = key(SHARE, "the share of the highest rate that it comes to at the end", default=0.0, unit="share",
                       synonyms=("end_factor",))


@section
class OneCycle(_Schedule):
    """Up, and down below where it came from (Smith & Topin 2017, 1708.07120); the usual shares are PyTorch's OneCycleLR's.

    The warm-up is the way up. Momentum stays as it is.
    """

    instead = MappingProxyType({**FINAL, "divfactor": "warmup_from is one by that: of 25, warmup_from: 0.04", "finaldivfactor":
                                "final is one by that and div_factor: of 1e4 and 25, final: 4e-6"})
    synonyms = ("OneCycleLR", "onecycle", "1cycle", "super_convergence")
    kind: str = tag("rises and falls once", default="one_cycle")
    warmup: Span = key(WARMUP, "how long the learning rate rises", default=Span(30.0, percents=True), unit="epochs",
                       synonyms=("warmup_epochs", "warm_up", "pct_start"))
    warmup_from: float = key(SHARE, "the share of the highest rate that the rise comes from", default=0.04, unit="share",
                             synonyms=("start_factor",))
    anneal: str = key(Choice(("cosine", "linear"), {"cos": "cosine"}), "the line up and down: half a cosine each, or straight",
                      default="cosine", synonyms=("anneal_strategy",))
    final: float = key(SHARE, "the share of the highest rate that it comes to at the end", default=4e-6, unit="share")


@section
class Constant(_Schedule):
    """The same learning rate throughout, after the warm-up."""

    synonyms = ("fixed", "ConstantLR", "none")
    kind: str = tag("stays the same", default="constant")


@section
class Plateau(_Schedule):
    """The learning rate is multiplied by `factor` where the tests of the epochs no longer get better.

    Patience is counted as Keras's ReduceLROnPlateau does, the cooldown as PyTorch's. An epoch that ends within the warm-up is
    not looked at.
    """

    instead = MappingProxyType({
        **FINAL, **DIRECTION, "lrmin": FINAL["minlr"], "thresholdmode": "least is a change of the metric itself, as "
        "threshold_mode: abs: leave it out", "eps": "each fall counts, however small: leave it out"})
    synonyms = ("ReduceLROnPlateau", "ReduceOnPlateau", "on_plateau", "PlateauLRScheduler", "PlateauLR", "reduce_lr")
    kind: str = tag("falls where tests no longer get better", default="plateau")
    metric: str = key(METRIC, "what has to get better", default=MEASURED[0], synonyms=MONITOR)
    factor: float = key(Number(above=0, below=1), "what the learning rate is multiplied by then", default=0.1,
                        synonyms=("gamma", "decay_rate"))
    patience: int = key(Whole(1, MOST_EPOCHS), "after how many epochs without that it falls: one more than PyTorch's patience",
                        default=10, unit="epochs", synonyms=("patience_t", "patience_epochs"))
    least: float = key(Number(least=0, most=1e6), "the least change that counts, of the metric itself", default=1e-4,
                       synonyms=CHANGE)
    cooldown: int = key(Whole(0, MOST_EPOCHS), "for how many epochs after a fall patience is not counted", default=0,
                        unit="epochs", synonyms=("cooldown_t", "cooldown_epochs"))
    final: float = key(Number(least=0, below=1), "the share of the highest rate below which it never falls", default=0.0,
                       unit="share")

    def clashes(self) -> Iterator[Clash]:
        """Points to stretch, where there are none."""
        if self.stretch:
            yield Clash(("stretch",), "a plateau comes when it comes: it has no points in epochs that could be stretched",
                        "leave stretch out")
            return
        yield from super().clashes()


Schedule = Cosine | Step | Exponential | Polynomial | Linear | OneCycle | Plateau | Constant
SCHEDULES = OneOf("kind", (Cosine, Step, Exponential, Polynomial, Linear, OneCycle, Plateau, Constant))
"""The kind of `train.schedule`."""


def misfits(schedule: Schedule, epochs: int) -> Iterator[Clash]:
    """What of a schedule does not suit the number of epochs; the paths are those of the `train` section."""
    if schedule.written_for not in (None, epochs) and not schedule.stretch:
        yield Clash(("epochs", "schedule.written_for"), f"the schedule is written for {schedule.written_for} epochs, and "
                    f"training has {epochs}", "schedule.stretch: true puts its points in proportion; " +
                    _as_they_are(schedule, epochs))
        return
    warmup = schedule.epoch(schedule.warmup, epochs)
    if warmup >= epochs:
        yield Clash(("schedule.warmup", "epochs"), f"schedule.warmup reaches epoch {warmup:g}, but training "
                    f"has {epochs}", "a shorter warmup, or more epochs")
    if isinstance(schedule, Step):
        yield from _milestones(schedule, epochs, warmup)
    if isinstance(schedule, Plateau) and warmup < epochs <= int(warmup) + schedule.patience + 1:
        behind = f" behind a warm-up of {warmup:g}" if warmup else ""
        yield Clash(("schedule.patience", "epochs"), f"schedule.patience of {schedule.patience} epochs{behind} lowers no rate "
                    f"in a training of {epochs}", "a smaller patience, or more epochs")


def _as_they_are(schedule: Schedule, epochs: int) -> str:
    """The other way out, in a hint: points that fit stay where they are, else new ones are needed."""
    points = {"warmup": (schedule.warmup,), "milestones": schedule.milestones if isinstance(schedule, Step) else ()}
    late = [name for name, spans in points.items() if any(not each.percents and each.amount >= epochs for each in spans)]
    if late:
        return f"or write {' and '.join(late)} anew, with schedule.written_for: {epochs}"
    return f"schedule.written_for: {epochs} leaves them where they are"


def _milestones(schedule: Step, epochs: int, warmup: float) -> Iterator[Clash]:
    """Milestones behind the end, or within the warm-up."""
    first, last = (schedule.epoch(schedule.milestones[number], epochs) for number in (0, -1))
    if last >= epochs:
        yield Clash(("schedule.milestones", "epochs"), f"schedule.milestones reaches epoch {last:g}, but training has "
                    f"{epochs}", _ways_out([each.amount for each in schedule.milestones], epochs))
    if first < warmup and schedule.milestones[0].percents != schedule.warmup.percents:
        yield Clash(("schedule.milestones", "schedule.warmup"), f"the first milestone, epoch {first:g}, lies within the "
                    f"warm-up of {warmup:g}", "a later milestone, or a shorter warmup")


def _ways_out(milestones: list[float], epochs: int) -> str:
    """Hint for milestones behind the end: the schedule without any, the milestones in proportion, or more epochs."""
    last = milestones[-1]
    scaled = [float(f"{each * epochs / (last * 1.125):.2g}") for each in milestones]
    shown = f", schedule.milestones: [{', '.join(f'{each:g}' for each in scaled)}]" if sorted(set(scaled)) == scaled else ""
    return f"schedule: cosine{shown}, or more than {last:g} epochs"
