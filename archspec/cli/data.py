"""`archspec data`: what can be said of the images of a training, and done with them, before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from archspec.cli import DONE, NO
from archspec.cli.asked import Asked, asked_for, without_tests
from archspec.cli.bars import ticking
from archspec.cli.completed import folders, specs
from archspec.cli.data_show import show as show_images
from archspec.cli.options import as_json, overrides, print_json
from archspec.cli.screen import Screen
from archspec.errors import InputError
from archspec.io.places import user_path

if TYPE_CHECKING:
    from archspec.data.report import Report

HOLDOUT = 0.2
"""Of a folder that has no images to test on. Which ones they are is of no matter here."""
QUALITY = 90
"""Of JPEGs that are encoded anew, where nothing is said."""


@click.group()
def data() -> None:
    """Look into the images of a training before it, and pack them: `data check`, `data show`, `data pack`."""


data.add_command(show_images)


@data.command()
@click.argument("spec", metavar="SPEC_OR_FOLDER", shell_complete=specs)
@overrides
@as_json
def check(spec: str, overrides: tuple[str, ...], as_json: bool) -> int:
    """Decode every image once, and say what is wrong or odd. Exit code 1 if a training would stop.

    SPEC_OR_FOLDER is a spec, whose `train.data` is checked, or a folder of images. What is found out is kept: a second time
    only new files and those that have changed are looked into.
    """
    from archspec.cli.data_tables import show
    from archspec.data.report import not_loaded
    asked = asked_for(spec, overrides, HOLDOUT if without_tests(spec) else None)
    try:
        found = _report(asked)
    except InputError as error:
        found = not_loaded(asked.section.source, error)
    if as_json:
        print_json(found.to_json())
    else:
        show(found, spec)
    return DONE if found.ok else NO


@data.command()
@click.argument("spec", metavar="SPEC_OR_FOLDER", shell_complete=specs)
@click.argument("out", shell_complete=folders)
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
    found = packed(asked_for(spec, overrides, holdout), user_path(out, "OUT"), size, shorter, quality or QUALITY)
    if as_json:
        print_json(found.to_json())
    else:
        show(found)
    return DONE


def _report(asked: Asked) -> Report:
    from archspec.data.check import decode_both
    from archspec.data.looking import look_into
    from archspec.data.report import report
    from archspec.io.quiet import quiet_pillow
    source = asked.load()
    quiet_pillow()
    with ticking(Screen(stderr=True)) as tick:
        looked = look_into(source, tick)
        decode_both(looked, asked.rule, tick)
    return report(looked, asked.recipe, asked.rule, asked.classes)
