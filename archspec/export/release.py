"""From a trained network to a version of a model that a server loads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from archspec.export import companions, configs
from archspec.export.exportable import Exportable
from archspec.export.exporters import export, refuse
from archspec.export.parity import Parity
from archspec.export.publish import Published, checked_name, publish


@dataclass(frozen=True)
class Release:
    """The version that stands, how equal its exports are, and the files beside it that stay as their user changed them."""

    published: Published
    parity: dict[str, Parity]
    kept: tuple[Path, ...]


def release(made: Exportable, formats: Sequence[str], to: Path, pixels: np.ndarray, keep: int | None = None,
            name: str = "", check: Callable[[Path], object] = lambda _: None) -> Release:
    """Publishes these formats as the next version of `to`/`name`: the network's name if there is none.

    `check` is given the folder in which they lie before they are published. Raises NotEqual and InputError as export and
    publish do, and what `check` raises; then nothing is published.
    """
    base = to / checked_name(name or made.artifact.name)
    refuse(made, formats)
    parity: dict[str, Parity] = {}
    kept: list[Path] = []

    def fill(folder: Path) -> None:
        companions.write(made.artifact, folder)
        parity.update(export(made, formats, folder, pixels))
        check(folder)

    def beside(folder: Path, version: int) -> None:
        kept.extend(configs.write(folder, base, made, version))
    published = publish(to, base.name, fill, keep, beside)
    return Release(published, parity, tuple(kept))
