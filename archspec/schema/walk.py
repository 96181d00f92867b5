"""Every key below some others, with its path: what tables, suggestions and tests go through."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from archspec.schema.keys import Key, ListOf, Named, OneOf, Section, Sub


@dataclass(frozen=True)
class Entry:
    """A key with its path in a spec. `owner` is the section that declares it, `within` that section's path and kind."""

    path: str
    key: Key
    owner: type[Section] | None = None
    within: str = ""

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition(".")[2]


def walk(keys: Mapping[str, Key], path: str = "", owner: type[Section] | None = None, within: str = "") -> Iterator[Entry]:
    """The keys and all below them, each ahead of its own."""
    for name, key in keys.items():
        full = f"{path}.{name}".lstrip(".")
        yield Entry(full, key, owner, within)
        if isinstance(key.kind, Sub):
            yield from walk(key.kind.merged, full, key.kind.section, full)
        for word, section in _sections(key):
            yield from walk(section.declared, full, section, f"{full}: {word}" if word else full)


def _sections(key: Key) -> Iterator[tuple[str, type[Section]]]:
    if isinstance(key.kind, Sub):
        yield "", key.kind.section
    elif isinstance(key.kind, OneOf | Named):
        yield from key.kind.kinds().items()
    elif isinstance(key.kind, ListOf):
        yield from key.kind.item.kinds().items()
