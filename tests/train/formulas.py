"""The optimizers' formulas in NumPy and double precision, and the program that runs ours on one device and on two."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

STEPS, REPLICAS, FALLS = 5, 2, 2
"""The learning rate falls after two of five steps, or forms that differ then alone would pass for one another."""
RATES = [0.1, 0.1, 0.02, 0.02, 0.02]
SHAPES = {"dense/kernel": (4, 3), "dense/bias": (3,), "norm/gamma": (3,), "norm/beta": (3,)}
Array = np.ndarray
Formula = Callable[[Array, Array, dict[str, Array], float, int, dict[str, Any]], Array]
"""(weight, gradient, state, rate, step from 1, settings) to the weight."""


def weights() -> dict[str, Array]:
    draw = np.random.default_rng(1)
    return {name: draw.normal(size=shape).astype(np.float32) for name, shape in SHAPES.items()}


def gradients() -> dict[str, Array]:
    """(steps, replicas, …) of each weight."""
    draw = np.random.default_rng(2)
    return {name: draw.normal(size=(STEPS, REPLICAS, *shape)).astype(np.float32) for name, shape in SHAPES.items()}


def caffe(w: Array, g: Array, state: dict[str, Array], rate: float, step: int, said: dict[str, Any]) -> Array:
    v = state["v"] = said["momentum"] * state.get("v", 0.0) - rate * g
    return w + (said["momentum"] * v - rate * g if said.get("nesterov") else v)


def pytorch(w: Array, g: Array, state: dict[str, Array], rate: float, step: int, said: dict[str, Any]) -> Array:
    """torch.optim.SGD's documentation."""
    b = state["b"] = said["momentum"] * state["b"] + g if "b" in state else g
    return w - rate * (g + said["momentum"] * b if said.get("nesterov") else b)


def rmsprop(start: float) -> Formula:
    def formula(w: Array, g: Array, state: dict[str, Array], rate: float, step: int, said: dict[str, Any]) -> Array:
        s = state["s"] = said["rho"] * state.get("s", np.full_like(g, start)) + (1 - said["rho"]) * g * g
        v = state["v"] = said["momentum"] * state.get("v", 0.0) + rate * g / np.sqrt(s + said["epsilon"])
        return w - v
    return formula


def rmsprop_pytorch(w: Array, g: Array, state: dict[str, Array], rate: float, step: int, said: dict[str, Any]) -> Array:
    """torch.optim.RMSprop's documentation."""
    s = state["s"] = said["rho"] * state.get("s", 0.0) + (1 - said["rho"]) * g * g
    b = state["b"] = said["momentum"] * state.get("b", 0.0) + g / (np.sqrt(s) + said["epsilon"])
    return w - rate * b


def adam_change(g: Array, state: dict[str, Array], step: int, said: dict[str, Any]) -> Array:
    one, two = said["beta_1"], said["beta_2"]
    m = state["m"] = one * state.get("m", 0.0) + (1 - one) * g
    v = state["v"] = two * state.get("v", 0.0) + (1 - two) * g * g
    return np.asarray(m / (1 - one ** step) / (np.sqrt(v / (1 - two ** step)) + said["epsilon"]))


def adam(w: Array, g: Array, state: dict[str, Array], rate: float, step: int, said: dict[str, Any]) -> Array:
    """torch.optim.Adam's documentation."""
    return w - rate * adam_change(g, state, step, said)


def lamb(w: Array, g: Array, state: dict[str, Array], rate: float, step: int, said: dict[str, Any]) -> Array:
    """Algorithm 2 of 1904.00962; timm's Lamb: no trust ratio where nothing decays."""
    change = adam_change(g, state, step, said) + said["decay"] * w
    trust = np.linalg.norm(w) / np.linalg.norm(change) if said["decays"] else 1.0
    return w - rate * trust * change


def lion(w: Array, g: Array, state: dict[str, Array], rate: float, step: int, said: dict[str, Any]) -> Array:
    m = state.get("m", np.zeros_like(g))
    state["m"] = said["beta_2"] * m + (1 - said["beta_2"]) * g
    return w - rate * np.sign(said["beta_1"] * m + (1 - said["beta_1"]) * g)


CASES: dict[str, tuple[Formula, dict[str, Any]]] = {
    "sgd": (caffe, {"kind": "sgd", "weight_decay": 0.1}),
    "nesterov": (caffe, {"kind": "sgd", "nesterov": True, "decays": "all", "weight_decay": 0.1}),
    "sgd decoupled": (caffe, {"kind": "sgd", "decay": "decoupled", "decays": "all_but_norms", "weight_decay": 0.1}),
    "sgd of pytorch": (pytorch, {"kind": "sgd", "form": "pytorch", "decays": "all", "weight_decay": 0.1}),
    "nesterov of pytorch": (pytorch, {"kind": "sgd", "form": "pytorch", "nesterov": True, "weight_decay": 0.1}),
    "no momentum": (pytorch, {"kind": "sgd", "form": "pytorch", "momentum": 0.0}),
    "rmsprop": (rmsprop(1.0), {"kind": "rmsprop", "epsilon": 1.0, "weight_decay": 0.1}),
    "rmsprop of keras": (rmsprop(0.0), {"kind": "rmsprop", "form": "keras", "epsilon": 0.01}),
    "rmsprop of pytorch": (rmsprop_pytorch, {"kind": "rmsprop", "form": "pytorch", "epsilon": 0.01, "decay": "decoupled", "weight_decay": 0.1}),
    "adam": (adam, {"kind": "adam", "epsilon": 0.01, "weight_decay": 0.1}),
    "adamw": (adam, {"kind": "adamw", "epsilon": 0.01, "weight_decay": 0.1, "decays": "all"}),
    "lamb": (lamb, {"kind": "lamb", "weight_decay": 0.1}),
    "lamb on all": (lamb, {"kind": "lamb", "weight_decay": 0.1, "decays": "all"}),
    "lion": (lion, {"kind": "lion", "weight_decay": 0.1}),
    "layers": (caffe, {"kind": "sgd", "weight_decay": 0.1, "layers": [{"match": "d*e", "learning_rate": 0.5, "weight_decay": 2.0}]}),
    "layers of adamw": (adam, {"kind": "adamw", "weight_decay": 0.1, "layers": [{"match": "dense", "learning_rate": 0.5, "weight_decay": 2.0}]}),
}
CLIPS = {"sgd by length": {"at": 1.5}, "sgd by value": {"kind": "value", "at": 0.5}}
CASES |= {name: (caffe, {"kind": "sgd", "weight_decay": 0.1}) for name in CLIPS}
DECOUPLED = {"sgd decoupled", "rmsprop of pytorch", "adamw", "lion", "layers of adamw"}
SETS = {"kernels": {"dense/kernel"}, "all_but_norms": {"dense/kernel", "dense/bias"}, "all": set(SHAPES)}


def summed(name: str, step: int) -> dict[str, Array]:
    """The gradients of the whole batch, within the bound that a case has."""
    found = {path: each[step].astype(np.float64).sum(axis=0) for path, each in gradients().items()}
    if name == "sgd by length":
        length = np.sqrt(sum((each ** 2).sum() for each in found.values()))
        return {path: each * min(1.0, CLIPS[name]["at"] / length) for path, each in found.items()}
    most = CLIPS[name]["at"] if name == "sgd by value" else np.inf
    return {path: np.clip(each, -most, most) for path, each in found.items()}


def expected(name: str, said: dict[str, Any], steps: int = STEPS) -> dict[str, Array]:
    """The weights after so many steps, by the formula alone. `said` is the whole section, with its defaults."""
    formula, _ = CASES[name]
    found = {}
    for path, start in weights().items():
        w, state = start.astype(np.float64), dict[str, Array]()
        decays = path in SETS[said["decays"]]
        factor, doubled = (0.5, 2.0) if name.startswith("layers") and path.startswith("dense") else (1.0, 1.0)
        decay = said["weight_decay"] * doubled * decays
        for step in range(steps):
            rate, g = RATES[step] * factor, summed(name, step)[path]
            if name in DECOUPLED:
                w = w - rate * decay * w
            elif said["kind"] != "lamb":
                g = g + decay * w
            w = formula(w, g, state, rate, step + 1, {**said, "decay": decay, "decays": decays})
        found[path] = w
    return found


EMAS: dict[str, dict[str, Any]] = {"ema": {"decay": 0.9}, "ema every 2": {"decay": 0.8, "every": 2, "buffers": False},
                                   "ema that warms up": {"decay": 0.5, "warmup": True}}


def averaged(name: str, said: dict[str, Any]) -> dict[str, Array]:
    """The average over the steps of the case `sgd`; the norm's moving mean is the step's number, from 0."""
    ema = {"every": 1, "buffers": True, **EMAS[name]}
    found = {**{path: each.astype(np.float64) for path, each in weights().items()}, "norm/moving_mean": np.zeros(3)}
    for step in range(1, STEPS + 1):
        if step % ema["every"]:
            continue
        count = step // ema["every"]
        decay = min(ema["decay"], (1 + count) / (10 + count) if ema.get("warmup") else 1.0)
        now = {**expected("sgd", said, step), "norm/moving_mean": np.full(3, step)}
        kept = {path: decay if ema["buffers"] or path in SHAPES else 0.0 for path in now}
        found = {path: kept[path] * found[path] + (1 - kept[path]) * now[path] for path in now}
    return found


PROGRAM = """
import json, sys
from dataclasses import replace
import tensorflow as tf
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2)
import keras
import numpy as np
from formulas import CASES, CLIPS, EMAS, FALLS, STEPS, averaged, expected, gradients, weights
from archspec.schema.keys import to_json
from archspec.schema.read import section_of
from archspec.spec.recipe import Recipe
from archspec.train.step.average import average
from archspec.train.step.optimizer import make_optimizer
from archspec.train.devices.strategy import make_strategy, over_devices
from archspec.train.step.update import rules, updated

def network():
    images = keras.Input((4,))
    return keras.Model(images, keras.layers.BatchNormalization(name="norm")(keras.layers.Dense(3, name="dense")(images)))

def largest(strategy, variables, wanted):
    held = {variable.path: [each.numpy() for each in strategy.experimental_local_results(variable.value)] for variable in variables}
    return max(float(np.abs(each - wanted[path]).max()) for path, found in held.items() for each in found if path in wanted)

def off(name, kind, ema=None):
    schedule = {"kind": "step", "learning_rate": 0.1, "factor": 0.2, "milestones": [FALLS]}
    recipe = section_of(Recipe, {"optimizer": CASES[name][1], "schedule": schedule, "clip": CLIPS.get(name), "ema": EMAS.get(ema)})
    strategy = make_strategy(replace(recipe, strategy=kind, batch=2))
    keras.utils.clear_session()
    with strategy.scope():
        model = network()
        mean = average(recipe.ema, model, network(), strategy) if ema else None
        optimizer = make_optimizer(recipe, 1, model)
    variables = model.trainable_variables
    for variable in variables:
        variable.assign(weights()[variable.path])
    given = [gradients()[variable.path] for variable in variables]
    done = rules(recipe, model)
    if mean:
        mean.start()
    def step(number):
        context = tf.distribute.get_replica_context()
        here = context.replica_id_in_sync_group
        own = [tf.gather(tf.constant(each), number) for each in given]
        own = [tf.gather(each, here) if kind == "mirrored" else tf.reduce_sum(each, axis=0) for each in own]
        optimizer.apply(updated(over_devices(own), variables, done), variables)
    def run(number):
        strategy.run(step, args=(number,))
    if kind == "mirrored":  # five steps on one device are done sooner than compiled
        run = tf.function(run, autograph=False)
    for number in range(STEPS):
        run(tf.constant(number))
        model.get_layer("norm").moving_mean.assign(np.full(3, number + 1.0))
        if mean:
            mean.follow(number + 1)
    said = to_json(recipe.optimizer)
    if mean:
        return largest(strategy, mean.model.weights, averaged(ema, said))
    return largest(strategy, variables, expected(name, said))

kinds = ("one", "mirrored")
print(json.dumps({name: [off(name, kind) for kind in kinds] for name in CASES} | {name: [off("sgd", kind, name) for kind in kinds] for name in EMAS}))
"""
