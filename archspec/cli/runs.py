"""`archspec runs`: the runs at hand, by what they reached and by what differs in their specs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from archspec.cli import DONE
from archspec.cli.completed import folders
from archspec.cli.options import as_json, print_json
from archspec.cli.screen import screen
from archspec.cli.wide import EDGELESS, short_value, show
from archspec.errors import InputError
from archspec.io.places import user_path
from archspec.spec.dump import to_inline
from archspec.train.reporting.speed import duration

if TYPE_CHECKING:
    from archspec.train.reporting.listing import Entry

DIGITS = 8
"""Of the digest of data."""


@click.command()
@click.argument("folders", nargs=-1, metavar="[DIR]...", shell_complete=folders)
@as_json
def runs(folders: tuple[str, ...], as_json: bool) -> int:
    """List the runs in each DIR (runs if none is given), the best first, with what differs in their data and specs.

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
        show(screen(EDGELESS), list(_columns(entries, keys)), left=3)
    for line in refused:
        click.echo(f"left out: {line}", err=True)


def _columns(entries: Sequence[Entry], keys: Sequence[str]) -> Iterator[list[str]]:
    """Each with its head: what all runs have, then what they differ in: the data, and keys."""
    yield ["run", *(str(entry.path) for entry in entries)]
    yield ["spec", *(entry.manifest.spec for entry in entries)]
    yield ["state", *(entry.state for entry in entries)]
    for head, name, form in SHOWN:
        yield [head, *("" if (value := entry.results.get(name)) is None else form.format(value) for entry in entries)]
    yield ["time", *(duration(entry.rows[-1]["seconds"]) if entry.rows else "" for entry in entries)]
    if len({entry.data for entry in entries}) > 1:
        yield ["data", *((entry.data or "")[:DIGITS] for entry in entries)]
    for name in keys:
        yield [name.removeprefix("train."), *(_value(entry, name) for entry in entries)]


SHOWN = (("top1", "test_top1", "{:.2%}"), ("top5", "test_top5", "{:.2%}"), ("test loss", "test_loss", "{:.4f}"),
         ("loss", "loss", "{:.4f}"))
"""Results: the column's head, the name in a row of metrics, and how it is written."""


def _value(entry: Entry, name: str) -> str:
    value = entry.value(name)
    return short_value("" if value is None else value if isinstance(value, str) else to_inline(value))
