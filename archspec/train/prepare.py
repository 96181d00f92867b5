"""From a spec and its data to a job: all that can be wrong is found here, before anything is trained."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import keras
import tensorflow as tf

from archspec.data.cache import caches
from archspec.data.check import Checked, checked, refuse_too_small
from archspec.data.looking import Tick
from archspec.data.order import Shard
from archspec.data.pipeline import Pipeline
from archspec.data.source import Source, without
from archspec.data.weighting import class_weights
from archspec.errors import InputError
from archspec.evaluate.evaluator import Evaluator, classification, multi_label
from archspec.graph.ir import Graph
from archspec.model.emit import build
from archspec.network import lower, with_overrides
from archspec.preprocess.rule import Preprocess, input_shape, preprocess_of
from archspec.preprocess.sampling import ratios
from archspec.spec.arch import Spec
from archspec.spec.recipe import Init, Recipe
from archspec.spec.schedules import Plateau
from archspec.train.devices import strategy as strategies
from archspec.train.devices.cluster import Cluster
from archspec.train.devices.team import Team, gathered
from archspec.train.job import Job, Say
from archspec.train.progress import Progress
from archspec.train.state import TrainState, groups
from archspec.train.step import optimizer as optimizers
from archspec.train.step.average import Average, average
from archspec.train.step.compiling import compiles
from archspec.train.step.dynamic import make_scale
from archspec.train.step.frozen import layers_of, refuse_all
from archspec.train.step.initial import quiet_branches
from archspec.train.step.norms import Norms
from archspec.train.step.objective import refuse_unfit
from archspec.train.step.scale import Scale
from archspec.train.step.steps import EvaluateStep, TrainStep
from archspec.train.step.update import rules
from archspec.train.step.whole import Compiler
from archspec.weights.library import stage_blocks
from archspec.weights.load import Wanted, fill, notes, planned, refuse, refuse_form


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
    compiler, progress = _compiler(recipe, graph, team), Progress()
    made = _made(recipe, graph, compiler.still, training.steps, team.strategy)
    evaluator = _evaluator(recipe, graph, data)
    step = TrainStep(made.model, made.optimizer, recipe, rule, rules(recipe, made.model), graph.output.type.channels, weights,
                     made.scale, made.norms)
    shown = made.average.model if made.average and spec.export.weights != "raw" else made.model
    restated = recipe.recompute_statistics > 0 and spec.export.weights != "best"  # which have the statistics of their test
    return Job(recipe, rule, data, found, training, testing, team, made.model,
               _state(made, progress, team, recipe.sync_batch_norm), evaluator, compiler.train(step, progress, training),
               compiler.evaluate(EvaluateStep(shown, rule, evaluator)), partial(_initialize, spec, graph, made, team.strategy),
               shown, made.average, compiler.still, compiler.restate(shown, rule, training) if restated else None,
               made.norms, made.optimizer.rate)


def _compiler(recipe: Recipe, graph: Graph, team: Team) -> Compiler:
    """Raises InputError for what XLA should compile and cannot."""
    still = layers_of(graph, recipe.freeze.layers) if recipe.freeze else frozenset[str]()
    devices = strategies.devices_text(team.strategy, team.cluster, recipe)
    return Compiler(recipe, team, still, compiles(recipe, graph, devices, team.strategy.num_replicas_in_sync))


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
