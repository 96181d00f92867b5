"""How numbers are shown."""

from __future__ import annotations

UNITS = ((10**9, "G"), (10**6, "M"), (10**3, "k"))


def count(value: int | None) -> str:
    """25557032 as 25,557,032; ? where a size is open."""
    return "?" if value is None else f"{value:,}"


def short(value: int | None) -> str:
    """4089184256 as 4.09 G."""
    if value is None:
        return "?"
    for size, name in UNITS:
        if value >= size:
            return f"{value / size:.3g} {name}" if value < 1000 * size else f"{value / size:,.0f} {name}"
    return str(value)


def mebibytes(value: int | None) -> str:
    """Bytes in MiB."""
    return "?" if value is None else f"{value / 2**20:,.1f} MiB"


def memory(value: int | None) -> str:
    """Bytes in the unit that suits them: 592 B, 12 KiB, 4.6 MiB, 1.21 GiB."""
    if value is None or value < 2**10:
        return "?" if value is None else f"{value} B" if value else "0"
    if value < 2**20 / 10:
        return f"{value / 2**10:.0f} KiB"
    size = value / 2**20
    return f"{size:.1f} MiB" if size < 99.95 else f"{size:.0f} MiB" if size < 999.5 else _gibibytes(size / 2**10)


def _gibibytes(size: float) -> str:
    return f"{size:#.3g} GiB" if size < 99.95 else f"{size:,.0f} GiB"


def shape(sizes: tuple[int | None, ...]) -> str:
    """56x56x64, ? for an open size."""
    return "x".join("?" if size is None else str(size) for size in sizes)
