"""What `archspec data pack` does with its options, and what it prints."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archspec.cli.bars import ticking
from archspec.cli.screen import Screen
from archspec.errors import FEW
from archspec.spec.dump import to_text
from archspec.spec.preprocess import Squash
from archspec.views.numbers import count

if TYPE_CHECKING:
    from archspec.cli.asked import Asked
    from archspec.data.pack.job import Packed

MIB = 1 << 20


@dataclass(frozen=True)
class Told:
    """What was packed, the part of a spec that trains on it, and in words what lies among the data and was not used."""

    packed: Packed
    train: dict[str, Any]
    left_out: str

    def to_json(self) -> dict[str, Any]:
        """The document of docs/commands.md."""
        found = self.packed
        return {"splits": found.splits, "classes": found.classes, "skipped": list(found.skipped),
                "left_out": self.left_out, "train": self.train}


def packed(asked: Asked, out: Path, size: int, shorter: int | None, quality: int) -> Told:
    """Packs what is asked for, in files of `size` MiB; a bar shows how far it is."""
    from archspec.io.quiet import import_tensorflow
    source = asked.load()
    import_tensorflow()
    from archspec.data.pack.images import Scaled
    from archspec.data.pack.job import Wish, pack
    wish = Wish(size * MIB, None if shorter is None else Scaled(shorter, quality))
    with ticking(Screen(stderr=True)) as tick:
        found = pack(source, asked.section, asked.rule, out, wish, tick)
    return Told(found, {"data": found.section, **_as_of_arrays(asked, encoded=source.train.encoded)}, source.left_out)


def _as_of_arrays(asked: Asked, *, encoded: bool) -> dict[str, Any]:
    """What holds for arrays where a spec says nothing, and has to be said of images in files."""
    if encoded:
        return {}
    squash = {"preprocess": {"resize": "squash"}} if isinstance(asked.rule.resize, Squash) else {}
    return {**squash, **({"augment": []} if asked.recipe.augment is None else {})}


def show(told: Told) -> None:
    """Prints what was packed, and how to train on it."""
    found = told.packed
    each = (f"{count(split['images'])} images of {name} in {count(split['files'])} file{'s' * (split['files'] > 1)}, "
            f"{split['bytes'] / 1e6:,.1f} MB" for name, split in found.splits.items())
    click.echo(f"packed: {'; '.join(each)}; {count(found.classes)} classes")
    if told.left_out:
        click.echo(f"left out: {told.left_out}")
    if found.skipped:
        click.echo("left out, for they cannot be read:\n" + "\n".join(f"  {reason}" for reason in found.skipped[:FEW])
                   + "\n  …" * (len(found.skipped) > FEW))
    click.echo(f"to train on it:\n{to_text({'train': told.train})}", nl=False)
