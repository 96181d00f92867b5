"""`archspec runs`: the runs at hand, by what they reached and by what differs in their specs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click
from rich.markup import escape

from archspec.cli import DONE
from archspec.cli.options import as_json, print_json
from archspec.cli.screen import screen
from archspec.errors import InputError, shorten
from archspec.io.places import user_path

if TYPE_CHECKING:
    from rich.table import Table

    from archspec.train.reporting.listing import Entry

COLUMNS = 5
"""Of keys that differ; the names of others stand below the table, their values in --json."""
SHORT = 24
"""Letters of a value in the table."""


@click.command()
@click.argument("folders", nargs=-1, metavar="[DIR]...")
@as_json
def runs(folders: tuple[str, ...], as_json: bool) -> int:
    """List the runs in each DIR (runs if none is given), the best first, with the keys in which their specs differ.

    DIR may be a run folder itself, so that two runs are compared: archspec runs runs/a runs/b.
    """
    from archspec.train.reporting.listing import Entry, best_first, differing, document, find, read_entry
    found, refused = list[Entry](), list[str]()
    for path in dict.fromkeys(find([user_path(each, "DIR") for each in folders or ("runs",)])):
        try:
            found.append(read_entry(path))
        except InputError as error:
            refused.append(str(error).partition("\n")[0])
    entries = best_first(found)
    keys = differing(entries)
    if as_json:
        print_json({"runs": document(entries, keys), "differing": keys, "refused": refused})
        return DONE
    _print(entries, keys, refused)
    return DONE


def _print(entries: Sequence[Entry], keys: Sequence[str], refused: Sequence[str]) -> None:
    if entries:
        screen(160).print(_table(entries, keys[:COLUMNS]))
    if len(keys) > COLUMNS:
        click.echo(f"they differ in {len(keys) - COLUMNS} more keys: {shorten(', '.join(keys[COLUMNS:]))}")
    for line in refused:
        click.echo(f"left out: {line}", err=True)


def _table(entries: Sequence[Entry], keys: Sequence[str]) -> Table:
    from archspec.train.reporting.speed import duration
    from archspec.views.tables import grid
    table = grid("run", "spec", "state", "top1", "top5", "test loss", "loss", "time", *keys, left=3)
    for entry in entries:
        time = duration(entry.rows[-1]["seconds"]) if entry.rows else ""
        table.add_row(*map(escape, (str(entry.path), entry.manifest.spec, entry.state)),
                      *(_figure(entry, name, share) for name, share in SHOWN.items()), time,
                      *(escape(_value(entry, name)) for name in keys))
    return table


SHOWN = {"test_top1": True, "test_top5": True, "test_loss": False, "loss": False}
"""Results, and whether they are shares."""


def _figure(entry: Entry, name: str, share: bool) -> str:
    value = entry.results.get(name)
    return "" if value is None else f"{value:.2%}" if share else f"{value:.4f}"


def _value(entry: Entry, name: str) -> str:
    value = entry.keys.get(name)
    text = "" if value is None else str(value)
    return text if len(text) <= SHORT else f"{text[:SHORT - 1]}…"
