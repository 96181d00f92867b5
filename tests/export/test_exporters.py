"""Exports: names, shapes and numbers of what is saved, and that nothing unequal is kept."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from archspec.errors import InputError
from archspec.export import exporters
from archspec.export.exporters import EXPORTERS, NotEqual, export
from archspec.export.parity import compare
from archspec.export.predictor import Predictor
from archspec.preprocess.rule import Preprocess, Squash

IMAGES = np.random.default_rng(0).uniform(0, 255, (5, 6, 7, 3)).astype(np.float32)
RULE = Preprocess(6, 7, 3, Squash(), "bilinear", True, 255.0, (120.0, 110.0, 100.0), (50.0, 60.0, 70.0))


@pytest.fixture(scope="module")
def model() -> keras.Model:
    """A network with batch-norm statistics that are not the initial ones."""
    keras.utils.set_random_seed(0)
    images = keras.Input((6, 7, 3), name="images")
    maps = keras.layers.BatchNormalization()(keras.layers.Conv2D(4, 3)(images))
    built = keras.Model(images, keras.layers.Dense(3)(keras.layers.GlobalAveragePooling2D()(keras.layers.ReLU()(maps))))
    built.layers[2].moving_mean.assign([0.1, -0.2, 0.3, 0.4])
    return built


@pytest.fixture(scope="module")
def predictor(model: keras.Model) -> Predictor:
    return Predictor(model, RULE)


def test_probabilities_are_softmax_of_the_logits_of_normalised_pixels(model: keras.Model, predictor: Predictor) -> None:
    normalised = (IMAGES - [120, 110, 100]) / [50, 60, 70]
    expected = tf.nn.softmax(model(normalised.astype(np.float32), training=False))
    assert predictor.predict(IMAGES)["probabilities"].numpy() == pytest.approx(expected.numpy(), abs=1e-6)


@pytest.mark.parametrize("name", EXPORTERS)
def test_an_export_is_equal_and_kept(name: str, predictor: Predictor, tmp_path: Path) -> None:
    parity = export(name, predictor, IMAGES, tmp_path, 1e-5)
    assert (parity.agreement, parity.images) == (1.0, 5)
    assert (tmp_path / EXPORTERS[name].place).exists()
    assert not list(tmp_path.rglob(".partial*"))


@pytest.mark.parametrize("name", EXPORTERS)
def test_any_number_of_images_at_once(name: str, predictor: Predictor, tmp_path: Path) -> None:
    export(name, predictor, IMAGES, tmp_path, 1e-5)
    together = EXPORTERS[name].run(tmp_path / EXPORTERS[name].place, IMAGES)
    single = EXPORTERS[name].run(tmp_path / EXPORTERS[name].place, IMAGES[:1])
    assert single == pytest.approx(together[:1], abs=1e-6)


@pytest.mark.parametrize("name", EXPORTERS)
def test_an_unequal_one_is_thrown_away(name: str, predictor: Predictor, tmp_path: Path,
                                       monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = exporters.Exporter(EXPORTERS[name].place, EXPORTERS[name].write, lambda path, images: np.full((5, 3), np.nan))
    monkeypatch.setitem(EXPORTERS, name, wrong)
    with pytest.raises(NotEqual, match=f"{name}: differs by inf at most on 5 images.*It was not kept"):
        export(name, predictor, IMAGES, tmp_path, 1e-4)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_published_version_is_never_changed(predictor: Predictor, tmp_path: Path) -> None:
    export("savedmodel", predictor, IMAGES, tmp_path, 1e-5)
    with pytest.raises(InputError, match="what is published is never changed"):
        export("savedmodel", predictor, IMAGES, tmp_path, 1e-5)


def test_the_saved_models_signature(predictor: Predictor, tmp_path: Path) -> None:
    export("savedmodel", predictor, IMAGES, tmp_path, 1e-5)
    served = tf.saved_model.load(str(tmp_path / "saved_model/1")).signatures["serving_default"]
    assert served.structured_input_signature[1] == {"images": tf.TensorSpec((None, 6, 7, 3), tf.float32, name="images")}
    assert {name: (spec.shape.as_list(), spec.dtype) for name, spec in served.structured_outputs.items()} == {
        "probabilities": ([None, 3], tf.float32)}


def test_weights_are_saved_once(model: keras.Model, predictor: Predictor, tmp_path: Path) -> None:
    export("savedmodel", predictor, IMAGES, tmp_path, 1e-5)
    saved = tf.train.list_variables(str(tmp_path / "saved_model/1/variables/variables"))
    shapes = sorted(tuple(shape) for name, shape in saved if "VARIABLE_VALUE" in name)
    assert shapes == sorted(tuple(variable.shape) for variable in model.variables)


def test_the_tflite_file_keeps_the_names(predictor: Predictor, tmp_path: Path) -> None:
    export("tflite", predictor, IMAGES, tmp_path, 1e-5)
    signatures = Interpreter(model_path=str(tmp_path / "model.tflite")).get_signature_list()
    assert signatures == {"serving_default": {"inputs": ["images"], "outputs": ["probabilities"]}}


def test_a_wrong_shape_is_an_error_not_nonsense(predictor: Predictor, tmp_path: Path) -> None:
    export("savedmodel", predictor, IMAGES, tmp_path, 1e-5)
    served = tf.saved_model.load(str(tmp_path / "saved_model/1")).signatures["serving_default"]
    with pytest.raises((tf.errors.InvalidArgumentError, TypeError, ValueError)):
        served(images=tf.zeros((6, 7, 3)))


def test_parity_counts() -> None:
    parity = compare(np.array([[0.6, 0.4], [0.2, 0.8]]), np.array([[0.4, 0.6], [0.2, 0.8]]))
    assert (round(parity.difference, 6), parity.agreement) == (0.2, 0.5)
    assert parity.holds(0.21)
    assert not parity.holds(0.1)
    assert not compare(np.array([[np.nan, 1.0]]), np.array([[0.0, 1.0]])).holds(0.5)
