"""Where runs lie in the folder of the studio, and which of their pictures are shown."""

from __future__ import annotations

import os
from pathlib import Path

from archspec.io.places import kind_of, reached

RUNS = "runs"
"""The folder of runs in that of the studio."""
MANIFEST, GROWING = "manifest.json", ("metrics.jsonl", "result.json")
"""What tells a run's folder, and the files of it that say how far it has come."""
IMAGES = {"confusion": "confusion.png", "pairs": "pairs.png", "augmented": "augmented.png", "curves": "curves.png"}
"""The pictures of a run that are shown."""


def folders(root: Path) -> list[Path]:
    """The folders of runs, those that lie in the studio's folder, links resolved."""
    place = reached(root / RUNS, (root,))
    try:
        inside = sorted(place.iterdir()) if place is not None and kind_of(place) == "folder" else []
    except OSError:
        return []
    found = [reached(each, (root,)) for each in inside]
    return [each for each in found if each is not None and kind_of(each / MANIFEST) == "file"]


def progress(root: Path) -> tuple[object, ...]:
    """What is another value once a run has begun, grown or ended."""
    found: list[object] = []
    for each in folders(root):
        for name in GROWING:
            try:
                at = os.stat(each / name)
                found.append((each.name, name, at.st_size, at.st_mtime_ns))
            except OSError:
                found.append((each.name, name))
    return tuple(found)


def image(root: Path, run: str, file: str) -> Path | None:
    """A picture of a run; None where there is none, or none that is shown."""
    if file not in IMAGES.values() or "/" in run or "\0" in run:
        return None
    place = reached(root / RUNS / run / file, (root,))
    return place if place is not None and kind_of(place) == "file" and place.suffix == ".png" else None
