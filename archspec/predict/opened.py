"""From what a user calls a model to something that can be asked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from archspec.errors import InputError, closest, some, visible
from archspec.export.versions import NUMBER, versions
from archspec.io.places import beside, expanded, is_address, kind_of
from archspec.predict.answers import Predictor
from archspec.predict.beside import KINDS, SUFFIXES, facts_beside, no_model
from archspec.predict.described import Described
from archspec.serving.layout import GRAPH

if TYPE_CHECKING:
    from archspec.predict.local import Local

LIKE = "--like MODEL: the run or the export that it serves, which says how images are prepared for it"


def opened(model: str, timeout: float) -> Predictor:
    """What a command line calls MODEL, ready to be asked; a server's answers may take `timeout` seconds each.

    TensorFlow is loaded for what runs here, and for gRPC. Raises InputError where it is none, or cannot be asked.
    """
    if is_address(model):
        from archspec.predict.served import connected
        return connected(model, timeout)
    return loaded(*seen(model))


def loaded(path: Path, found: Described) -> Local:
    """What lies at a path, and beside it, as `seen` has found it, ready to be asked. Raises InputError where it is damaged."""
    from archspec.io.quiet import import_tensorflow
    import_tensorflow()
    from archspec.predict.forms import form
    return form(path, found)


def seen(model: str) -> tuple[Path, Described]:
    """Where MODEL lies that is no address, and what lies beside it; neither its weights nor TensorFlow are loaded.

    Raises InputError where it is none.
    """
    if not model:
        raise InputError(f"MODEL is empty\n  hint: MODEL is {KINDS}")
    path = expanded(model)
    if kind_of(path) not in ("file", "folder"):
        raise _missing(model, path)
    return path, facts_beside(path)


def seen_like(address: str, like: str | None) -> Described:
    """What lies beside the model that says how images are prepared for the one at an address. Raises InputError."""
    if like is None:
        raise InputError(f"{visible(address)}: a server does not say how an image becomes the pixels that it takes\n"
                         f"  hint: {LIKE}")
    path = expanded(like)
    if is_address(like) or kind_of(path) not in ("file", "folder"):
        raise InputError(f"--like {visible(like)}: {'an address' if is_address(like) else 'no such file or folder'}\n"
                         f"  hint: {LIKE}")
    return facts_beside(path)


def _missing(model: str, path: Path) -> InputError:
    """With the versions that are there, or with what can be asked and is called alike, as it has to be typed."""
    there = versions(path.parent)
    if NUMBER.fullmatch(path.name) and there:
        return InputError(f"{visible(model)}: there is no such version\n"
                          f"  hint: {visible(str(path.parent))} has {some(map(str, there))}")
    names = [each.name for each in path.parent.iterdir() if _may_be(each)] if path.parent.is_dir() else []
    found = closest(path.name, names)
    hint = f"did you mean '{beside(model, found)}'?" if found else no_model(model)
    return InputError(f"{visible(model)}: no such file or folder\n  hint: {hint}")


def _may_be(path: Path) -> bool:
    """Whether something looks like a MODEL by what lies there."""
    if kind_of(path) == "folder":
        return any((path / name).is_file() for name in ("model.keras", GRAPH)) or any(
            (each / GRAPH).is_file() for each in versions(path).values())
    return path.suffix in SUFFIXES
