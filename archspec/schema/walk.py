"""Every key below some others, with its path: what tables, suggestions and tests go through."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from archspec.schema.keys import Key, ListOf, Named, OneOf, Section, Sub


@dataclass(frozen=True)
class Entry:
    """A key with its path in a spec. `owner` is the section that declares it, `within` that section's path and kind.

    `written` is the way to it as one writes it: with the word that names its section, and with colons within a list.
    """

    path: str
    key: Key
    owner: type[Section] | None = None
    within: str = ""
    written: str = ""

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition(".")[2]


def walk(keys: Mapping[str, Key], path: str = "", owner: type[Section] | None = None, within: str = "",
         before: str | None = None) -> Iterator[Entry]:
    """The keys and all below them, each ahead of its own. `before` is what is written ahead of them, the path if left out."""
    lead = f"{path}.".lstrip(".") if before is None else before
    for name, key in keys.items():
        full = f"{path}.{name}".lstrip(".")
        yield Entry(full, key, owner, within, f"{lead}{name}")
        if isinstance(key.kind, Sub):
            yield from walk(key.kind.section.merged, full, key.kind.section, full, f"{lead}{name}.")
        for word, section, between in _sections(key):
            inner = f"{full}: {word}" if word else full
            yield from walk(section.declared, full, section, inner, f"{lead}{name}{between}")


def _sections(key: Key) -> Iterator[tuple[str, type[Section], str]]:
    """The sections below a key, with the word that names each and what stands between the key and those of the section."""
    match key.kind:
        case Sub(section=section):
            yield "", section, "."
        case OneOf() as choice:
            yield from ((word, section, ".") for word, section in choice.kinds().items())
        case Named() as named:
            yield from ((word, section, f".{word}.") for word, section in named.kinds().items())
        case ListOf(item=Named() as named):
            yield from ((word, section, f": {word}: ") for word, section in named.kinds().items())
        case ListOf(item=Sub(section=section)):
            yield "", section, ": "
