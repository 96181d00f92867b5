"""Immutable values with named fields, made, compared and told by one piece of code for all of them.

They are dataclasses to whoever asks (`fields`, `replace`, `match`). `dataclass` alone compiles up to seven methods for each
class: with more than a hundred kinds of operations, keys and sections that was a third of what `archspec check` took.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field, fields
from typing import Any, ClassVar, TypeVar, dataclass_transform


class Record:
    """What every record can do. A subclass declares its fields as a dataclass does, and has the decorator `record`."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]
    _own: ClassVar[Mapping[str, Field[Any]]] = {}
    """Its fields, in order; none of its class variables."""
    _positional: ClassVar[tuple[str, ...]] = ()
    """Those of its fields that may be given without their name."""
    _defaults: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, *given: Any, **named: Any) -> None:
        """Raises TypeError for what is not a field, is given twice, or is missing."""
        told = named
        if given:
            told = {**dict(zip(self._positional, given, strict=False)), **named}
            if len(told) != len(given) + len(named):
                raise TypeError(self._misfit(given, named))
        values = {**self._defaults, **told}
        if values.keys() != self._own.keys():
            raise TypeError(self._misfit(given, named))
        self.__dict__.update(values)

    def _misfit(self, given: tuple[Any, ...], named: Mapping[str, Any]) -> str:
        """What is wrong with the arguments."""
        name, first = type(self).__qualname__, self._positional[:len(given)]
        if len(given) > len(first):
            return f"{name} takes {len(first)} fields without their names, these are {len(given)}"
        if twice := [key for key in first if key in named]:
            return f"{name} has {' '.join(twice)} twice"
        if wrong := [key for key in named if key not in self._own]:
            return f"{name} has no field {' '.join(wrong)}"
        missing = [key for key in self._own if key not in self._defaults and key not in named and key not in first]
        return f"{name} lacks {' '.join(missing)}"

    def __setattr__(self, name: str, value: object) -> None:
        raise FrozenInstanceError(f"cannot assign to field '{name}'")

    def __delattr__(self, name: str) -> None:
        raise FrozenInstanceError(f"cannot delete field '{name}'")

    def __eq__(self, other: object) -> bool:
        return self.__dict__ == other.__dict__ if type(self) is type(other) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(map(self.__dict__.__getitem__, self._own)))

    def __repr__(self) -> str:
        return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in self._own)})"


T = TypeVar("T", bound=Record)


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def record(cls: type[T]) -> type[T]:
    """A record of the fields that a class declares, with those of its bases before them."""
    return recorded(cls, kw_only=False)


def recorded(cls: type[T], *, kw_only: bool) -> type[T]:
    """The same, for other decorators. A default that is made (`default_factory`) is made once: it has to be immutable."""
    made = dataclass(init=False, repr=False, eq=False, kw_only=kw_only)(cls)
    own = fields(made)
    made._own = {each.name: each for each in own}
    made._positional = tuple(each.name for each in own if not each.kw_only)
    made._defaults = {each.name: each.default if each.default_factory is MISSING else each.default_factory()
                      for each in own if each.default is not MISSING or each.default_factory is not MISSING}
    return made
