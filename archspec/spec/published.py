"""The `published` section of a spec: what others counted, to the last digit that they print."""

from __future__ import annotations

import re
from dataclasses import dataclass

from archspec.records import record
from archspec.schema.keys import Section, key, section
from archspec.schema.kinds import JsonSchema, Kind, Unfit
from archspec.schema.tree import Scalar

FIGURE = re.compile(r"([0-9]+)(?:\.([0-9]*))?(?:[eE]\+?([0-9]{1,2})|([KMGT]))?")
POWERS = {"K": 3, "M": 6, "G": 9, "T": 12}
LONGEST = 40
LARGEST = 1e18


@dataclass(frozen=True)
class Rounded:
    """A count as printed: its value, and the value of the last digit written, 1e6 of `4.089e9`."""

    value: float
    digit: float

    def matches(self, count: float) -> bool:
        """Whether a count is this one, rounded to its last digit."""
        return round(count / self.digit) == round(self.value / self.digit)


@record
class Figure(Kind):
    """A count: 25557032, 4.089e9, 25.6M."""

    def read(self, scalar: Scalar) -> Rounded:
        """The count and its last digit. Raises Unfit."""
        found = FIGURE.fullmatch(scalar.text) if len(scalar.text) <= LONGEST else None
        if found is None or isinstance(scalar.value, bool):
            raise Unfit(self.expected())
        whole, decimals, exponent, power = found.groups(default="")
        shift = int(exponent or POWERS.get(power, 0))
        value = float(f"{whole}.{decimals or 0}e{shift}")
        if not 1 <= value <= LARGEST:
            raise Unfit(self.expected())
        return Rounded(value, max(1.0, 10.0 ** (shift - len(decimals))))

    def expected(self) -> str:
        """With its three ways of writing."""
        return "a count: 25557032, 4.089e9 or 25.6M"

    def json_schema(self) -> JsonSchema:
        return {"type": ["number", "string"], "minimum": 1, "maximum": LARGEST, "pattern": f"^{FIGURE.pattern}$"}


@section
class Published(Section):
    """What others counted, compared after rounding to the last digit written."""

    params: Rounded | None = key(Figure(), "trainable parameters", default=None,
                                 synonyms=("parameters", "trainable", "weights"))
    total: Rounded | None = key(Figure(), "all parameters, the statistics of batch norms too", default=None,
                                synonyms=("total_params", "all"))
    macs: Rounded | None = key(Figure(), "multiply-adds for one image of the size given", default=None,
                               synonyms=("flops", "mult_adds", "madds", "multiply_adds", "gflops"))
