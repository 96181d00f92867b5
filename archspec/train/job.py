"""A job: the network, the data and the devices of one training, made ready and checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from archspec.data.cache import caches
from archspec.data.check import Checked, checked, refuse_too_small
from archspec.data.index import Index
from archspec.data.looking import Tick
from archspec.data.order import Shard
from archspec.data.pipeline import Pipeline
from archspec.data.source import Source, without
from archspec.data.weighting import class_weights
from archspec.errors import InputError
from archspec.evaluate.evaluator import Evaluator, classification, multi_label
from archspec.graph.ir import Graph
from archspec.model.emit import build
from archspec.model.norm import by_keras
from archspec.network import lower, with_overrides
from archspec.preprocess.rule import Preprocess, input_shape, preprocess_of
from archspec.preprocess.sampling import ratios
from archspec.spec.arch import Spec
from archspec.spec.recipe import Init, Recipe
from archspec.spec.schedules import Plateau
from archspec.train.devices import strategy as strategies
from archspec.train.devices.cluster import Cluster
from archspec.train.devices.team import Team, gathered
from archspec.train.devices.vote import Vote
from archspec.train.faults import computing
from archspec.train.progress import Progress, Row
from archspec.train.saving.checkpoint import Misfit, Snapshot
from archspec.train.state import TrainState, groups
from archspec.train.step import optimizer as optimizers
from archspec.train.step.accumulate import accumulated
from archspec.train.step.average import Average, average
from archspec.train.step.compiling import compiles
from archspec.train.step.dynamic import make_scale
from archspec.train.step.frozen import frozen, layers_of, refuse_all, unfreezing
from archspec.train.step.initial import quiet_branches
from archspec.train.step.last import last_apart
from archspec.train.step.norms import Norms
from archspec.train.step.objective import refuse_unfit
from archspec.train.step.restate import Restate
from archspec.train.step.scale import Scale
from archspec.train.step.schedule import LearningRate
from archspec.train.step.steps import EvaluateStep, TrainStep
from archspec.train.step.update import rules
from archspec.weights.library import stage_blocks
from archspec.weights.load import Wanted, fill, notes, planned, refuse, refuse_form

Say = Callable[[str], None]


@dataclass(frozen=True)
class Job:
    """Everything that a training needs. `train_step` and `evaluate_step` take a distributed batch and return sums."""

    recipe: Recipe
    rule: Preprocess
    data: Source
    checked: Checked
    training: Pipeline
    testing: Pipeline
    team: Team
    model: keras.Model
    state: TrainState
    evaluator: Evaluator
    train_step: Callable[[Any], tf.Tensor]
    evaluate_step: Callable[[Any], tf.Tensor]
    initialize: Callable[[Say], None]
    """Gives the model the weights that the recipe's `init` names, and says what is to be known of them; nothing without one.
    For a run that begins."""
    shown: keras.Model
    """What is tested and exported: the model, or the average of its weights."""
    average: Average | None
    frozen: frozenset[str]
    """The layers that do not learn, or not from the start."""
    restate: Restate | None
    norms: Norms
    rate: LearningRate

    @property
    def cluster(self) -> Cluster:
        """The workers."""
        return self.team.cluster

    @property
    def strategy(self) -> tf.distribute.Strategy:
        """The devices of all of them."""
        return self.team.strategy

    @property
    def vote(self) -> Vote:
        """Whether it is to stop."""
        return self.team.vote

    @property
    def index(self) -> Index:
        """Of the data."""
        return self.checked.index

    @property
    def steps(self) -> int:
        """Of the whole training."""
        return self.recipe.epochs * self.training.steps

    def restore(self, snapshot: Snapshot) -> None:
        """Takes up the state that was saved. Raises Misfit if it is of another network or another length."""
        step, history = snapshot.progress["step"], snapshot.progress["history"]
        epoch, within = divmod(step, self.training.steps)
        # at the end of an epoch it is saved before it is tested
        if step > self.steps or not epoch - (not within) <= len(history) <= epoch:
            raise Misfit(f"it stands at step {step} of {self.steps}, with {len(history)} epochs tested")
        with self.strategy.scope():
            self.state.restore(snapshot)
            self.rate.follow(self.state.progress.history)

    def end_epoch(self, row: Row) -> None:
        """Takes up the row of the epoch that is done."""
        self.state.progress.end_epoch(row)
        with self.strategy.scope():
            self.rate.follow(self.state.progress.history)

    @property
    def averaged(self) -> bool:
        """Whether the average of the weights is tested, and not the model."""
        return self.shown is not self.model

    def shown_in(self, history: Sequence[Row]) -> list[Row]:
        """The rows of the epochs whose test was of what is shown now, and not of the average or the weights in its place."""
        return [row for row in history if row.get("averaged", self.averaged) == self.averaged]

    def skip(self, steps: int) -> None:
        """Leaves out so many steps: they count for the learning rate, and nothing is learned in them."""
        with self.strategy.scope():
            for name, variable in self.state.groups["optimizer"].items():
                if name.endswith("/iteration"):
                    variable.assign_add(steps)
        self.state.progress.skip(steps)

    @property
    def form(self) -> tuple[bool, bool]:
        """Of the step that comes: whether it is the last of an epoch and its batch not full; whether all layers learn.

        The first step of each form is compiled.
        """
        step, freeze = self.state.progress.step, self.recipe.freeze
        last = self.training.partial and (step + 1) % self.training.steps == 0
        return last, freeze is not None and 0 < freeze.until * self.training.steps <= step

    def batches(self, start: int) -> Iterator[Any]:
        """The batches of the training from a step on."""
        found: Iterator[Any] = iter(strategies.distributed(self.strategy, self.training.training(start)))
        return found

    def next(self, batches: Iterator[Any]) -> Any:
        """The batch of the step that comes. Raises InputError for an image that cannot be read."""
        return self.training.next(batches, self.state.progress.step, training=True)

    def train(self, batch: Any) -> tf.Tensor:
        """One step: the sums of progress.TRAINED. Raises InputError if memory does not suffice; the state is lost then."""
        progress = self.state.progress
        progress.norms, step = {}, progress.step + 1
        measuring = self.norms.measuring(progress.norms) if self._told(step) else nullcontext()
        with computing(self.recipe.batch), measuring:
            sums = self.train_step(batch)
        if self.average:
            self.average.follow(step)
        return sums

    def _told(self, step: int) -> bool:
        """Whether it is said of a step how long its gradient was: of those that `log.steps` names, and the last of an epoch."""
        every = self.recipe.log.steps
        return step % self.training.steps == 0 or (every > 0 and step % every == 0)

    def settle(self, check: Callable[[], None]) -> None:
        """At the end: statistics of batch norms as the recipe wants them. They are not saved: no step is taken with them.

        `check` is called after each batch. Raises InputError as `next` and `train`.
        """
        if self.restate:
            with computing(self.recipe.batch):
                self.restate.act(islice(self._whole(), -(-self.recipe.recompute_statistics // self.recipe.batch)), check)

    def _whole(self) -> Iterator[Any]:
        """The batches from the first step on in which every image counts; all, where there is none such."""
        batches, steps, size = self.batches(0), self.training.steps, self.training.split.size
        for step in range(self.steps):
            batch = self.training.next(batches, step, training=True)
            if (step + 1) % steps or size % self.recipe.batch == 0 or steps == 1:
                yield batch

    def evaluate(self, between: Callable[[int], None]) -> Iterator[tuple[str, float]]:
        """(name, value) over the test images. `between` is called after each batch with the number of those done."""
        total: Any = 0.0
        for done, sums in enumerate(self.tested(), start=1):
            total = total + sums
            between(done)
        yield from self.evaluator.results(total)

    @cached_property
    def _tests(self) -> Any:
        """Made once: TensorFlow keeps something of every data set that has been made."""
        return strategies.distributed(self.strategy, self.testing.evaluation())

    def tested(self) -> Iterator[np.ndarray]:
        """The evaluator's sums, batch by batch. Raises InputError as `next` and `train` do."""
        batches = iter(self._tests)
        for step in range(self.testing.steps):
            batch = self.testing.next(batches, step, training=False)
            with computing(self.recipe.batch):
                yield self.evaluate_step(batch).numpy()


def look(spec: Spec, graph: Graph, data: Source, tick: Tick) -> tuple[Preprocess, Checked]:
    """How the images are seen, and what is found in them. Raises InputError where they cannot be trained on."""
    rule = preprocess_of(spec.train, input_shape(graph))
    data.check_channels(rule.shape)
    return rule, checked(data, spec.train.data, rule, tick)


def prepare(spec: Spec, graph: Graph, data: Source, tick: Tick, *, trial: bool = False, team: Team | None = None) -> Job:
    """Looks into the data, builds the model on the team's devices. Raises InputError where something does not fit.

    That data and network have the same classes is `begin.check_classes`' to say. One for a `trial` leaves nothing behind.
    Without a `team` this process is alone.
    """
    recipe = spec.train
    team = team or gathered(recipe)
    weights = class_weights(recipe, data)
    refuse_unfit(recipe.loss, data.train.labels.ndim == 1)
    rule, found = look(spec, graph, data, tick)
    team.compare(f"data: {found.index.digest}", "data set")
    training, testing = _pipelines(data, found, rule, recipe, team.cluster, trial=trial)
    strategy, several = team.strategy, team.strategy.num_replicas_in_sync > 1
    still = layers_of(graph, recipe.freeze.layers) if recipe.freeze else frozenset[str]()
    jit = compiles(recipe, graph, strategies.devices_text(strategy, team.cluster, recipe), strategy.num_replicas_in_sync)
    made = _made(recipe, graph, still, training.steps, strategy)
    evaluator = _evaluator(recipe, graph, data)
    progress = Progress()
    within = partial(_traced, several, several and recipe.sync_batch_norm, jit)
    step = TrainStep(made.model, made.optimizer, recipe, rule, rules(recipe, made.model), graph.output.type.channels, weights,
                     made.scale, made.norms)
    train_step = _train_step(team, step, progress, training, still, within, jit)
    filled = training.partial and training.steps == 1
    shown = made.average.model if made.average and spec.export.weights != "raw" else made.model
    restated = recipe.recompute_statistics > 0 and spec.export.weights != "best"  # which have the statistics of their test
    evaluate_step = team.summed(EvaluateStep(shown, rule, evaluator), jit=jit)
    return Job(recipe, rule, data, found, training, testing, team, made.model,
               _state(made, progress, team, recipe.sync_batch_norm), evaluator, train_step, evaluate_step,
               partial(_initialize, spec, graph, made, strategy), shown, made.average, still,
               _restate(recipe, team, shown, rule, within, still, filled) if restated else None,
               made.norms, made.optimizer.rate)


def _restate(recipe: Recipe, team: Team, shown: keras.Model, rule: Preprocess,
             within: Callable[..., AbstractContextManager[None]], still: frozenset[str], filled: bool) -> Restate:
    """What recomputes statistics: of all norms but those that learn nothing to the end."""
    learns = recipe.freeze is not None and 0 < recipe.freeze.until < recipe.epochs
    return Restate(team, shown, rule, partial(within, names=frozenset() if learns else still), filled)


@dataclass(frozen=True)
class _Made:
    """What has variables."""

    model: keras.Model
    optimizer: keras.optimizers.Optimizer
    scale: Scale
    average: Average | None
    norms: Norms


def _made(recipe: Recipe, graph: Graph, still: frozenset[str], steps: int, strategy: tf.distribute.Strategy) -> _Made:
    """The model with its first weights, on its devices, and what goes with it in a training of so many steps an epoch."""
    keras.utils.set_random_seed(recipe.seed)
    with strategy.scope():
        model = build(graph, auxiliary=bool(graph.auxiliary), dtype=recipe.precision)
        if recipe.zero_init_residual:
            quiet_branches(graph, model)
        refuse_all(model, still)
        return _Made(model, optimizers.make_optimizer(recipe, steps, model), make_scale(recipe.precision),
                     average(recipe.ema, model, build(graph, initialize=False), strategy) if recipe.ema else None,
                     Norms(model, strategy))


def _state(made: _Made, progress: Progress, team: Team, sync: bool) -> TrainState:
    """What a checkpoint holds. Statistics that each device takes by itself differ between them, all else does not."""
    nets = [made.model, *([made.average.model] if made.average else [])]
    alike = sync or team.strategy.num_replicas_in_sync == 1
    apart = [] if alike else [each for net in nets for each in strategies.statistics(net)]
    named = groups(made.model, made.optimizer, made.scale) | ({"ema": made.average.variables} if made.average else {})
    return TrainState(named, progress, team.averaging(apart))


def _evaluator(recipe: Recipe, graph: Graph, data: Source) -> Evaluator:
    """Of one class an image, or of several labels. Raises InputError for a metric of the recipe that it does not have."""
    classes = graph.output.type.channels
    found = classification(classes) if data.train.labels.ndim == 1 else multi_label(classes)
    _refuse_unmeasured(recipe, found)
    return found


@contextmanager
def _traced(several: bool, sync: bool, jit: bool, model: keras.Model, names: frozenset[str]) -> Iterator[None]:
    """What a step is traced in: whether norms look at all devices, or are XLA's, and which layers do not learn."""
    with strategies.together(model, several, sync), by_keras(model.layers if jit else ()), frozen(model, names):
        yield


def _train_step(team: Team, step: TrainStep, progress: Progress, training: Pipeline, still: frozenset[str],
                within: Callable[..., AbstractContextManager[None]], jit: bool) -> Callable[[Any], tf.Tensor]:
    """The step of a whole batch; where the last one of an epoch is not full, and norms would see what fills it up, that too."""
    compiled = partial(_compiled, team, progress=progress, steps=training.steps, still=still, within=within, jit=jit)
    if not training.partial or not strategies.norms(step.model):
        return compiled(step)
    return last_apart(progress, training.steps, compiled(step), compiled(replace(step, partial=True)))


def _compiled(team: Team, step: TrainStep, progress: Progress, steps: int, still: frozenset[str],
              within: Callable[..., AbstractContextManager[None]], jit: bool) -> Callable[[Any], tf.Tensor]:
    """The step of a whole batch; where layers learn from an epoch on, the one before it and the one after it."""
    recipe = step.recipe

    def compiled(names: frozenset[str]) -> Callable[[Any], tf.Tensor]:
        inside = partial(within, step.model, names=names)
        if recipe.accumulate > 1:
            return accumulated(team, step, recipe.accumulate, inside)
        return team.summed(step, inside, jit=jit)
    if recipe.freeze is None or not recipe.freeze.until:
        return compiled(still)
    return unfreezing(progress, recipe.freeze.until * steps, compiled(still), compiled(frozenset()))


def _refuse_unmeasured(recipe: Recipe, evaluator: Evaluator) -> None:
    """Raises InputError for a metric that no epoch of this training will have."""
    measured = ["loss", "accuracy", *(f"test_{name}" for name in evaluator.names)]
    asked = {"checkpoint": recipe.checkpoint.metric, **({"stop_early": recipe.stop_early.metric} if recipe.stop_early else {}),
             **({"schedule": recipe.schedule.metric} if isinstance(recipe.schedule, Plateau) else {})}
    for section, metric in asked.items():
        if metric not in measured:
            raise InputError(f"train.{section}.metric: {metric} is not measured on these data\n"
                             f"  hint: one of {' '.join(measured)}")


def _pipelines(data: Source, found: Checked, rule: Preprocess, recipe: Recipe, cluster: Cluster, *,
               trial: bool) -> list[Pipeline]:
    """Of the images to train on, and of those to test on; of each batch this worker's part."""
    train, test = without(data.train, found.train), without(data.test, found.test)
    refuse_too_small(test, found.test_sizes, rule)
    if not recipe.crops:
        refuse_too_small(train, found.train_sizes, rule)
    kept = caches(recipe.data, rule, [(train, found.train_sizes), (test, found.test_sizes)], found.stamp, trial=trial)
    sizes = (found.train_sizes, found.test_sizes)
    ahead = [ratios(each, rule) if plain else 0 for each, plain in zip(sizes, found.plain, strict=True)]
    shard = Shard(cluster.rank, cluster.size)
    return [Pipeline(split, rule, recipe, shard, cache, each)
            for split, cache, each in zip((train, test), kept, ahead, strict=True)]


def _initialize(spec: Spec, graph: Graph, made: _Made, strategy: tf.distribute.Strategy, say: Say) -> None:
    """Fills the model from the file or the run that `init` names. Raises InputError where the two do not fit."""
    if spec.train.init is not None:
        _fill(spec, spec.train.init, graph, made.model, strategy, say)
    if made.average:
        made.average.start()


def _fill(spec: Spec, init: Init, graph: Graph, model: keras.Model, strategy: tf.distribute.Strategy, say: Say) -> None:
    path = Path(init.weights)
    wanted = Wanted(init.layout, init.new_head, init.partial, bool(graph.auxiliary), init.as_is)
    with strategy.scope(), planned(graph, stage_blocks(spec), path, wanted) as plan:
        refuse(plan, graph, wanted)
        if not init.as_is:
            refuse_form(plan, graph, lambda more: lower(with_overrides(spec, more)))
        fill(model, plan, wanted)
        for note in notes(plan):
            say(f"{init.weights}: {note}")
