"""A spec against the figures that others published."""

from __future__ import annotations

from dataclasses import dataclass

from archspec.spec.arch import Published
from archspec.views.numbers import count
from archspec.views.summary import Summary


@dataclass(frozen=True, slots=True)
class Figure:
    """One published figure, what it is here, and the value of its last digit written."""

    name: str
    published: float
    found: int | None
    digit: float = 1

    @property
    def holds(self) -> bool:
        """Whether they are equal, rounded to the last digit written."""
        return self.found is not None and round(self.found / self.digit) == round(self.published / self.digit)

    def __str__(self) -> str:
        if self.holds:
            return f"{self.name}: {count(self.found)}, as published"
        return f"{self.name}: {count(self.found)}, published {self.published:,.0f}"


def compare(published: Published, cost: Summary) -> list[Figure]:
    """A figure for each that the spec gives."""
    pairs = (("trainable parameters", published.params, cost.parameters.trainable, 1.0),
             ("all parameters", published.total, cost.parameters.total, 1.0),
             ("multiply-adds", published.macs, cost.macs, published.macs_digit))
    return [Figure(name, said, found, digit) for name, said, found, digit in pairs if said is not None]
