"""How wide a text is, without a font: by a table of advance widths."""

from __future__ import annotations

from functools import lru_cache

# Advance widths in thousandths of the type size: Adobe's metrics of Helvetica and Helvetica-Bold (Core 14 fonts), which Arial
# and Liberation Sans share by design. By width, the signs that have it.
_REGULAR = {
    191: "'", 222: "ijl", 260: "|", 278: " !,./:;·I[\\]ft", 333: "()-`r", 334: "{}", 355: '"', 389: "*", 469: "^",
    500: "Jcksvxyz", 549: "÷≠", 556: "#$0123456789?L_abdeghnopqu–", 584: "+<=>~×−", 611: "FTZ", 667: "&ABEKPSVXY",
    722: "CDHNRUw", 778: "GOQ", 833: "Mm", 889: "%", 944: "W", 1000: "…→", 1015: "@",
}
_BOLD = {
    238: "'", 278: " ,./·I\\ijl", 280: "|", 333: "!()-:;[]`ft", 389: "*r{}", 474: '"', 500: "z", 549: "÷≠",
    556: "#$0123456789J_aceksvxy–", 584: "+<=>^~×−", 611: "?FLTZbdghnopqu", 667: "EPSVXY", 722: "&ABCDHKNRU", 778: "GOQw",
    833: "M", 889: "%m", 944: "W", 975: "@", 1000: "…→",
}
_WIDTHS = {bold: {sign: width for width, signs in table.items() for sign in signs} for bold, table in
           ((False, _REGULAR), (True, _BOLD))}
WIDEST = 1000
"""Of a sign that the table lacks: no wider in any face that stands in for it."""
SPARE = 1.18
"""DejaVu Sans, which stands in where Arial and its likes are missing, is up to so much wider."""


@lru_cache(maxsize=4096)
def width(text: str, size: float, bold: bool = False) -> float:
    """Pixels that a text may take in any of the usual faces."""
    table = _WIDTHS[bold]
    return sum(table.get(sign, WIDEST) for sign in text) * size / 1000 * SPARE


def wrapped(words: str, room: float, size: float, bold: bool = False) -> list[str]:
    """Words in rows that take no more than `room`, where single words are not longer: broken at blanks."""
    rows: list[str] = []
    for word in words.split():
        if rows and width(f"{rows[-1]} {word}", size, bold) <= room:
            rows[-1] += f" {word}"
        else:
            rows.append(word)
    return rows
