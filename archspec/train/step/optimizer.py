"""The optimizers, on Keras's own, for gradients that are summed over the devices before they come here."""
# Keras has no type stubs: its classes are Any to mypy.
# mypy: allow-subclassing-any

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import keras
import tensorflow as tf

from archspec.spec import optimizers as said
from archspec.spec.recipe import Recipe
from archspec.train.step import momentum
from archspec.train.step.schedule import LearningRate
from archspec.train.step.treatment import Treatment, treatments


class Treated:
    """What all optimizers here do around a step of theirs: rates and decay weight by weight, and no sum over devices.

    Keras sums in `apply`, after all that could be done to a gradient: to clip there means to clip each device's part.
    """

    treatments: tuple[Treatment, ...] = ()
    """In the order of the weights that it was built with."""
    decoupled = False
    """Whether weights decay here, or did in the gradient."""
    rate: LearningRate
    _get_variable_index: Callable[[tf.Variable], int]
    step: Callable[[tf.Tensor, tf.Variable, tf.Tensor], None]
    """Changes a weight and what belongs to it by its gradient, at a learning rate."""

    def _all_reduce_sum_gradients(self, grads_and_vars: Iterable[Any]) -> list[Any]:
        return list(grads_and_vars)

    def update_step(self, gradient: tf.Tensor, variable: tf.Variable, learning_rate: tf.Tensor) -> None:
        """Decays the weight by its coefficient times its rate (1711.05101), then does the step."""
        treatment = self.treatments[self._get_variable_index(variable)]
        rate = learning_rate if treatment.rate == 1 else learning_rate * treatment.rate
        if self.decoupled and treatment.decay:
            variable.assign_sub(rate * treatment.decay * variable)
        self.step(gradient, variable, rate)


class Sgd(Treated, keras.optimizers.SGD):
    """Caffe's form: the last change goes on, the learning rate within."""

    form = staticmethod(momentum.caffe)

    def step(self, gradient: tf.Tensor, variable: tf.Variable, rate: tf.Tensor) -> None:
        """As Keras's, see momentum.py; w -= rate g without momentum."""
        if self.momentum:
            total = self.momentums[self._get_variable_index(variable)]
            self.form(variable, total, gradient, rate, self.momentum, self.nesterov)
        else:
            variable.assign_sub(rate * gradient)


class SgdOfPyTorch(Sgd):
    """The sum of gradients goes on, the learning rate stands before it."""

    form = staticmethod(momentum.pytorch)


class RmsProp(Treated, keras.optimizers.RMSprop):
    """The mean square starts at 0."""

    step = keras.optimizers.RMSprop.update_step


class RmsPropOfTensorFlow(RmsProp):
    """TensorFlow 1's: the mean square starts at 1."""

    def build(self, variables: Sequence[keras.Variable]) -> None:
        """Makes the variables."""
        super().build(variables)
        for each in self._velocities:
            each.assign(tf.ones(each.shape))


class RmsPropOfPyTorch(Treated, keras.optimizers.RMSprop):
    """Epsilon outside the root, the learning rate before the momentum."""

    def step(self, gradient: tf.Tensor, variable: tf.Variable, rate: tf.Tensor) -> None:
        """s = rho s + (1 - rho) g²; b = momentum b + g / (√s + epsilon); w -= rate b."""
        index = self._get_variable_index(variable)
        square = self._velocities[index]
        square.assign(self.rho * square + (1 - self.rho) * tf.square(gradient))
        change = gradient / (tf.sqrt(square.value) + self.epsilon)
        if self.momentum:
            total = self._momentums[index]
            total.assign(self.momentum * total + change)
            change = total
        variable.assign_sub(rate * change)


class Adam(Treated, keras.optimizers.Adam):
    """Algorithm 1 of 1412.6980, as PyTorch has it. Keras adds epsilon before the square's bias is corrected."""

    def step(self, gradient: tf.Tensor, variable: tf.Variable, rate: tf.Tensor) -> None:
        """w -= rate m / (√v + epsilon), of means without their bias."""
        variable.assign_sub(rate * self.change(gradient, variable))

    def change(self, gradient: tf.Tensor, variable: tf.Variable) -> tf.Tensor:
        """Takes the gradient into the means; what they say."""
        index, count = self._get_variable_index(variable), tf.cast(self.iterations + 1, tf.float32)
        mean, square = self._momentums[index], self._velocities[index]
        mean.assign(self.beta_1 * mean + (1 - self.beta_1) * gradient)
        square.assign(self.beta_2 * square + (1 - self.beta_2) * tf.square(gradient))
        root = tf.sqrt(square / (1 - tf.pow(self.beta_2, count)))
        return mean / (1 - tf.pow(self.beta_1, count)) / (root + self.epsilon)


class Lamb(Adam):
    """Algorithm 2 of 1904.00962: the decay is part of the change whose length is adapted. Keras's decays beside it."""

    def update_step(self, gradient: tf.Tensor, variable: tf.Variable, learning_rate: tf.Tensor) -> None:
        """A change as long as the weight; of a weight that does not decay Adam's own, as in the authors' code."""
        treatment = self.treatments[self._get_variable_index(variable)]
        change = self.change(gradient, variable) + treatment.decay * variable
        length = tf.norm(variable) if treatment.decays else tf.constant(0.0)
        adapted = tf.where(length > 0, tf.math.divide_no_nan(length, tf.norm(change)), 1.0)
        variable.assign_sub(learning_rate * treatment.rate * adapted * change)


class Lion(Treated, keras.optimizers.Lion):
    """The sign of a mean gradient."""

    step = keras.optimizers.Lion.update_step


FORMS = {"caffe": Sgd, "pytorch": SgdOfPyTorch}
MEAN_SQUARES = {"tensorflow": RmsPropOfTensorFlow, "keras": RmsProp, "pytorch": RmsPropOfPyTorch}


def make_optimizer(recipe: Recipe, steps_per_epoch: int, model: keras.Model) -> keras.optimizers.Optimizer:
    """The optimizer with its variables made, to be called inside the strategy's scope."""
    found = treatments(recipe.optimizer, model)
    rate = LearningRate(recipe, steps_per_epoch)
    optimizer = _made(recipe.optimizer)(rate)
    optimizer.rate = rate
    optimizer.treatments = tuple(found[variable.path] for variable in model.trainable_variables)
    optimizer.decoupled = recipe.optimizer.decoupled
    optimizer.build(model.trainable_variables)
    return optimizer


def _made(optimizer: said.Optimizer) -> Any:
    """The class with all but its learning rate."""
    match optimizer:
        case said.Sgd():
            return partial(FORMS[optimizer.form], momentum=optimizer.momentum, nesterov=optimizer.nesterov)
        case said.RmsProp():
            return partial(MEAN_SQUARES[optimizer.form], rho=optimizer.rho, momentum=optimizer.momentum,
                           epsilon=optimizer.epsilon)
        case said.Lion():
            return partial(Lion, beta_1=optimizer.beta_1, beta_2=optimizer.beta_2)
        case said.Adam() | said.Lamb():
            return partial(Lamb if isinstance(optimizer, said.Lamb) else Adam, beta_1=optimizer.beta_1, beta_2=optimizer.beta_2,
                           epsilon=optimizer.epsilon)
