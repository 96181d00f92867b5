"""The runs in the folder of the studio, with their curves and pictures. Loads no framework."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

from archspec.errors import InputError, one_line, visible
from archspec.io.machine import refusal
from archspec.io.numbers import is_number
from archspec.io.places import kind_of
from archspec.studio.places import Json
from archspec.studio.run_folders import IMAGES, RUNS, folders
from archspec.train.progress import Row
from archspec.train.reporting.listing import Entry, best_first, read_entry

MOST = 200
"""Runs that are told."""
ROWS = 2000
"""Epochs of a run that are told: of more every so manieth, and the last."""
READ, LARGEST = (".json", ".jsonl", ".yaml"), 32 << 20
"""Files of a run that may be read, and the bytes that each may have."""
FIRST = ("epoch", "test_top1", "test_loss", "loss", "accuracy", "learning_rate")
"""Columns that stand ahead of others."""


def runs(request: Json) -> Json:
    """The runs, the best first; those that cannot be read last, with why."""
    entries, refused = list[Entry](), list[Json]()
    found = folders(Path.cwd())
    for path in found[:MOST]:
        try:
            entries.append(_read(path))
        except (InputError, OSError, ValueError, ArithmeticError, RecursionError) as error:
            why = visible(refusal(error) or one_line(error) if isinstance(error, OSError) else str(error).partition("\n")[0])
            refused.append({"name": visible(path.name), "path": visible(f"{RUNS}/{path.name}"),
                            "refused": why or "it cannot be read"})
    return {"runs": [*map(_told, best_first(entries)), *refused],
            "more": max(0, len(found) - MOST)}


def _read(path: Path) -> Entry:
    """Raises InputError, OSError and more for one that cannot be read, or not within bounds."""
    try:
        path.name.encode("utf-8")
    except UnicodeEncodeError:
        raise InputError("its name is no UTF-8 text") from None
    for file in path.iterdir():
        if file.suffix in READ and file.stat().st_size > LARGEST:
            raise InputError(f"{file.name} is larger than {LARGEST >> 20} MiB")
    return read_entry(path)


def _told(entry: Entry) -> Json:
    columns = _columns(entry.rows)
    return {"name": entry.path.name, "path": f"{RUNS}/{entry.path.name}", "spec": entry.manifest.spec,
            "state": entry.state, "finished": entry.finished, "epoch": len(entry.rows), "epochs": entry.epochs,
            "results": {name: _number(value) for name, value in entry.results.items()}, "seed": entry.manifest.seed,
            "data": entry.data, "fingerprint": entry.manifest.fingerprint, "columns": columns,
            "rows": [[_number(row.get(name)) for name in columns] for row in _thinned(entry.rows)],
            "images": dict(_images(entry.path))}


def _columns(rows: Sequence[Row]) -> list[str]:
    names = dict.fromkeys(name for row in rows for name in row)
    return sorted(names, key=lambda name: FIRST.index(name) if name in FIRST else len(FIRST))


def _thinned(rows: Sequence[Row]) -> Sequence[Row]:
    every = -(-len(rows) // ROWS)
    return rows if every <= 1 else [*rows[:-1:every], rows[-1]]


def _number(value: object) -> float | int | None:
    """JSON has no other numbers than finite ones."""
    return value if is_number(value) else None  # type: ignore[return-value]


def _images(path: Path) -> Iterator[tuple[str, str]]:
    """Where the page finds the pictures that there are."""
    for name, file in IMAGES.items():
        if kind_of(path / file) == "file":
            yield name, f"{RUNS}/{quote(path.name, safe='')}/image/{file}"
