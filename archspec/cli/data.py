"""`archspec data`: what can be said of the images of a training, and done with them, before it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archspec.cli import DONE, NO
from archspec.cli.bars import ticking
from archspec.cli.data_show import show as show_images
from archspec.cli.options import as_json, overrides, print_json, spec_of
from archspec.cli.screen import Screen
from archspec.errors import InputError
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
RECORDS = ("train*-of-*", "train*.tfrecord*")
"""How TFRecord files are called."""


@click.group()
def data() -> None:
    """Look into the images of a training before it: `data check`, `data show`."""


data.add_command(show_images)


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


@dataclass(frozen=True)
class Asked:
    """Whose images are meant: sections of which the first that can be loaded is taken; how they are read; for which classes."""

    sections: tuple[Data, ...]
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
        return Asked(sections, preprocess_of(Recipe(data=sections[0]), INPUT), None)
    spec = spec_of(reference, overrides)
    graph = lower(spec)
    refuse_missing(spec.train.data)
    height, width, channels = graph.input.type.shape
    rule = preprocess_of(spec.train, (height or INPUT[0], width or INPUT[1], channels or INPUT[2]))
    return Asked((spec.train.data,), rule, graph.output.type.channels)


def _sections(folder: str) -> tuple[Data, ...]:
    if any(path.is_file() for pattern in RECORDS for path in Path(folder).expanduser().glob(pattern)):
        return (Tfrecord(path=folder),)
    from archspec.data.sources.folder import has_tests
    return (Folder(path=folder) if has_tests(Path(folder).expanduser()) else Folder(path=folder, holdout=HOLDOUT),)


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
