"""One step: what it changes and what it counts. Weight decay acts on kernels alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from archspec.data.augment.batches import blender
from archspec.data.augment.mixing import Mixed
from archspec.evaluate.evaluator import classification
from archspec.evaluate.loss import cross_entropy, truth
from archspec.preprocess.rule import preprocess_of
from archspec.schema.read import section_of
from archspec.spec.augment import MixUp
from archspec.spec.preprocess import PreprocessKeys
from archspec.spec.recipe import Recipe
from archspec.train.progress import trained
from archspec.train.step import optimizer as optimizers
from archspec.train.step.blend import blended
from archspec.train.step.objective import objective
from archspec.train.step.steps import EvaluateStep, TrainStep, split_outputs
from archspec.train.step.treatment import Treatment
from archspec.train.step.update import decay, rules, updated

IMAGES = np.random.default_rng(0).normal(size=(4, 6, 6, 1)).astype(np.float32)
LABELS = np.array([0, 1, 2, 0], np.int32)
ONES = np.ones(4, np.float32)
DECAYING = Treatment("kernel", 1.0, 0.5, True)
RULE = preprocess_of(Recipe(preprocess=PreprocessKeys(mean=(0.0,), std=(1.0,))), (6, 6, 1))


def network() -> keras.Model:
    keras.utils.set_random_seed(0)
    keras.utils.clear_session()  # the same layer names each time
    layers = keras.layers
    images = keras.Input((6, 6, 1))
    maps = layers.BatchNormalization()(layers.DepthwiseConv2D(3, depth_multiplier=2)(layers.Conv2D(3, 3)(images)))
    return keras.Model(images, layers.Dense(3)(layers.Flatten()(layers.PReLU()(maps))))


def train_step(model: keras.Model, recipe: Recipe, class_weights: np.ndarray | None = None) -> TrainStep:
    return TrainStep(model, optimizers.make_optimizer(recipe, 1, model), recipe, RULE, rules(recipe, model), 3, class_weights)


def after_a_step(**keys: Any) -> dict[str, np.ndarray]:
    model = network()
    recipe = section_of(Recipe, {"batch": 4, "schedule": {"kind": "constant", "learning_rate": 0.5}, **keys})
    train_step(model, recipe)(IMAGES, LABELS, ONES, ())
    return {variable.path: variable.value.numpy() for variable in model.trainable_variables}


def test_decay_takes_its_share_of_kernels_and_of_nothing_else() -> None:
    before = {variable.path: variable.value.numpy() for variable in network().trainable_variables}
    without = after_a_step(optimizer={"weight_decay": 0.0})
    decayed = after_a_step(optimizer={"weight_decay": 0.1})
    for path, value in without.items():
        # coupled: the penalty's gradient goes through the learning rate, 0.5 · 0.1 of the weight
        share = 0.05 if path.rsplit("/")[-1].endswith("kernel") else 0.0
        assert decayed[path] == pytest.approx(value - share * before[path], abs=1e-6), path
    assert sum(path.endswith("kernel") for path in without) == 3


def test_decay_goes_through_momentum() -> None:
    """Two steps with no other gradient: w - rd·w, then minus momentum times the first change."""
    variable = keras.Variable(np.float32(1.0), name="kernel")
    optimizer = keras.optimizers.SGD(0.1, momentum=0.9)
    for _ in range(2):
        optimizer.apply(decay({variable.path: DECAYING})([tf.constant(0.0)], [variable]), [variable])
    assert float(variable) == pytest.approx(0.95 - 0.9 * 0.05 - 0.1 * 0.5 * 0.95)


def test_filled_up_places_count_for_nothing() -> None:
    model = network()
    recipe = Recipe(batch=4)
    weights = np.array([1, 1, 0, 0], np.float32)
    evaluate = EvaluateStep(model, RULE, classification(3))
    sums = evaluate(IMAGES, LABELS, weights, ())
    others = evaluate(np.concatenate([IMAGES[:2], IMAGES[:2] * 100]), LABELS, weights, ())
    assert sums.numpy().tolist() == pytest.approx(others.numpy().tolist())
    assert train_step(model, recipe)(IMAGES, LABELS, weights, ()).numpy()[-1] == 2


def test_means_of_sums() -> None:
    assert trained(np.array([3.0, 1, 4])) == {"loss": 0.75, "accuracy": 0.25}


def test_equal_logits_hit_nothing() -> None:
    """A network that says nothing: ties are no hits, in training as in evaluation."""
    model = network()
    model.layers[-1].kernel.assign(np.zeros(model.layers[-1].kernel.shape))
    evaluator = classification(3)
    assert dict(evaluator.results(EvaluateStep(model, RULE, evaluator)(IMAGES, LABELS, ONES, ()).numpy()))["top1"] == 0.0
    assert trained(train_step(model, Recipe(batch=4))(IMAGES, LABELS, ONES, ()).numpy())["accuracy"] == 0.0


def test_smoothing_gives_every_class_its_part() -> None:
    """Szegedy et al. 2016, section 7: (1 - e) of the truth plus e over the classes."""
    logits = tf.constant([[2.0, 0.0, 1.0, -1.0]])
    logs = tf.nn.log_softmax(logits).numpy()[0]
    expected = -(0.9 * logs[0] + 0.1 * logs.mean())
    assert float(cross_entropy(truth(tf.constant([0]), 4, 0.1), logits)[0]) == pytest.approx(expected)


def test_auxiliary_losses_have_their_weight() -> None:
    base = network()
    both = keras.Model(base.input, {"logits": base.output, "auxiliary_stage1": keras.layers.Dense(3)(base.output)})
    assert len(split_outputs(both(IMAGES))[1]) == 1
    before = both.layers[-1].kernel.value.numpy()
    for weight, moved in ((0.0, False), (0.3, True)):
        recipe = section_of(Recipe, {"batch": 4, "auxiliary_weight": weight, "optimizer": {"weight_decay": 0.0}})
        train_step(both, recipe)(IMAGES, LABELS, ONES, ())
        assert (np.abs(both.layers[-1].kernel.value.numpy() - before).max() > 0) == moved


def test_rules_are_done_in_order() -> None:
    """Each takes what the one before made, with the weights beside it."""
    variable = keras.Variable(np.float32(2.0), name="kernel")
    halved = [lambda gradients, variables: [gradient / 2 for gradient in gradients],
              decay({variable.path: Treatment("kernel", 1.0, 1.0, True)})]
    assert [float(each) for each in updated([tf.constant(8.0)], [variable], halved)] == [6.0]
    assert [float(each) for each in updated([tf.constant(8.0)], [variable], halved[::-1])] == [5.0]


def test_pixels_are_normalized_in_the_step() -> None:
    """The network sees (pixel - mean) / std, whole levels or not."""
    model, evaluator = network(), classification(3)
    pixels = np.random.default_rng(1).integers(0, 256, (4, 6, 6, 1), np.uint8)
    rule = preprocess_of(Recipe(), (6, 6, 1))
    seen = EvaluateStep(model, rule, evaluator)(pixels, LABELS, ONES, ())
    plain = EvaluateStep(model, RULE, evaluator)((pixels.astype(np.float32) - 127.5) / 127.5, LABELS, ONES, ())
    assert seen.numpy().tolist() == pytest.approx(plain.numpy().tolist(), rel=1e-5)


def test_several_labels_are_learned_by_class() -> None:
    model, recipe = network(), Recipe(batch=4)
    step = TrainStep(model, optimizers.make_optimizer(recipe, 1, model), recipe, RULE, rules(recipe, model), 3)
    labels = np.uint8([[1, 0, 1], [0, 0, 0], [1, 1, 1], [0, 1, 0]])
    logits = model(IMAGES, training=True).numpy()
    found = step(IMAGES, labels, ONES, ()).numpy()
    expected = np.log1p(np.exp(-np.where(labels > 0, logits, -logits).astype(np.float64))).mean(axis=1).sum()
    assert found[0] == pytest.approx(expected, rel=1e-4)
    assert found[1] == np.sum(labels[np.arange(4), logits.argmax(axis=1)])


def test_blended_images_are_what_is_learned() -> None:
    model, recipe = network(), Recipe(batch=4, augment=(MixUp(alpha=1.0),))
    blend = blender(recipe.augmentation, (6, 6, 1), 10).draw(0, 3, np.arange(4))  # type: ignore[union-attr]
    inputs, truths = blended(tf.constant(IMAGES), truth(tf.constant(LABELS), 3, 0.0), blend)
    expected = tf.reduce_sum(cross_entropy(truths, model(inputs, training=True))).numpy()
    assert train_step(model, recipe)(IMAGES, tf.constant(LABELS), ONES, blend).numpy()[0] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_of_blended_images_with_several_labels_those_of_the_larger_part_count(smoothing: float) -> None:
    model, recipe = network(), Recipe(batch=4, label_smoothing=smoothing)
    step = TrainStep(model, optimizers.make_optimizer(recipe, 1, model), recipe, RULE, rules(recipe, model), 3)
    labels, shares = np.repeat(np.uint8([[0], [1], [1], [0]]), 3, axis=1), tf.constant([0.3, 0.8, 0.8, 0.3])
    for part, hits in ((shares, 4), (1 - shares, 0), (tf.ones(4), 2)):
        assert step(IMAGES, labels, ONES, (Mixed(part, tf.zeros((4, 4), tf.int32), part),)).numpy()[1] == hits


@pytest.mark.parametrize("mix", [False, True])
def test_each_label_of_an_image_counts_with_the_weight_of_its_own_class(mix: bool) -> None:
    recipe, model, scales = Recipe(batch=4), network(), np.float32([1, 5, 0.0])
    draw = blender((MixUp(alpha=1.0),), RULE.shape, 1) if mix else None
    blend = tf.nest.map_structure(tf.constant, draw.draw(0, 0, np.arange(4))) if draw else ()
    inputs, truths = blended(IMAGES, truth(LABELS, 3, 0.0), blend)
    logs = tf.nn.log_softmax(model(inputs, training=True)).numpy()
    loss, _, examples = train_step(model, recipe, scales)(IMAGES, LABELS, ONES, blend).numpy()
    assert (loss, examples) == (pytest.approx(-(truths.numpy() * scales * logs).sum(), rel=1e-6), 4)


def test_the_gradient_of_weighed_truths_is_that_of_their_loss() -> None:
    truths, logits = np.float32([[0.5, 2.0, 0.0], [0, 0, 0]]), tf.constant([[0.1, -0.3, 0.8], [1.0, 0.0, 0.0]])
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = objective(None, True, True)(truths, truths, logits)
    assert loss.numpy() == pytest.approx(-(truths * tf.nn.log_softmax(logits).numpy()).sum(axis=1), abs=1e-6)
    wanted = truths.sum(axis=1, keepdims=True) * tf.nn.softmax(logits).numpy() - truths
    np.testing.assert_allclose(tape.gradient(loss, logits), wanted, atol=1e-6)


def test_of_examples_without_a_weight_loss_and_accuracy_are_0() -> None:
    assert trained(np.zeros(3)) == {"loss": 0.0, "accuracy": 0.0}


def test_a_batch_that_is_not_full_weighs_what_it_holds() -> None:
    """Two images of four: the change is that of the mean of these two."""
    keys = {"optimizer": {"weight_decay": 0.0}, "schedule": {"kind": "constant", "learning_rate": 0.5}}
    half, whole = network(), network()
    for model in (half, whole):
        model.layers[3].trainable = False  # the norm, whose statistics would be of other images
    replace(train_step(half, section_of(Recipe, {"batch": 4, **keys})), partial=True)(IMAGES, LABELS, np.float32([1, 1, 0, 0]), ())
    train_step(whole, section_of(Recipe, {"batch": 2, **keys}))(IMAGES[:2], LABELS[:2], ONES[:2], ())
    for one, other in zip(half.trainable_variables, whole.trainable_variables, strict=True):
        np.testing.assert_allclose(one.value.numpy(), other.value.numpy(), atol=1e-6)
