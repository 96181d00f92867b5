"""`archspec draw`: a picture of a network, or of one of its blocks, as SVG; or as a table, or as Mermaid."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from archspec.cli import DONE
from archspec.cli.completed import any_of, called_blocks, files, nothing, specs, stages
from archspec.cli.options import overrides, spec_of, svg_file, svg_look, told
from archspec.errors import InputError, Where, shorten
from archspec.io.files import write_text
from archspec.io.places import user_path, written
from archspec.network import lower

if TYPE_CHECKING:
    from archspec.draw.calls import Repeat, Shown
    from archspec.draw.fit import Wanted
    from archspec.draw.svg import Picture, Theme
    from archspec.draw.table import Format, Style
    from archspec.draw.whole import View
    from archspec.graph.ir import Graph

STREAM = "-"
ALL = "all"
NAMES = re.compile(r"[^\w.+-]+")
"""What stands in no name of a file."""
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
"""What an absolute address begins with."""


def _repeat(ctx: click.Context, parameter: click.Parameter, value: str | None) -> Repeat | None:
    """A number from 1, or `last`."""
    if value is None or value == "last":
        return None if value is None else "last"
    if value != "first" and not (value.isascii() and value.isdigit() and int(value[:9])):
        raise click.BadParameter(f"'{value}' is no repeat: first, last, or a number from 1", ctx, parameter)
    return 1 if value == "first" else int(value[:9])


@click.command()
@click.argument("specs", metavar="SPEC...", nargs=-1, required=True, shell_complete=specs)
@click.option("-o", "--output", metavar="FILE", shell_complete=files,
              help="The file to write; NAME.svg here if not given, - for standard output.")
@click.option("--view", type=click.Choice(["auto", "network", "map"]), default="auto", show_default=True,
              help="network: sections with what they cost; map: by resolution, as suits a U-Net. auto: which tells more.")
@click.option("--full", is_flag=True, help="Every box, one below the other; of two SPECs both, level where they agree.")
@click.option("--block", metavar="NAME", shell_complete=called_blocks,
              help="A block of SPEC, where it is called first; `all`: each in a file of its own.")
@click.option("--stage", metavar="NAME", shell_complete=stages,
              help="The block of a stage; stem and head are drawn whole.")
@click.option("--repeat", callback=_repeat, metavar="first|2|last", shell_complete=any_of("first", "last"),
              help="Which repeat of the stage.  [default: first]")
@click.option("--depth", type=click.IntRange(min=0), metavar="N",
              help="Draw what is called inside N levels deep, where a large picture has one box for it.")
@svg_look
@click.option("--width", type=click.Choice(["auto", "column", "page", "free"]), default="auto", show_default=True,
              help="What the picture has to fit: a column of a paper, 84 mm, or its page, 178 mm.")
@click.option("--link", metavar="URL", shell_complete=nothing,
              help="Boxes lead to URL#L12, their line of SPEC; {file} in it is the file that has it.")
@click.option("--format", "form", type=click.Choice(["svg", "mermaid"]), default="svg", show_default=True,
              help="mermaid: the network as text that GitHub draws.")
@click.option("--table", type=click.Choice(["latex", "markdown", "html"]),
              help="The table that a paper would print; of several SPECs side by side.")
@click.option("--style", type=click.Choice(["resnet", "rows", "inception"]), default="resnet", show_default=True,
              help="Of the table: repeats in brackets; a row a stage with its parameters; a column a path.")
@overrides
def draw(specs: tuple[str, ...], output: str | None, view: View, full: bool, block: str | None, stage: str | None,
         repeat: Repeat | None, depth: int | None, theme: Theme, background: bool, width: Wanted, link: str | None, form: str,
         table: Format | None, style: Style, overrides: tuple[str, ...]) -> int:
    """Draw SPEC or its blocks as pictures, in SVG; or as a paper's table.

    Alone it is the whole network: its stages with folded repeats, what they cost, and its blocks. Two SPECs are drawn side
    by side, every box of them, the same layers level. A picture says what it fits: a column or a page of a paper. Tables and
    Mermaid go to standard output without -o.
    """
    _check_options(len(specs), form, table)
    if table:
        return _table(specs, table, style, output, overrides)
    spec = specs[0]
    from archspec.draw import calls
    from archspec.draw.block import block_picture
    if block and stage:
        raise click.UsageError("--block and --stage: say one of them")
    if repeat is not None and (block == ALL or not (block or stage)):
        raise click.UsageError("--repeat is of one --stage or --block")
    if depth is not None and not (block or stage):
        raise click.UsageError("--depth is of a --stage or --block")
    if len(specs) == 2:
        return _pair(specs, output, theme, background, width, overrides)
    loaded = spec_of(spec, overrides)
    graph = lower(loaded)
    if form == "mermaid":
        from archspec.draw.mermaid import mermaid
        return _text(mermaid(graph), output)
    links = None if link is None else _links(link, loaded.resolved.layers[-1].tree.where.file)
    if full:
        from archspec.draw.full import full_picture
        _write(full_picture(graph, width=width, link=links), output, f"{graph.name}_full", theme, background)
        return DONE
    if not (block or stage):
        from archspec.draw.whole import whole_picture
        _write(whole_picture(graph, view, width=width, link=links), output, graph.name, theme, background)
        return DONE

    def picture(shown: Shown) -> Picture:
        return block_picture(shown, depth=depth, width=width, link=links)

    if block == ALL:
        return _write_all(graph, picture, output, theme, background)
    shown = calls.block(graph, block, repeat or 1) if block else calls.stage(graph, stage or "", repeat)
    _write(picture(shown), output, f"{graph.name}_{block or stage}", theme, background)
    return DONE


def _check_options(specs: int, form: str, table: str | None) -> None:
    """Raises UsageError where an option is given that would do nothing."""
    context = click.get_current_context()
    given = {option.name: option.opts[-1] for option in context.command.params if option.name is not None
             and context.get_parameter_source(option.name) is ParameterSource.COMMANDLINE}
    parts = ("block", "stage", "repeat", "depth")
    pictures = ("view", "full", *parts, "theme", "background", "width", "link")
    if table and "form" in given:
        raise click.UsageError("--format and --table: say one of them")
    for name in pictures if table or form == "mermaid" else ():
        if name in given:
            raise click.UsageError(f"{given[name]} is of pictures, and "
                                   f"{'--table' if table else '--format mermaid'} is none")
    if "style" in given and not table:
        raise click.UsageError("--style is of a --table")
    for name in ("view", "full"):
        if name in given and (other := next((given[part] for part in parts if part in given), None)):
            raise click.UsageError(f"{given[name]} is of a whole network, and {other} of a part of it")
    if "view" in given and "full" in given:
        raise click.UsageError("--view and --full: say one of them")
    for name in ("view", *parts, "link", "form") if specs == 2 and not table else ():
        if name in given:
            raise click.UsageError(f"{given[name]} is of one SPEC, and two are drawn side by side")
    if specs > 2 and not table:
        raise click.UsageError("a picture is of one SPEC or of two; --table sets more side by side")


def _pair(specs: Sequence[str], output: str | None, theme: Theme, background: bool, width: Wanted,
          overrides: tuple[str, ...]) -> int:
    from archspec.draw.full import pair_picture
    first, second = (lower(spec_of(spec, overrides)) for spec in specs)
    _write(pair_picture(first, second, width=width), output, f"{first.name}_{second.name}", theme, background)
    return DONE


def _table(specs: Sequence[str], form: Format, style: Style, output: str | None, overrides: tuple[str, ...]) -> int:
    from archspec.draw.table import table, write
    loaded = [spec_of(spec, overrides) for spec in specs]
    names = [spec.name for spec in loaded]
    if again := [name for name in names if names.count(name) > 1]:
        raise InputError(f"{again[0]} is there {names.count(again[0])} times; each network is a column of its own name")
    return _text(write(table({spec.name: (lower(spec), spec) for spec in loaded}, style), form), output)


def _text(text: str, output: str | None) -> int:
    """Writes what is no picture: to standard output without -o."""
    if output in (None, STREAM):
        click.echo(text, nl=False)
        return DONE
    path = user_path(output, "-o")
    if path.suffix.lower() == ".svg":
        raise InputError(f"{path}: what is written is no SVG\n  hint: leave --table and --format out for a picture")
    if path.is_dir():
        raise InputError(f"{path} is a folder; -o names a file")
    write_text(path, text)
    click.echo(f"{path} written")
    return DONE


def _links(url: str, own: str) -> Callable[[Where], str]:
    """Where a box leads to; nowhere where it is written in another file and the address names none.

    Raises InputError for an address that a browser would run, or open on the reader's machine.
    """
    if SCHEME.match(url) and not url.lower().startswith(("https:", "http:")):
        raise InputError(f"--link {shorten(url)}: a picture links to https:, http: and relative addresses\n"
                         "  hint: --link https://example.org/blob/main/{file}")
    def link(where: Where) -> str:
        if "{file}" in url:
            return f"{url.replace('{file}', written(Path(where.file)))}#L{where.line}"
        return f"{url}#L{where.line}" if where.file == own else ""
    return link


def _write(picture: Picture, output: str | None, name: str, theme: Theme, background: bool) -> None:
    """Writes a picture, and says so, or what it is on standard output."""
    from archspec.draw.svg import svg
    text = svg(picture, theme, background=background)
    if output == STREAM:
        click.echo(text, nl=False)
        return
    path = Path(f"{NAMES.sub('_', name)}.svg") if output is None else svg_file(output, "-o - for standard output")
    write_text(path, text)
    click.echo(told(path, picture))


def _write_all(graph: Graph, picture: Callable[[Shown], Picture], output: str | None, theme: Theme, background: bool) -> int:
    """Each block in a file of its own; its other forms have numbers."""
    from archspec.draw import calls
    if output == STREAM:
        raise click.UsageError("--block all writes several files: -o names a folder")
    folder = Path() if output is None else user_path(output, "-o")
    if folder.is_file() or folder.suffix.lower() == ".svg":
        raise InputError(f"{folder}: --block all writes several files\n  hint: name a folder: -o {folder.with_suffix('')}")
    found = calls.distinct(graph)
    if not found:
        raise InputError(f"{graph.name} calls no block\n  hint: --stage draws its stem, stages and head")
    for name, shown in zip(_names(graph, found), found, strict=True):
        _write(picture(shown), str(folder / f"{name}.svg"), name, theme, background)
    return DONE


def _names(graph: Graph, found: Sequence[Shown]) -> list[str]:
    """resnet50_bottleneck, resnet50_bottleneck_2: none twice."""
    names: list[str] = []
    for shown in found:
        base = NAMES.sub("_", f"{graph.name}_{shown.title}")
        tries = (base, *(f"{base}_{number}" for number in range(2, len(found) + 2)))
        names.append(next(name for name in tries if name not in names))
    return names
