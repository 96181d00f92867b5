"""Options and output that commands share."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from archspec.cli.completed import keys_to_set
from archspec.errors import InputError, SpecError, Where
from archspec.io.places import user_path
from archspec.io.streams import aside
from archspec.network import load
from archspec.spec.arch import Spec
from archspec.spec.files import hidden
from archspec.spec.inherit import SET

if TYPE_CHECKING:
    from archspec.draw.svg import Picture

F = TypeVar("F", bound=Callable[..., Any])


class Named(click.Path):
    """What a user calls a file or folder, as a path; an empty text is refused, which would mean the current folder."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path. Raises click.BadParameter."""
        return super().convert(value, param, ctx) if value else self.fail("it is empty: a name is expected", param, ctx)


FILE = Named(path_type=Path)


def overrides(function: F) -> F:
    """--set key.path=value."""
    return click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", shell_complete=keys_to_set,
                        help="Change the spec: --set stages.se=16. May be repeated.")(function)


def as_json(function: F) -> F:
    """--json."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")(function)


def svg_look(function: F) -> F:
    """--theme and --no-background, of a picture."""
    function = click.option("--no-background", "background", flag_value=False, default=True,
                            help="No paper behind the picture.")(function)
    return click.option("--theme", type=click.Choice(["auto", "light", "dark"]), default="auto", show_default=True,
                        help="Colours; auto follows what the reader prefers.")(function)


def svg_file(name: str, of_device: str = "-o names one") -> Path:
    """The file that -o names for a picture. Raises InputError where no SVG is meant, with `of_device` as hint for a device."""
    path = user_path(name, "-o")
    if path.is_dir():
        raise InputError(f"{path} is a folder; -o names a file")
    if path.is_char_device() or path.is_fifo():
        raise InputError(f"{path} is no file\n  hint: {of_device}")
    if path.suffix.lower() != ".svg":
        raise InputError(f"{path}: the picture is written as SVG\n  hint: -o {path.with_suffix('').name or 'network'}.svg; "
                         "rsvg-convert, Inkscape and CairoSVG make a PDF or PNG of it")
    return path


def told(path: Path, picture: Picture) -> str:
    """What is said of a picture that was written: its size, and what it fits."""
    wide, tall = picture.size
    fits = {"column": "fits a column", "page": "needs the width of a page", "free": "wider than a page"}[picture.fits]
    return f"{path}: {wide:g} x {tall:g} px, {fits}"


def needed(layers: Sequence[str]) -> str:
    """What to say behind a .keras file that needs these layers of archspec's to be loaded; '' if it needs none."""
    return f"; import archspec before you load it, for {', '.join(layers)}" if layers else ""


def print_json(document: object) -> None:
    """One JSON document on standard output."""
    text = json.dumps(document, indent=1, ensure_ascii=False)
    click.echo(text.encode(errors="backslashreplace").decode())  # what a command line had that is no UTF-8, as JSON's \udce9


def tell_hidden(reference: str) -> None:
    """Says on standard error that a SPEC is one that ships, where somebody may mean a file of that name in the folder."""
    if here := hidden(reference):
        aside(f"note: {reference} is the spec that ships; for the file here write {here}")


def spec_of(reference: str, overrides: tuple[str, ...]) -> Spec:
    """The spec that a command works on; what is doubtful in it is said on standard error. Raises SpecError."""
    tell_hidden(reference)
    spec = load(reference, overrides)
    for warning in spec.warnings:
        aside(f"warning: {warning}")
    return spec


@contextmanager
def told_of(said: Mapping[str, tuple[str, str]]) -> Iterator[None]:
    """A problem of an override that an option stands for is told at the option: `said` has its name and text by override."""
    try:
        yield
    except SpecError as error:
        raise SpecError(replace(each, where=_of_option(each.where, said)) for each in error.problems) from None


def _of_option(where: Where, said: Mapping[str, tuple[str, str]]) -> Where:
    if where.file != SET or where.text not in said:
        return where
    option, text = said[where.text]
    return Where(option, 1, max(1, where.column - where.text.rindex(text)), where.path, text)
