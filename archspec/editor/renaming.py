"""Names beyond one text: in the file that defines them and in those that extend or include it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from archspec.editor.checked import Checked, check_alone
from archspec.editor.naming import Symbol, refuse_name, uses, with_name
from archspec.editor.near import MOST, made_of, on_disk
from archspec.errors import InputError, SpecError, Where
from archspec.io.places import relative, shipped
from archspec.io.unsaved import unsaved
from archspec.schema.tree import MappingTree
from archspec.spec.source import read


@dataclass(frozen=True, slots=True)
class Renamed:
    """Where a name gets another one, by file, links resolved; whether layers of a network are called otherwise then."""

    places: Mapping[Path, list[Where]]
    layers: bool


def home_of(where: Where | None, path: Path, texts: Mapping[Path, str]) -> Path | None:
    """The file that defines a name of the text in the file `path`, if that may be changed.

    It is the same one, another one of its folder or one that an editor holds, and none that ships.
    """
    home = None if where is None else Path(where.file).resolve()
    if home is None or home == path:
        return home
    near = home in texts or home.parent == path.parent
    return home if near and not home.is_relative_to(shipped().resolve()) else None


def uses_near(symbol: Symbol, home: Path, texts: Mapping[Path, str]) -> dict[Path, list[Where]]:
    """Where a name stands that the file `home` defines, by file, links resolved; files that cannot be read are left out."""
    near = made_of(home, texts).texts
    found = {path: uses(tree, symbol) for path, tree in _trees((home, *near), {**texts, **near})}
    return {path: places for path, places in found.items() if places}


def renamed(symbol: Symbol, new: str, home: Path, texts: Mapping[Path, str]) -> Renamed:
    """Another name for one that the file `home` defines, wherever it stands. `texts` are what an editor holds.

    Raises InputError where it is no name, is taken, or leaves a network another one or wrong that was right; and where not all
    files can be looked into.
    """
    near = made_of(home, texts)
    if near.unseen:
        raise InputError(f"{relative(home.parent)} has more than {MOST} YAML files: not all are looked into for the name")
    old = {**texts, home: texts[home] if home in texts else on_disk(home), **near.texts}
    for path, problem in near.broken.items():
        if re.search(rf"\b{re.escape(symbol.name)}\b", near.texts[path]):
            raise InputError(f"'{symbol.name}' stands in {relative(path)}, which cannot be read: {problem.message}")
    places: dict[Path, list[Where]] = {}
    for path, tree in _trees((home, *near.texts), old):
        refuse_name(new, symbol, tree, check_alone(path, old).resolved, own=path == home)
        places[path] = uses(tree, symbol)
    changed = {**old, **{path: with_name(old[path], found, symbol.name, new) for path, found in places.items()}}
    pairs = [(check_alone(path, old), check_alone(path, changed)) for path in places]
    for before, after in pairs:
        _refuse_other(before, after)
    layers = any(before.graph is not None and after.graph is not None and before.graph.fingerprint != after.graph.fingerprint
                 for before, after in pairs)
    return Renamed({path: found for path, found in places.items() if found}, layers)


def _trees(paths: Iterable[Path], texts: Mapping[Path, str]) -> Iterator[tuple[Path, MappingTree]]:
    """The files of which something can be read."""
    for path in paths:
        with suppress(SpecError):
            with unsaved(texts):
                tree = read(path, [])
            yield path, tree


def _refuse_other(before: Checked, after: Checked) -> None:
    """Raises InputError where a text was right and is not, or its network is another one but for the names of its layers."""
    if after.problems and not before.problems:
        raise InputError(f"{relative(after.path)} would be wrong then: {after.problems[0].message}")
    if before.graph is not None and after.graph is not None:
        ours, theirs = ([(node.op.kind, node.output.type) for node in graph.nodes] for graph in (before.graph, after.graph))
        if ours != theirs:
            raise InputError(f"{relative(after.path)} would be another network then")
