"""A spec against the figures that others published."""

from __future__ import annotations

from dataclasses import dataclass

from archspec.spec.published import Published, Rounded
from archspec.views.numbers import count
from archspec.views.summary import Summary


@dataclass(frozen=True, slots=True)
class Figure:
    """One published figure, and what it is here."""

    name: str
    published: Rounded
    found: int | None

    @property
    def holds(self) -> bool:
        """Whether they are equal, rounded to the last digit written."""
        return self.found is not None and self.published.matches(self.found)

    def __str__(self) -> str:
        if self.holds:
            return f"{self.name}: {count(self.found)}, as published"
        return f"{self.name}: {count(self.found)}, published {self.published.value:,.0f}"


def compare(published: Published, cost: Summary) -> list[Figure]:
    """A figure for each that the spec gives."""
    pairs = (("trainable parameters", published.params, cost.parameters.trainable),
             ("all parameters", published.total, cost.parameters.total),
             ("multiply-adds", published.macs, cost.macs))
    return [Figure(name, said, found) for name, said, found in pairs if said is not None]
