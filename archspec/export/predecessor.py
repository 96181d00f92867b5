"""The version before: whether what takes its place tells the same classes apart."""

from __future__ import annotations

from pathlib import Path

from archspec.artifact import facts
from archspec.artifact.artifact import Artifact
from archspec.errors import InputError, visible
from archspec.export import companions
from archspec.export.versions import versions

FILES = "files"
"""In the folder of a model: where what no server loads lies, by version, too."""


def other_classes(base: Path, artifact: Artifact) -> str:
    """What a person should know where the newest version in the folder of a model has other classes; '' where it has not.

    Also where there is none, or none that says what its classes are.
    """
    found = {number: path for place, inside in ((base / FILES, ""), (base, companions.EXTRA))
             for number, folder in versions(place).items() if (path := folder / inside / facts.NAME).is_file()}
    if not found:
        return ""
    newest = max(found)
    try:
        before = tuple(facts.read_facts(found[newest], ("classes",))["classes"])
    except (InputError, OSError):
        return ""
    apart = _apart(before, artifact.classes, newest)
    return apart and (f"{visible(str(base))}: {apart}: another network takes over this name, and with it all requests that "
                      "name no version\n  hint: --name gives a network a name of its own")


def _apart(before: tuple[str, ...], now: tuple[str, ...], version: int) -> str:
    if len(before) != len(now):
        return f"version {version} tells {len(before)} classes apart, this one {len(now)}"
    first = next((number for number, (one, other) in enumerate(zip(before, now, strict=True)) if one != other), None)
    if first is None:
        return ""
    return f"class {first} is {visible(before[first])!r} in version {version}, {visible(now[first])!r} in this one"
