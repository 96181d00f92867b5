"""The images that a network learned from and was tested on, as evaluation sees them, where they still are there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from archspec.artifact.artifact import Artifact
from archspec.artifact.folder import SPEC
from archspec.data.check import checked
from archspec.data.looking import Tick
from archspec.data.pipeline import Pipeline
from archspec.data.source import Source, without
from archspec.data.sources import load_data
from archspec.errors import InputError
from archspec.export import sample
from archspec.network import load
from archspec.preprocess.rule import Preprocess
from archspec.spec.recipe import Recipe


@dataclass(frozen=True)
class Images:
    """Those that can be read."""

    source: Source
    training: Pipeline
    testing: Pipeline


def to_compare(testing: Pipeline | None, rule: Preprocess) -> np.ndarray:
    """What exports are compared on: test images (n, h, w, c) float32, 0 to 255, a sample over the classes; else made ones."""
    return testing.sample(sample.IMAGES, sample.SEED)[0] if testing else sample.made(rule)


def to_calibrate(found: Images | None, count: int) -> np.ndarray | None:
    """What shows a quantised export the range of its numbers: so many training images likewise; None where they are gone."""
    return found.training.sample(count, sample.SEED)[0] if found else None


def images(recipe: Recipe, rule: Preprocess, digest: str, tick: Tick) -> tuple[Images | None, str]:
    """The images of a recipe; None, and why, where they are not there, or are not those of a digest, if one is given."""
    try:
        source = load_data(recipe.data)
        source.check_channels(rule.shape)
        found = checked(source, recipe.data, rule, tick)
    except InputError as error:
        return None, str(error).partition("\n")[0]
    if digest and found.index.digest != digest:
        return None, f"the data '{source.name}' are not those that it was trained on"
    training, testing = (Pipeline(without(split, gone), rule, recipe) for split, gone in (
        (source.train, found.train), (source.test, found.test)))
    return Images(source, training, testing), ""


@dataclass(frozen=True, eq=False)
class Sought:
    """The images of the run in a folder, looked for once, when they are first needed."""

    folder: Path
    artifact: Artifact

    @property
    def images(self) -> Images | None:
        """None where they are not there."""
        return self._found[0]

    @property
    def testing(self) -> Pipeline | None:
        """Those that it is tested on."""
        return self.images.testing if self.images else None

    @property
    def note(self) -> str:
        """A word on it where they are not there; else ''."""
        why = self._found[1]
        return f"exports were compared on made images, for there is no data ({why})" if why else ""

    @cached_property
    def _found(self) -> tuple[Images | None, str]:
        recipe = load(str(self.folder / SPEC)).train
        return images(recipe, self.artifact.preprocess, self.artifact.data, lambda what, done, of: None)
