"""Training in less memory: layers whose results are not kept for the backward pass, but computed again in it."""
# Keras has no type stubs: its classes and decorators are Any to mypy.
# mypy: allow-subclassing-any, allow-untyped-decorators

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from archspec.model.attention import Attend
from archspec.model.axes import Resize
from archspec.model.custom import Blend
from archspec.model.learned import DropPaths, Select, WeightedSum

TensorId = int
"""A symbolic tensor of the model, by its id."""
MERGING = (keras.layers.Add, keras.layers.Average, keras.layers.Concatenate, keras.layers.Maximum, keras.layers.Multiply,
           Attend, Blend, DropPaths, Resize, Select, WeightedSum)
"""Layers that take a list of tensors, even of one."""


@keras.saving.register_keras_serializable(package="archspec")
class RecomputingModel(keras.Model):
    """A functional model in all but memory: same layers, weights, results, gradients and moving statistics.

    `recomputed` names the layers whose results a training step computes again in its backward pass. That takes a
    graph of TensorFlow's: other backends and eager steps run the plain model, as all calls without `training=True` do.
    Under `jit_compile` XLA finds the second computation equal to the first and keeps the results after all.
    """

    recomputed: tuple[str, ...] = ()

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """As the plain model's."""
        if not training or keras.backend.backend() != "tensorflow" or tf.executing_eagerly():
            return super().call(inputs, training=training, mask=mask)
        values = {id(self.inputs[0]): keras.ops.cast(inputs, self.inputs[0].dtype)}
        for step in steps_of(self):
            step.run(values)
        return keras.tree.map_structure(lambda output: values[id(output)], self.output)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "recomputed": list(self.recomputed)}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> RecomputingModel:
        """The model of a configuration, as Keras loads it."""
        rest = dict(config)
        recomputed = tuple(rest.pop("recomputed"))
        model: RecomputingModel = super().from_config(rest, custom_objects)
        model.recomputed = recomputed
        return model


@dataclass(frozen=True)
class Application:
    """One layer and the tensors it takes, by their keys."""

    layer: keras.layers.Layer
    inputs: tuple[TensorId, ...]

    def __call__(self, values: Mapping[TensorId, Any]) -> Any:
        arguments = [values[key] for key in self.inputs]
        if isinstance(self.layer, keras.layers.MultiHeadAttention):
            return self.layer(*arguments, training=True)
        return self.layer(arguments if isinstance(self.layer, MERGING) else arguments[0], training=True)


@dataclass(frozen=True)
class Step:
    """The layers that lead from kept results to the next one. `later` are those of `leaves` that later chains take."""

    calls: tuple[Application, ...]
    leaves: tuple[TensorId, ...]
    later: tuple[TensorId, ...]

    def run(self, values: dict[TensorId, Any]) -> None:
        """Adds the result to the values."""
        result = id(self.calls[-1].layer.output)
        if len(self.calls) == 1:
            values[result] = self.calls[0](values)
            return
        # What later steps take goes through this one, so that its gradient is summed up step by step. Else the
        # gradient of each feature of a DenseNet would wait for all its users: memory with the square of depth again.
        found = self._twice(values)
        values.update(zip((result, *self.later), found, strict=True))

    def _twice(self, values: Mapping[TensorId, Any]) -> Sequence[tf.Tensor]:
        """The result and what goes on to later steps, with a gradient that computes the result again."""
        # Read before the first run moves them on: dropout has to draw the same mask the second time.
        seeds = [seed for call in self.calls for seed in _seeds(call.layer)]
        states = [(seed, tf.identity(seed.value)) for seed in seeds]

        @tf.custom_gradient
        def through(*leaves: tf.Tensor) -> tuple[list[tf.Tensor], Any]:
            def backward(*upstream: tf.Tensor, variables: Sequence[tf.Variable] = ()) -> tuple[Any, Any]:
                with tf.control_dependencies(upstream[:1]):  # not before its turn has come
                    again = tf.identity_n(leaves)
                with tf.GradientTape() as tape, keras.StatelessScope(states):  # moving statistics have moved already
                    tape.watch(again)
                    result = self._result(again)
                of_leaves, of_variables = tape.gradient(result, (again, list(variables)), upstream[0])
                with tf.control_dependencies(of_variables):  # done with this before the next one begins
                    return self._summed(tf.identity_n(of_leaves), upstream[1:]), of_variables
            return [self._result(leaves), *(leaves[self.leaves.index(key)] for key in self.later)], backward
        results: list[tf.Tensor] = through(*(values[key] for key in self.leaves))
        return results

    def _result(self, leaves: Sequence[tf.Tensor]) -> tf.Tensor:
        values = dict(zip(self.leaves, leaves, strict=True))
        for call in self.calls:
            values[id(call.layer.output)] = call(values)
        return values[id(self.calls[-1].layer.output)]

    def _summed(self, gradients: Sequence[tf.Tensor], later: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        """The gradients of the leaves, with those of the steps after this one."""
        rest = dict(zip(self.later, later, strict=True))
        return [found + rest[key] if key in rest else found for key, found in zip(self.leaves, gradients, strict=True)]


def steps_of(model: RecomputingModel) -> list[Step]:
    """A step for each result that is kept, in the order of computation."""
    outputs = {id(output) for output in model.outputs}
    again = {id(layer.output): layer for layer in model.layers
             if layer.name in model.recomputed and id(layer.output) not in outputs}
    kept = [layer for layer in model.layers if id(layer.output) not in again and not isinstance(layer, keras.layers.InputLayer)]
    steps: list[Step] = []
    wanted: set[TensorId] = set()
    for layer in reversed(kept):
        calls = tuple(_chain(layer, again))
        leaves = _leaves(calls)
        steps.append(Step(calls, leaves, tuple(key for key in leaves if key in wanted)))
        if len(calls) > 1:
            wanted.update(leaves)
    return steps[::-1]


def _seeds(layer: keras.layers.Layer) -> list[Any]:
    """The states that a layer draws with; Keras's attention has a dropout within."""
    owners = (layer, getattr(layer, "_dropout_layer", layer))
    return [owner.seed_generator.state for owner in dict.fromkeys(owners) if hasattr(owner, "seed_generator")]


def _chain(layer: keras.layers.Layer, again: Mapping[TensorId, keras.layers.Layer]) -> Iterator[Application]:
    """The layers to be computed again on the way to one, and that one."""
    inputs = tuple(_inputs(layer, again))
    for key in dict.fromkeys(inputs):  # attention takes one value twice
        if key in again:
            yield from _chain(again[key], again)
    yield Application(layer, inputs)


def _inputs(layer: keras.layers.Layer, again: Mapping[TensorId, keras.layers.Layer]) -> Iterator[TensorId]:
    """What a layer takes; the parts of a concatenation along the same axis instead of one that is not kept."""
    for tensor in keras.tree.flatten(layer.input):
        before = again.get(id(tensor))
        if (before is not None and isinstance(layer, keras.layers.Concatenate) and isinstance(before, type(layer))
                and before.axis == layer.axis):
            yield from _inputs(before, again)
        else:
            yield id(tensor)


def _leaves(calls: Iterable[Application]) -> tuple[TensorId, ...]:
    """The kept results that a chain starts from, each once."""
    calls = list(calls)
    made: Collection[TensorId] = {id(call.layer.output) for call in calls}
    return tuple(dict.fromkeys(key for call in calls for key in call.inputs if key not in made))
