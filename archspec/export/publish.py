"""models/NAME/VERSION: a new version of a model, there whole or not at all, and old ones never touched.

A server takes every name in models/NAME that is a number for a version, looks whenever it likes, and loads what it finds. So
all is made in a folder whose name is no number, tried, brought to the disk, and renamed, the server's number last. What no
server reads lies in models/NAME/files/VERSION.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from archspec.errors import InputError
from archspec.export import report, savedmodel
from archspec.io.files import read_bytes, remove, settle, sync
from archspec.io.lock import alone
from archspec.io.places import kind_of
from archspec.spec.arch import NETWORK_NAME

FILES = "files"
MADE, SERVED = "made", "served"
"""Inside a folder that is being made: what is filled in, and the version that a server is to load."""
UNFINISHED, RETIRED = ".tmp-", ".old-"
"""How the names of what is being made begin, and of what is being removed. A dead process may have left it: under the lock
nobody else works there, so it is removed."""
NUMBER = re.compile(r"\s*[+-]?[0-9]+\s*")
"""What TensorFlow Serving reads as a number (absl::SimpleAtoi), if it fits 64 bits with a sign."""
LARGEST = 2**63 - 1


@dataclass(frozen=True)
class Published:
    """A version that stands: its number, its folders, where there are such, and the numbers of those that it retired."""

    version: int
    served: Path | None
    files: Path | None
    retired: tuple[int, ...] = ()


def publish(to: Path, name: str, fill: Callable[[Path], object], keep: int | None = None) -> Published:
    """Publishes what `fill` puts into the empty folder that it is given, as the next version of `to`/`name`.

    The SavedModel goes to NAME/VERSION, all else to NAME/files/VERSION. Of the versions `keep` are left, the new one among
    them; all if it is None. One process at a time publishes a model, others wait. What `fill` raises leaves nothing behind.
    """
    base = to / checked_name(name)
    if keep is not None and keep < 1:
        raise InputError(f"keep {keep}: the new version itself is one\n  hint: keep 1 or more")
    base.mkdir(parents=True, exist_ok=True)
    with alone(base / "publishing", wait=True):
        _clear(base)
        version = _next(base)
        with _staging(base / f"{UNFINISHED}{version}") as folder:
            fill(folder / MADE)
            served = _sorted(folder, version)
            settle(folder)
            places = _stand(folder, base, version, served)
        return Published(version, *places, _retire(base, keep))


def checked_name(name: str) -> str:
    """The name of a model. Raises InputError where no server could be asked for it."""
    if not NETWORK_NAME.fullmatch(name):
        raise InputError(f"the model's name {name!r} has to consist of letters, digits, dots, underscores and dashes\n"
                         "  hint: it is a folder's name and a part of the server's addresses")
    return name


def versions(base: Path) -> dict[int, Path]:
    """What a server takes for a version, by number, the oldest first; of 1 and 01, which are the same to it, 1."""
    names = [path.name for path in base.iterdir() if NUMBER.fullmatch(path.name)] if kind_of(base) == "folder" else []
    numbers = sorted((int(name), name == str(int(name)), name) for name in names)
    return {number: base / name for number, _, name in numbers if abs(number) <= LARGEST}


def _next(base: Path) -> int:
    version = 1 + max([0, *versions(base), *versions(base / FILES)])
    if version > LARGEST:
        raise InputError(f"{base} has version {LARGEST}, the greatest there can be\n  hint: publish under another name")
    return version


@contextmanager
def _staging(folder: Path) -> Iterator[Path]:
    (folder / MADE).mkdir(parents=True)
    try:
        yield folder
    except BaseException:
        _discard(folder)
        raise
    remove(folder)


def _clear(base: Path) -> None:
    """Removes what processes left that ended before their time."""
    for path in list(base.iterdir()):
        if path.name.startswith(RETIRED):
            remove(path)
        elif path.name.startswith(UNFINISHED) and path.name.removeprefix(UNFINISHED).isdecimal():
            _discard(path)


def _discard(folder: Path) -> None:
    """Removes what was made, with the files of its version, which stand before the version itself does."""
    base, version = folder.parent, folder.name.removeprefix(UNFINISHED)
    if not (base / version).exists():
        remove(base / FILES / version)
    remove(folder)


def _sorted(folder: Path, version: int) -> bool:
    """Parts the server's from the rest of what was made; whether there is a server's.

    parity.json then speaks of where the exports will lie, and is in both. Raises ValueError where nothing was filled in, or
    what was compared with the model is not what lies there.
    """
    made, served = folder / MADE, folder / SERVED
    rows = report.rows(made)
    if not rows or not all(report.is_whole(made, row["format"], row["path"]) for row in rows):
        raise ValueError(f"what lies in {made} is not what was compared with the model")
    report.move(made, {row["path"]: f"{version}" if row["path"] == savedmodel.PLACE else f"{FILES}/{version}/{row['path']}"
                       for row in rows})
    if not (made / savedmodel.PLACE).is_dir():
        return False
    (made / savedmodel.PLACE).rename(served)
    remove(made / Path(savedmodel.PLACE).parts[0])
    (served / savedmodel.EXTRA / report.PLACE).write_bytes(read_bytes(made / report.PLACE))
    if len(rows) == 1:
        remove(made)
    return True


def _stand(folder: Path, base: Path, version: int, is_served: bool) -> tuple[Path | None, Path | None]:
    """Gives what was made its names; until the last step no server loads it."""
    served, files = base / str(version), base / FILES / str(version)
    has_files = (folder / MADE).exists()
    if has_files:
        files.parent.mkdir(exist_ok=True)
        (folder / MADE).rename(files)
        sync(files.parent)
    if is_served:
        (folder / SERVED).rename(served)
    sync(base)
    return served if is_served else None, files if has_files else None


def _retire(base: Path, keep: int | None) -> tuple[int, ...]:
    """Removes all versions but the newest, each in one step; names that archspec would not give are left alone."""
    if keep is None:
        return ()
    places = [(number, path) for place in (base, base / FILES) for number, path in versions(place).items()
              if path.name == str(number) and path.is_dir()]
    retired = sorted({number for number, _ in places})[:-keep]
    for number, path in places:
        if number in retired:
            gone = path.rename(base / f"{RETIRED}{path.parent.name}-{number}")
            remove(gone)
    return tuple(retired)
