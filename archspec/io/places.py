"""Where files lie: those that ship with archspec, how far a spec may reach, and which folder a user means."""

from __future__ import annotations

import os
import re
import stat
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Literal

from archspec.errors import InputError


@cache
def shipped() -> Path:
    """The folder of the specs that ship with archspec: inside the package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "specs"
    return inside if inside.is_dir() else package.parent / "specs"


def cache_folder() -> Path:
    """The user's folder for what can be made again: $ARCHSPEC_CACHE, else `archspec` in $XDG_CACHE_HOME, else in ~/.cache.

    Of a user without a home, one in the folder for temporary files. It need not exist. Raises InputError where that one is
    somebody else's: what others put there would be believed.
    """
    own, shared = (os.environ.get(name, "") for name in ("ARCHSPEC_CACHE", "XDG_CACHE_HOME"))
    try:
        if own:
            return Path(own).expanduser().absolute()
        return (Path(shared) if os.path.isabs(shared) else Path.home() / ".cache") / "archspec"
    except RuntimeError:
        return _own(Path(tempfile.gettempdir(), f"archspec-{os.getuid()}"))


def state_folder() -> Path:
    """The user's folder for what has to be there at the next start: `archspec` in $XDG_STATE_HOME, else in ~/.local/state.

    Of a user without a home, one in the folder for temporary files. It need not exist. Raises InputError as `cache_folder`.
    """
    shared = os.environ.get("XDG_STATE_HOME", "")
    try:
        return (Path(shared) if os.path.isabs(shared) else Path.home() / ".local" / "state") / "archspec"
    except RuntimeError:
        return _own(Path(tempfile.gettempdir(), f"archspec-{os.getuid()}"))


def _own(folder: Path) -> Path:
    """A folder in a place where everybody may make one: made now, for this user alone, or refused. See cache_folder."""
    with suppress(OSError):  # it is there; or it cannot be made, so that nothing is kept
        folder.mkdir(0o700)
    try:
        found = folder.lstat()
    except OSError:
        return folder
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise InputError(f"{folder}: what is kept between two starts would be read from there, but it is a link, or no folder "
                         "of this user's alone\n  hint: name another folder with the environment variable ARCHSPEC_CACHE")
    return folder


def relative(path: Path) -> str:
    """A path as messages show it: relative to the current folder where it lies below it."""
    absolute, here = path.absolute(), Path.cwd()
    return str(absolute.relative_to(here) if absolute.is_relative_to(here) else path)


def called(path: Path) -> str:
    """What messages call a file: as `relative`, but `<shipped>/...` for ours where they lie elsewhere."""
    absolute, ours = path.absolute(), shipped()
    if not absolute.is_relative_to(Path.cwd()) and absolute.is_relative_to(ours):
        return f"<shipped>/{absolute.relative_to(ours)}"
    return relative(path)


def written(path: Path) -> str:
    """A path as files that we write show it: specs/... for ours, wherever they lie and whichever folder is the current one."""
    absolute, ours = path.absolute(), shipped()
    return f"specs/{absolute.relative_to(ours)}" if absolute.is_relative_to(ours) else relative(path)


def kind_of(path: Path) -> Literal["file", "folder", "other", "none"]:
    """What lies at a path, links followed; none also where the system cannot even look: a name too long, a circle of links."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return "none"
    return "file" if stat.S_ISREG(mode) else "folder" if stat.S_ISDIR(mode) else "other"


def reached(path: Path, roots: Iterable[Path]) -> Path | None:
    """The file or folder that a path leads to with every link followed; None if it lies below none of the roots.

    What is read has to be the path that this gives, so that nothing is resolved a second time.
    """
    try:
        target = path.resolve()
        return target if any(target.is_relative_to(root.resolve()) for root in roots) else None
    except (OSError, RuntimeError, ValueError):
        return None


def steady(path: Path) -> Path:
    """A path that means the same when the current folder, or one above it, is renamed: absolute where that may be."""
    whole = path.resolve()
    return whole if Path.cwd().is_relative_to(whole) else path


def beside(text: str, name: str) -> str:
    """What a user would write for another name in the folder of what was written: `runs/snaps` for `runs/snap` and `snaps`."""
    head, slash, _ = text.rstrip("/").rpartition("/")
    return f"{head}{slash}{name}"


def is_address(text: str) -> bool:
    """Whether a text is meant as an address, such as gs://… or http://…, and as no path."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", text) is not None


def expanded(text: str | Path) -> Path:
    """A path that a user wrote, with the folder of the user for `~`; as it is where there is no such user or no home."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        return Path(text)


def refuse_no_folder(path: Path, what: str) -> None:
    """Raises InputError where `path`, which a user named for `what`, is no folder and cannot become one."""
    there = next((each for each in (path, *path.parents) if os.path.lexists(each)), path)
    match kind_of(there):
        case "file" | "other":
            raise InputError(f"{what} {path}: {there} is no folder\n  hint: name another folder")
        case "none" if there.is_symlink():
            raise InputError(f"{what} {path}: {there} is a link to {os.readlink(there)}, which is not there\n"
                             "  hint: make that folder, or name another one")


def user_path(text: str, what: str) -> Path:
    """The path that a user wrote for `what`, `~` expanded. Raises InputError for an address such as gs://…, or for none."""
    if not text:
        raise InputError(f"{what} is empty\n  hint: name a folder, or leave {what} out")
    if is_address(text):
        raise InputError(f"{what} {text}: an address; only folders of this machine can be written to\n"
                         "  hint: name a folder here, and copy it afterwards, or mount the bucket")
    if any("\ud800" <= char <= "\udfff" for char in text):  # as Python reads bytes that are no text; TensorFlow takes none
        raise InputError(f"{what} {text!a}: the name is not UTF-8\n  hint: name another folder")
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise InputError(f"{what} {text}: there is no such user\n  hint: write ./{text} for a folder of that name") from None
