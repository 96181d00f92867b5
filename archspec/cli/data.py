"""`archspec data`: what can be said of the images of a training, and done with them, before it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archspec.cli import DONE, NO
from archspec.cli.bars import ticking
from archspec.cli.options import as_json, overrides, print_json, spec_of
from archspec.cli.screen import Screen
from archspec.errors import InputError
from archspec.io.places import user_path
from archspec.network import lower
from archspec.spec.data import Data, Folder, Tfrecord
from archspec.spec.recipe import Recipe

if TYPE_CHECKING:
    from archspec.data.report import Report
    from archspec.data.source import Source
    from archspec.preprocess.rule import Preprocess

INPUT = (224, 224, 3)
"""For which images are checked that are no spec's."""
HOLDOUT = 0.2
"""Of a folder that has no images to test on. Which ones they are is of no matter here."""
QUALITY = 90
"""Of JPEGs that are encoded anew, where nothing is said."""
RECORDS = ("train*-of-*", "train*.tfrecord*")
"""How TFRecord files are called."""


@click.group()
def data() -> None:
    """Look into the images of a training before it, and pack them: `archspec data check`, `archspec data pack`."""


@data.command()
@click.argument("spec", metavar="SPEC_OR_FOLDER")
@overrides
@as_json
def check(spec: str, overrides: tuple[str, ...], as_json: bool) -> int:
    """Decode every image once, and say what is wrong or odd. Exit code 1 if a training would stop.

    SPEC_OR_FOLDER is a spec, whose `train.data` is checked, or a folder of images. What is found out is kept: a second time
    only new files and those that have changed are looked into.
    """
    from archspec.cli.data_tables import show
    from archspec.data.report import not_loaded
    asked = asked_for(spec, overrides)
    try:
        found = _report(asked, asked.load())
    except InputError as error:
        found = not_loaded(asked.sections[0].source, error)
    if as_json:
        print_json(found.to_json())
    else:
        show(found, spec)
    return DONE if found.ok else NO


@data.command()
@click.argument("spec", metavar="SPEC_OR_FOLDER")
@click.argument("out")
@click.option("--size", type=click.IntRange(1, 1 << 12), default=128, show_default=True, metavar="MIB",
              help="How large a file is to be, nearly.")
@click.option("--shorter", type=click.IntRange(1, 1 << 14), metavar="PIXELS",
              help="Scale images whose shorter side is longer to that length, and encode them anew.")
@click.option("--quality", type=click.IntRange(1, 100), metavar="1..100",
              help=f"Of the JPEGs of images that --shorter scales.  [default: {QUALITY}]")
@click.option("--holdout", type=click.FloatRange(0, 1, min_open=True, max_open=True), metavar="SHARE",
              help="The share of each class to test on, of a FOLDER that holds the class folders themselves.")
@overrides
@as_json
def pack(spec: str, out: str, size: int, shorter: int | None, quality: int | None, holdout: float | None,
         overrides: tuple[str, ...], as_json: bool) -> int:
    """Write the images as TFRecord files with an index into the folder OUT, and say how to train on them.

    SPEC_OR_FOLDER is a spec, whose `train.data` is packed, or a folder of images. Stopped, the same command goes on with the
    file at which it was. What was written is read back and compared.
    """
    from archspec.cli.data_pack import packed, show
    if quality is not None and shorter is None:
        raise InputError("--quality is that of images which are scaled\n  hint: add --shorter, or leave --quality out")
    asked = _to_pack(spec, overrides, holdout)
    found = packed(asked, user_path(out, "OUT"), size, shorter, quality or QUALITY)
    if as_json:
        print_json(found.to_json())
    else:
        show(found)
    return DONE


@dataclass(frozen=True)
class Asked:
    """Whose images are meant: sections of which the first that can be loaded is taken; how they are read; for which classes."""

    sections: tuple[Data, ...]
    recipe: Recipe
    rule: Preprocess
    classes: int | None

    def load(self) -> tuple[Source, Data]:
        """The images, and the section that they are of. Raises InputError, on the first section, where there are none."""
        from archspec.data.sources import load_data
        first: InputError | None = None
        for section in self.sections:
            try:
                return load_data(section), section
            except InputError as error:
                first = first or error
        assert first is not None
        raise first


def asked_for(reference: str, overrides: tuple[str, ...]) -> Asked:
    """What a folder or a spec means. Raises InputError where there is neither, or where the spec's data are not there."""
    from archspec.data.sources import refuse_missing
    from archspec.preprocess.rule import preprocess_of
    if Path(reference).expanduser().is_dir():
        if overrides:
            raise InputError(f"--set changes a spec, and {reference} is a folder")
        sections = _sections(reference)
        recipe = Recipe(data=sections[0])
        return Asked(sections, recipe, preprocess_of(recipe, INPUT), None)
    spec = spec_of(reference, overrides)
    graph = lower(spec)
    refuse_missing(spec.train.data)
    height, width, channels = graph.input.type.shape
    rule = preprocess_of(spec.train, (height or INPUT[0], width or INPUT[1], channels or INPUT[2]))
    return Asked((spec.train.data,), spec.train, rule, graph.output.type.channels)


def _to_pack(reference: str, overrides: tuple[str, ...], holdout: float | None) -> Asked:
    """As `asked_for`, but of a folder no share is held back to test on that nobody has asked for."""
    asked = asked_for(reference, overrides)
    first = asked.sections[0]
    if holdout is None:
        return replace(asked, sections=(first,))
    if not Path(reference).expanduser().is_dir() or not isinstance(first, Folder):
        raise InputError("--holdout is of a folder of images\n  hint: of a spec, --set train.data.holdout=SHARE")
    return replace(asked, sections=(replace(first, holdout=holdout),))


def _sections(folder: str) -> tuple[Data, ...]:
    if any(path.is_file() for pattern in RECORDS for path in Path(folder).expanduser().glob(pattern)):
        from archspec.data.pack.place import section_keys
        return (Tfrecord(path=folder, **section_keys(Path(folder).expanduser())),)
    return Folder(path=folder), Folder(path=folder, holdout=HOLDOUT)


def _report(asked: Asked, loaded: tuple[Source, Data]) -> Report:
    from archspec.data.check import decode_both
    from archspec.data.looking import look_into
    from archspec.data.report import report
    from archspec.io.quiet import quiet_pillow
    source, section = loaded
    quiet_pillow()
    with ticking(Screen(stderr=True)) as tick:
        looked = look_into(source, tick)
        decode_both(looked, asked.rule, tick)
    return report(looked, section, asked.rule, asked.classes)
