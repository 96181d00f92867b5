"""models/NAME/VERSION: a new version of a model, there whole or not at all, and old ones never touched.

A server takes every name in models/NAME that is a number for a version, looks whenever it likes, and loads what it finds. So
all is made in a folder whose name is no number, tried, brought to the disk, and renamed, the server's number last. What no
server reads lies in models/NAME/files/VERSION; what a server is started with, and a README, beside the versions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from archspec.errors import InputError
from archspec.export import companions, configs, report, savedmodel, server_config
from archspec.export.predecessor import FILES
from archspec.export.versions import LARGEST, checked_name, versions
from archspec.io.files import read_bytes, remove, settle, sync
from archspec.io.lock import alone
from archspec.io.machine import refusal

MADE, SERVED, BESIDE = "made", "served", "beside"
"""Inside a folder that is being made: what is filled in, the version for a server, and what lies beside versions."""
UNFINISHED, RETIRED = ".archspec-new-", ".archspec-old-"
"""How the names of what is being made begin, and of what is being removed."""
LEFT = re.compile(rf"(?:{re.escape(UNFINISHED)}|{re.escape(RETIRED)}(?:{FILES}-)?)[0-9]+")
"""Whole such names. A dead process may have left them: under the lock nobody else works there, so they are removed."""


@dataclass(frozen=True)
class Published:
    """A version that stands: its number, its folders, where there are such, and the folders that are gone for it.

    `pinned` are the versions that would have been retired, but that model.config names; or of which nobody can say whether it
    does, for it cannot be read: `unread` says why.
    """

    version: int
    served: Path | None
    files: Path | None
    removed: tuple[Path, ...] = ()
    pinned: tuple[int, ...] = ()
    unread: str = ""

    @property
    def retired(self) -> tuple[int, ...]:
        """The versions of which the SavedModel, the files or both are gone."""
        return tuple(sorted({int(path.name) for path in self.removed}))


def publish(to: Path, name: str, fill: Callable[[Path], object], keep: int | None = None,
            beside: Callable[[Path, int], object] = lambda folder, version: None,
            waiting: Callable[[float], object] = lambda seconds: None) -> Published:
    """Publishes what `fill` puts into the empty folder that it is given, as the next version of `to`/`name`.

    The SavedModel goes to NAME/VERSION, all else to NAME/files/VERSION. Where there is a SavedModel, what `beside` puts into
    its folder goes to NAME; it is told the version. Of the versions in each of the two places `keep` are left, the newest, and
    those that model.config names; all if it is None. One process at a time publishes a model, others wait, see `alone`. What
    `fill` and `beside` raise leaves nothing behind.
    """
    base = to / checked_name(name)
    if keep is not None and keep < 1:
        raise InputError(f"keep {keep}: the new version itself is one\n  hint: keep 1 or more")
    base.mkdir(parents=True, exist_ok=True)
    with alone(base / "publishing", wait=True, waiting=waiting):
        with _naming(base):
            _clear(base)
            version = _next(base)
            with _staging(base / f"{UNFINISHED}{version}") as folder:
                fill(folder / MADE)
                is_served = _sorted(folder, version)
                if is_served:
                    beside(folder / BESIDE, version)
                settle(folder)
                places = _stand(folder, base, version, is_served)
        with _standing(base, version):
            _move(folder / BESIDE, base)
            for place in (base, *(path.parent for path in places if path)):
                sync(place)
            remove(folder)
            removed, pinned, unread = _retire(base, keep)
            return Published(version, *places, removed, pinned, unread)


@contextmanager
def _naming(base: Path) -> Iterator[None]:
    """Lets an error of the system's say where it was, if it does not."""
    try:
        yield
    except OSError as error:
        if error.errno is None or error.filename is not None:
            raise
        raise OSError(error.errno, error.strerror, str(base)) from error


@contextmanager
def _standing(base: Path, version: int) -> Iterator[None]:
    """Tells that a version stands, whatever the machine refuses after that."""
    try:
        yield
    except OSError as error:
        raise InputError(f"{base}: version {version} is published and stays; what comes after it was not done: "
                         f"{refusal(error) or error}\n  hint: the next export clears what is left, and does it") from error


def _next(base: Path) -> int:
    version = 1 + max([0, *versions(base), *versions(base / FILES)])
    if version > LARGEST:
        raise InputError(f"{base} has version {LARGEST}, the greatest there can be\n  hint: publish under another name")
    return version


@contextmanager
def _staging(folder: Path) -> Iterator[Path]:
    (folder / MADE).mkdir(parents=True)
    (folder / BESIDE).mkdir()
    try:
        yield folder
    except BaseException:
        _discard(folder)
        raise


def _clear(base: Path) -> None:
    """Removes what processes left that ended before their time."""
    for path in list(base.iterdir()):
        if LEFT.fullmatch(path.name):
            _discard(path)


def _discard(folder: Path) -> None:
    """Removes what was made, or was being removed.

    With it the files of a version that was yet to get its number for the server. A version of files alone stands with them.
    """
    if (folder / SERVED).exists():
        remove(folder.parent / FILES / folder.name.removeprefix(UNFINISHED))
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
    (served / companions.EXTRA / report.PLACE).write_bytes(read_bytes(made / report.PLACE))
    if len(rows) == 1:
        remove(made)
    return True


def _stand(folder: Path, base: Path, version: int, is_served: bool) -> tuple[Path | None, Path | None]:
    """Gives what was made its names; until the last step no server loads it.

    The configurations fit the versions before, too, so they come first. The README speaks of the new one, and comes after it.
    """
    served, files = base / str(version), base / FILES / str(version)
    has_files = (folder / MADE).exists()
    if has_files:
        files.parent.mkdir(exist_ok=True)
        (folder / MADE).rename(files)
    if is_served:
        sync(base / FILES if has_files else base)
        _move(folder / BESIDE, base, but=configs.README)
        (folder / SERVED).rename(served)
    return served if is_served else None, files if has_files else None


def _move(beside: Path, base: Path, but: str = "") -> None:
    """Moves what was written for beside the versions there, over what is there, all but one."""
    for path in beside.iterdir():
        if path.name != but:
            path.replace(base / path.name)


def _retire(base: Path, keep: int | None) -> tuple[tuple[Path, ...], tuple[int, ...], str]:
    """Removes all versions but the newest and those that model.config names, in either place by itself, each in one step.

    Gives the folders that are gone, the numbers of those that stay though they are old, and why model.config cannot be read,
    if so: then all stay. Names that archspec would not give are left alone and do not count, nor does what a server could not
    load.
    """
    if keep is None:
        return (), (), ""
    served = {number: path for number, path in _ours(base).items() if (path / "saved_model.pb").is_file()}
    old = [(found[number], number, prefix) for found, prefix in ((served, RETIRED), (_ours(base / FILES), f"{RETIRED}{FILES}-"))
           for number in sorted(found)[:-keep]]
    numbers = {number for _, number, _ in old}
    try:
        pinned, unread = numbers & server_config.named(base), ""
    except (OSError, ValueError) as error:
        pinned, unread = numbers, str(error)
    gone = [(path, path.rename(base / f"{prefix}{number}")) for path, number, prefix in old if number not in pinned]
    for _, moved in gone:
        remove(moved)
    return tuple(path for path, _ in gone), tuple(sorted(pinned)), unread


def _ours(place: Path) -> dict[int, Path]:
    return {number: path for number, path in versions(place).items() if path.name == str(number) and path.is_dir()}
