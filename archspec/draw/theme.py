"""Colours and type of pictures. Word and form say what a thing is; colour says it a second time."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Colours:
    """A theme. `kinds` are fill and line of each kind of box; on `paper`, text has a contrast of 5.9:1 and outlines 4.9:1."""

    paper: str
    ink: str
    dim: str
    edge: str
    frame: str
    panel: str
    bar: str
    kinds: Mapping[str, tuple[str, str]]


LIGHT = Colours(
    paper="#ffffff", ink="#1b1f24", dim="#57606a", edge="#4a5159", frame="#c3c9d0", panel="#f5f6f8", bar="#2b62a0",
    kinds={
        "conv": ("#dce9f7", "#2b62a0"), "pool": ("#fde6c8", "#a85f00"), "merge": ("#e3e5e8", "#4a5159"),
        "gate": ("#f0dcee", "#8b3d86"), "dense": ("#d3ebe0", "#1f7350"), "attention": ("#fbf3b5", "#7d6c00"),
        "plain": ("#ffffff", "#57606a"), "added": ("#d9ecff", "#0058a8"), "removed": ("#ffe3d6", "#b03a00"),
        "changed": ("#f3e2ff", "#6f2da8"),
    })
DARK = Colours(
    paper="#0f1318", ink="#e8ebee", dim="#a3adb8", edge="#a9b3bd", frame="#3d4650", panel="#171d24", bar="#78b0ee",
    kinds={
        "conv": ("#16304d", "#78b0ee"), "pool": ("#43300f", "#eaae55"), "merge": ("#2c333b", "#b3bcc6"),
        "gate": ("#3d2340", "#d793d1"), "dense": ("#12382a", "#6bcaa0"), "attention": ("#3b3506", "#d9c64a"),
        "plain": ("#171d24", "#a3adb8"), "added": ("#0d2f52", "#6fb6ff"), "removed": ("#4a200d", "#ff9c6b"),
        "changed": ("#33204a", "#cda0f5"),
    })

# What is the same in both themes. Arial's likes first: they have the widths that places are computed by.
_TYPE = {
    "text": "stroke:none;font-family:Arial,Helvetica,'Liberation Sans',sans-serif;font-size:12px",
    ".s": "font-size:11px", ".c": "font-size:10px", ".b": "font-weight:bold", ".t": "font-size:11px;font-weight:bold",
    ".h": "font-size:14px;font-weight:bold",
    ".x": "stroke-dasharray:4 3", ".k": "stroke-width:2",
}


def rules(colours: Colours, scope: str, used: Collection[str], *, whole: bool) -> str:
    """The rules of a theme in CSS for the classes that are used inside `scope`; with `whole` those of type, too.

    Of a kind: `conv` a box, `conv-full` a filled strip, `conv-open` a hollow one.
    """
    found = {
        ".bg": f"fill:{colours.paper}", "text": f"fill:{colours.ink}", ".d": f"fill:{colours.dim}",
        ".e": f"stroke:{colours.edge};fill:none", ".w": f"stroke:{colours.edge};fill:none;stroke-dasharray:5 3",
        ".a": f"fill:{colours.edge};stroke:none", ".f": f"stroke:{colours.frame};fill:none",
        ".g": f"stroke:{colours.frame};fill:none;stroke-dasharray:2 3",
        ".panel": f"fill:{colours.panel};stroke:{colours.frame}",
        ".share": f"fill:{colours.bar};stroke:none", ".track": f"fill:{colours.frame};stroke:none",
    }
    for kind, (fill, line) in colours.kinds.items():
        found |= {f".{kind}": f"fill:{fill};stroke:{line}", f".{kind}-full": f"fill:{line};stroke:{line}",
                  f".{kind}-open": f"fill:{colours.paper};stroke:{line}"}
    said = [*(_TYPE.items() if whole else ()), *found.items()]
    first = f"{scope.strip()}{{stroke-width:1.2}}" if whole else ""
    return first + "".join(f"{scope}{name}{{{rule}}}" for name, rule in said if name == "text" or name[1:] in used)
