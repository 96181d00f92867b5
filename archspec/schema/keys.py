"""Keys and the sections they form: a section is a record whose fields are declared by `key`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, ClassVar, TypeVar, dataclass_transform

from archspec.records import Record, record, recorded
from archspec.schema.kinds import Choice, Kind
from archspec.schema.quantities import Quantity

REQUIRED = "required"
"""The default of a key that has none."""


@dataclass(frozen=True, eq=False)
class Key:
    """One key: its kind of value with bounds, what holds where it is not written, and one line on what it is.

    `synonyms` are what Keras, PyTorch and others call it; `follows` says in words a default that depends on another key.
    """

    kind: Kind
    default: object = REQUIRED
    doc: str = ""
    unit: str = ""
    synonyms: tuple[str, ...] = ()
    follows: str = ""


@record
class Clash(Record):
    """Keys that do not go together: their paths within the section, what is wrong, and the ways out."""

    keys: tuple[str, ...]
    message: str
    hint: str = ""


class Section(Record):
    """A mapping of the spec as a value. Immutable; its keys are those its fields declare."""

    declared: ClassVar[Mapping[str, Key]] = MappingProxyType({})
    """Its keys, in the order of its fields; set by `section`."""
    word: ClassVar[str] = ""
    """What names it where it is one of several (see Named); '' for a section that has a key to itself."""
    main: ClassVar[str] = ""
    """The key that a value alone, or a bare one behind its word, stands for; '' if it takes none."""
    synonyms: ClassVar[tuple[str, ...]] = ()
    """What Keras, PyTorch and others call what its word names."""
    instead: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """What to write for a key that it has not, where that is no key of the same meaning; words as `plainly` gives them."""
    merged: ClassVar[Mapping[str, Key]] = MappingProxyType({})
    """Keys that stand among its own in a file, and are gone once files are merged."""

    def clashes(self) -> Iterator[Clash]:
        """What its keys do not allow together."""
        return iter(())


@record
class Sub(Kind):
    """A mapping with keys of its own. A value alone stands for one with it at the section's main key, if that has one."""

    section: type[Section]

    def expected(self) -> str:
        """Its keys."""
        main = self.section.main
        return f"a mapping with {' '.join(self.section.declared)}" + f", or its {main} alone" * bool(main)


@record
class OneOf(Kind):
    """A mapping of one of several kinds, told apart by a key; the word alone stands for a mapping with that key.

    Where the key is not written, the first kind holds. `otherwise` says what somebody may mean by another word, `{word}`,
    that stands alone.
    """

    tag: str
    sections: tuple[type[Section], ...]
    otherwise: str = ""

    def kinds(self) -> dict[str, type[Section]]:
        """The sections by the word that names each."""
        return {str(section.declared[self.tag].default): section for section in self.sections}

    def expected(self) -> str:
        """The words."""
        return f"one of {' '.join(self.kinds())}, or a mapping with '{self.tag}'"


@record
class Named(Kind):
    """One of several sections by its word, as operations are written: `flip`, `pad_crop: 4`, `pad_crop: {pixels: 4}`.

    A word alone is the section with its defaults, a bare value stands for its main key.
    """

    sections: tuple[type[Section], ...]

    def kinds(self) -> dict[str, type[Section]]:
        """The sections by the word that names each."""
        return {section.word: section for section in self.sections}

    def expected(self) -> str:
        """The words."""
        return f"one of {' '.join(self.kinds())}"


@record
class ListOf(Kind):
    """A list, in order, of up to `most` sections, each by its word or, of one kind, a mapping; it may be empty."""

    item: Named | Sub
    most: int = 100

    def expected(self) -> str:
        """What the list holds."""
        return f"a list, each {self.item.expected()}"


def key(kind: Kind, doc: str, *, default: Any = REQUIRED, unit: str = "", synonyms: tuple[str, ...] = (),
        follows: str = "") -> Any:
    """Declares a field of a section. Without a default it has to be written."""
    metadata = {"key": Key(kind, default, doc, unit, synonyms, follows)}
    return field(metadata=metadata) if default is REQUIRED else field(default=default, metadata=metadata)


def tag(doc: str, *, default: str) -> Any:
    """Declares the field that tells a section's kind: its one word."""
    return key(Choice((default,)), doc, default=default)


T = TypeVar("T", bound=Section)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(key, tag))
def section(cls: type[T]) -> type[T]:
    """A section: a record that is made by keywords."""
    made = recorded(cls, kw_only=True)
    made.declared = MappingProxyType({each.name: each.metadata["key"] for each in fields(made)})
    return made


def to_json(value: object) -> Any:
    """A section, or a value of one, as JSON has it: mappings by key, lists, numbers, texts, true, false and null."""
    if isinstance(value, Section):
        found = {name: to_json(getattr(value, name)) for name in value.declared}
        return {value.word: found} if value.word else found
    if isinstance(value, Mapping):
        return {name: to_json(each) for name, each in value.items()}
    if isinstance(value, Quantity):
        return value.to_json()
    return [to_json(item) for item in value] if isinstance(value, tuple) else value
