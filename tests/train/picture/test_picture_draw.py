"""augmented.png of a run: written before the first step, left as it is by the next start, and shown by TensorBoard."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from runs import RUN, after_steps, exact

from archspec.cli import run as archspec
from archspec.data.pipeline import Pipeline
from archspec.data.sources import load_data
from archspec.errors import InputError
from archspec.preprocess.rule import preprocess_of
from archspec.spec.recipe import Recipe
from archspec.train.devices.cluster import Cluster
from archspec.train.reporting.board import Board
from archspec.train.reporting.picture import draw as drawing
from archspec.train.reporting.picture.draw import draw_first, place

PICTURE = RUN / "augmented.png"
MIXED = ["--set", "train.augment=[{pad_crop: 1}, random_erasing, mixup]", "--set", "export.formats=[]"]


def interrupted() -> None:
    raise KeyboardInterrupt


def images() -> list[np.ndarray]:
    """Of the run's event file."""
    file, = (RUN / "tensorboard" / "train").iterdir()
    values = [value for event in tf.compat.v1.train.summary_iterator(str(file)) for value in event.summary.value]
    return [tf.io.decode_png(value.tensor.string_val[2]).numpy() for value in values if value.tag == "augmented"]


def test_it_is_that_of_data_show_and_in_tensorboard(spec: Path) -> None:
    assert archspec(["train", "small.yaml", *MIXED]) == 0
    assert archspec(["data", "show", "small.yaml", *MIXED]) == 0
    assert PICTURE.read_bytes() == Path("small-augmented.png").read_bytes()
    with Image.open(PICTURE) as image:
        assert np.array_equal(images()[0], image)


def test_a_run_that_goes_on_leaves_it_and_ends_as_without_it(spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as without:
        without.setattr(drawing, "draw_first", lambda *_: None)
        assert archspec(["train", "small.yaml", *MIXED]) == 0
    whole = exact(RUN)
    RUN.rename("whole")
    with monkeypatch.context() as stopped:
        after_steps(stopped, 20, interrupted)
        assert archspec(["train", "small.yaml", *MIXED]) == 130
    Image.new("RGB", (3, 2)).save(PICTURE)
    before = PICTURE.read_bytes()
    assert archspec(["train", "small.yaml", *MIXED]) == 0
    assert PICTURE.read_bytes() == before
    assert [image.shape for image in images()] == [(2, 3, 3)]
    assert exact(RUN) == whole


def test_a_picture_that_is_damaged_or_gone_is_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    board = Board(RUN / "tensorboard", RUN / "spec.yaml", {}, [], [])
    board.picture(PICTURE)
    PICTURE.write_bytes(b"damaged")
    board.picture(PICTURE)
    board.close()
    assert images() == []


def test_an_image_that_cannot_be_read_is_for_the_training_to_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise InputError("1.jpg: cannot be read as an image")
    monkeypatch.setattr(drawing, "examples", refused)
    job = SimpleNamespace(cluster=Cluster(), data=SimpleNamespace(classes=("cat", "dog")), training=Pipeline(None, None, Recipe()))  # type: ignore[arg-type]
    draw_first(tmp_path / "augmented.png", "small", job)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_one_process_of_a_cluster_draws_it(tmp_path: Path) -> None:
    draw_first(tmp_path / "augmented.png", "small", SimpleNamespace(cluster=Cluster(1, ("a:1", "b:1"))))  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("step", "count", "said"), [
    (0, 24, "epoch 1, step 1 of 30"), (31, 24, "epoch 2, step 2 of 30"), (0, 49, "epoch 1, steps 1 to 2 of 30")])
def test_where_it_is(step: int, count: int, said: str) -> None:
    recipe = Recipe(batch=48)
    found = Pipeline(load_data(recipe.data).train, preprocess_of(recipe, (8, 8, 1)), recipe)
    assert place(found, step, count) == said
