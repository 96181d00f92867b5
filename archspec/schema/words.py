"""What somebody may have meant by a word that is not known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from archspec.errors import closest, nearest
from archspec.schema.keys import Key, Section
from archspec.schema.kinds import plainly
from archspec.schema.walk import Entry

MOST_PATHS = 3
"""So many places of a key are named where it is not here."""

Everywhere = Callable[[], Iterable[Entry]]
"""All keys of a spec; asked for only where a word is not known."""


def is_called(word: str, name: str, key: Key) -> bool:
    """Whether a word is a key's name or what others call it, however it is spelled."""
    return plainly(word) in (plainly(name), *map(plainly, key.synonyms))


def key_called(word: str, keys: Mapping[str, Key]) -> str:
    """The key that others call so, or ''."""
    return next((name for name, key in keys.items() if is_called(word, name, key)), "")


def key_meant(word: str, keys: Mapping[str, Key]) -> str:
    """The key that others call so, or that is spelt much like it; ''."""
    return key_called(word, keys) or closest(word, keys)


def meant(word: str, keys: Mapping[str, Key]) -> str:
    """'did you mean …?' for a word that is no key here, or ''."""
    found = key_meant(word, keys)
    return f"did you mean '{found}'?" if found else ""


def section_called(word: str, sections: Mapping[str, type[Section]]) -> str:
    """The word of a section that others call so, or ''."""
    plain = plainly(word)
    return next((name for name, each in sections.items() if plain in (plainly(name), *map(plainly, each.synonyms))), "")


def suggestion(word: str, keys: Mapping[str, Key], everywhere: Everywhere) -> str:
    """The same; a key that stands elsewhere is named with its path."""
    if key_called(word, keys):
        return meant(word, keys)
    if paths := placed(word, everywhere):
        return f"did you mean {' or '.join(map(_place, paths))}?"
    return nearest(word, keys)


def placed(word: str, everywhere: Everywhere) -> list[str]:
    """The paths of the keys that others call so, if they are few; those in entries of lists where there are no others."""
    found = list(dict.fromkeys(entry.written for entry in everywhere() if is_called(word, entry.name, entry.key)))
    paths = [path for path in found if ": " not in path] or found
    return paths if len(paths) <= MOST_PATHS else []


def _place(path: str) -> str:
    """A path for a message; `name` alone would be the very word that is wrong here."""
    return path if "." in path else f"{path} at the top of the spec"
