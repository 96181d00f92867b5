"""The folder of a packed data set: what may be in it, and what an earlier start has begun there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from archspec.data.sources.listed import INDEX
from archspec.data.sources.tfrecord import NAMES
from archspec.errors import InputError, some, visible
from archspec.io.files import read_json
from archspec.io.places import kind_of
from archspec.spec.data import MOST_WHITE

STATE = "pack.json"
"""What is packed there, and how: written before the first file, and kept."""
SKIPPED = "skipped.txt"
"""The images that cannot be read and are left out, and why."""
_FILES = "files"
_CALLED = {"digest": "the images", "size": "--size", "shorter": "--shorter", "quality": "--quality", "white": "white",
           "several": "whether an image has several labels", "source": "the source",
           "channels": "the channels of the network's input", "decoder": "train.preprocess.decoder", "format": "archspec"}


def refuse_others(out: Path) -> None:
    """Raises InputError where something is in the folder that is no packed data set, or where it is no folder."""
    if kind_of(out) in ("file", "other"):
        raise InputError(f"{visible(str(out))} is a file; the packed images go into a folder")
    there = _names(out)
    if there and STATE not in there:
        raise InputError(f"{visible(str(out))}: something else is in this folder: {some(map(visible, there))}\n"
                         "  hint: name one that is new or empty")


def begun(out: Path, asked: Mapping[str, Any], images: Mapping[str, int]) -> dict[str, list[int]] | None:
    """How many images are in each file of each split, as an earlier start has decided; None if there was none.

    Raises InputError where that packs other images or packs them otherwise than `asked`.
    """
    if not (out / STATE).exists():
        return None
    try:
        found = read_json(out / STATE)
        files = {name: [int(count) for count in found[_FILES][name]] for name in images}
        whole = all(sum(files[name]) == images[name] and min(files[name]) > 0 for name in images)
        other = [key for key in asked if found.get(key) != asked[key]]
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
        whole, other = False, []
    if other:
        raise InputError(f"{visible(str(out))}: a pack of other images, or one that is made otherwise, is in this folder; what "
                         f"differs: {', '.join(_CALLED[key] for key in other)}\n  hint: another folder, or remove this one")
    if not whole:
        raise InputError(f"{visible(str(out / STATE))}: damaged\n  hint: another folder, or remove this one")
    return files


def state(asked: Mapping[str, Any], files: Mapping[str, list[int]]) -> dict[str, Any]:
    """What `begun` reads."""
    return {**asked, _FILES: dict(files)}


def section_keys(out: Path) -> dict[str, Any]:
    """What a section has to say to read a folder's files, as they were packed; {} where they were not, or nobody knows."""
    try:
        found = read_json(out / STATE)
        white, several = float(found["white"]), found["several"] is True
    except (OSError, ValueError, TypeError, KeyError, OverflowError):
        return {}
    return {"white": white, "several": several} if 0 <= white <= MOST_WHITE else {}


def refuse_strays(out: Path, known: Iterable[str]) -> None:
    """Raises InputError where files are in the folder that this pack has not: a reader might take them for its own."""
    strays = sorted(set(_names(out)) - {*known, STATE, SKIPPED, NAMES, INDEX})
    if strays:
        raise InputError(f"{visible(str(out))}: something else is in this folder: {some(map(visible, strays))}\n"
                         "  hint: remove it")


def _names(out: Path) -> list[str]:
    """What is there, but for hidden files: systems leave some everywhere, and a kill what was not yet whole."""
    return sorted(path.name for path in out.iterdir() if not path.name.startswith(".")) if out.is_dir() else []
