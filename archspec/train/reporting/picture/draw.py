"""From a training to the picture of what it is trained on."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from archspec.data.order import ALL
from archspec.data.pipeline import Pipeline
from archspec.errors import InputError
from archspec.io.files import replacing
from archspec.train.job import Job
from archspec.train.reporting.picture import COUNT
from archspec.train.reporting.picture.examples import Example, examples
from archspec.train.reporting.picture.sheet import Sheet
from archspec.train.reporting.picture.words import operations

NONE: Mapping[str, str] = MappingProxyType({})


def draw(name: str, pipeline: Pipeline, classes: tuple[str, ...], step: int, shown: list[Example]) -> Image.Image:
    """The picture of examples from a step of the training of a spec on."""
    title = f"{name}: {place(pipeline, step, len(shown))}"
    return Sheet(title, operations(pipeline.recipe.augmentation), classes, shown).draw()


def place(pipeline: Pipeline, step: int, count: int) -> str:
    """Where so many images from a step on are, counted from 1."""
    epoch, within = divmod(step, pipeline.steps)
    last = within + -(-count // pipeline.recipe.batch)
    said = f"step {last}" if last == within + 1 else f"steps {within + 1} to {last}"
    return f"epoch {epoch + 1}, {said} of {pipeline.steps}"


def save(image: Image.Image, path: Path, texts: Mapping[str, str] = NONE) -> None:
    """Writes a PNG, whole or not at all, with texts in it by keyword."""
    said = PngInfo()
    for keyword, text in texts.items():
        said.add_text(keyword, text)
    with replacing(path) as partial:
        image.save(partial, format="PNG", pnginfo=said)


def draw_first(path: Path, name: str, job: Job) -> None:
    """The picture of what a training begins with, unless it is there. One process of a cluster writes it.

    An image that cannot be read ends the training when it comes to it, with what was done saved; not here.
    """
    if path.exists() or not job.cluster.chief:
        return
    with suppress(InputError):
        save(draw_from(name, job, 0), path)


def draw_from(name: str, job: Job, step: int) -> Image.Image:
    """The picture of what is trained on from a step of a job on. Raises InputError for an image that cannot be read."""
    whole, classes = replace(job.training, shard=ALL), job.data.classes
    return draw(name, whole, classes, step, examples(whole, len(classes), step, COUNT))
