"""`archspec data show`: the images that a training would be trained on, in a picture, without training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archspec.cli import DONE
from archspec.cli.bars import ticking
from archspec.cli.completed import files, specs
from archspec.cli.options import as_json, overrides, print_json, spec_of
from archspec.cli.screen import Screen, load_tensorflow
from archspec.errors import InputError
from archspec.io.places import user_path
from archspec.network import lower
from archspec.preprocess.rule import Preprocess, Shape, input_shape, preprocess_of
from archspec.spec.data import Encoded
from archspec.spec.recipe import Recipe
from archspec.train.reporting.picture import COUNT

if TYPE_CHECKING:
    from archspec.data.pipeline import Pipeline
    from archspec.data.source import Source, Split
    from archspec.train.reporting.picture.examples import Example


@click.command()
@click.argument("spec", shell_complete=specs)
@click.option("-o", "--output", metavar="FILE", shell_complete=files,
              help="The picture to write; NAME-augmented.png if not given.")
@click.option("--count", type=click.IntRange(1, 256), default=COUNT, show_default=True, help="How many images, at most.")
@click.option("--epoch", type=click.IntRange(1), help="Show those that this epoch begins with; the first if not given.")
@click.option("--step", type=click.IntRange(1), help="Show those from this step of the whole training on.")
@overrides
@as_json
def show(spec: str, output: str | None, count: int, epoch: int | None, step: int | None, overrides: tuple[str, ...],
         as_json: bool) -> int:
    """Draw the images that SPEC would be trained on: with all that is done at random, and their labels.

    Beside each is the same image as evaluation sees it. What is drawn is what `archspec train` will see in that step.
    """
    if epoch is not None and step is not None:
        raise click.UsageError("--epoch and --step both say where to begin")
    loaded = spec_of(spec, overrides)
    path = _checked(output or f"{loaded.name}-augmented.png")
    shown = _Shown.of(loaded.train, input_shape(lower(loaded)))
    begin = shown.begin(epoch, step)
    found = shown.examples(begin, count)
    from archspec.train.reporting.picture.draw import draw, place, save
    save(draw(loaded.name, shown.pipeline, shown.source.classes, begin, found), path)
    if as_json:
        print_json(_document(path, shown, begin, found))
    else:
        many = f"{len(found)} image{'s' * (len(found) > 1)}"
        click.echo(f"{path}  {many} of {place(shown.pipeline, begin, len(found))}, each beside what evaluation sees of it")
    return DONE


@dataclass(frozen=True)
class _Shown:
    """The images of a recipe, ready to be drawn."""

    source: Source
    pipeline: Pipeline

    @classmethod
    def of(cls, recipe: Recipe, shape: Shape) -> _Shown:
        """Loads TensorFlow. Raises InputError where the data are not there, or do not fit."""
        from archspec.data.sources import load_data, refuse_missing
        refuse_missing(recipe.data)
        console = Screen(stderr=True)
        load_tensorflow(console)
        from archspec.data.pipeline import Pipeline
        source, rule = load_data(recipe.data), preprocess_of(recipe, shape)
        source.check_channels(shape)
        split = _without_skipped(source, recipe, rule, console)
        return cls(source, Pipeline(split, rule, recipe))

    def begin(self, epoch: int | None, step: int | None) -> int:
        """The step, from 0, that a user means. Raises InputError behind the end of the training."""
        steps, epochs = self.pipeline.steps, self.pipeline.recipe.epochs
        found = (epoch - 1) * steps if epoch else (step or 1) - 1
        if found >= epochs * steps:
            said = f"--epoch {epoch}" if epoch else f"--step {step}"
            raise InputError(f"{said}: the training has {epochs} epochs of {steps} steps, {epochs * steps} in all")
        return found

    def examples(self, begin: int, count: int) -> list[Example]:
        """Up to so many images from a step on. Raises InputError for one that cannot be read."""
        from archspec.train.reporting.picture.examples import examples
        return examples(self.pipeline, len(self.source.classes), begin, count)


def _without_skipped(source: Source, recipe: Recipe, rule: Preprocess, console: Screen) -> Split:
    """The split to train on, as the training has it. Only where images may be skipped all of them are looked into."""
    from archspec.data.check import SKIP, checked
    from archspec.data.source import without
    if not isinstance(recipe.data, Encoded) or recipe.data.on_error != SKIP:
        return source.train
    with ticking(console) as tick:
        return without(source.train, checked(source, recipe.data, rule, tick).train)


def _checked(name: str) -> Path:
    path = user_path(name, "-o")
    if path.suffix.lower() != ".png":
        raise InputError(f"{path}: the picture is written as a PNG\n  hint: -o {path.stem or 'augmented'}.png")
    if path.is_dir():
        raise InputError(f"{path} is a folder; -o names a file")
    return path


def _document(path: Path, shown: _Shown, begin: int, found: list[Example]) -> dict[str, Any]:
    names, (epoch, within) = shown.source.classes, divmod(begin, shown.pipeline.steps)
    images = [{"file": each.file, "labels": {names[number]: share for number, share in each.labels.items()},
               "mixed": {names[number]: share for number, share in each.mixed.items()}} for each in found]
    return {"file": str(path), "epoch": epoch + 1, "step": within + 1, "images": images}
