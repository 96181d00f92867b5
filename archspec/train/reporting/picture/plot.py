"""matplotlib's pictures, the same whatever the user's own settings: black on white, which is read on a dark page, too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archspec.io.files import replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 120
PLAIN = {"text.parse_math": False, "svg.hashsalt": "archspec"}
"""A name with $ in it is a name, and no formula; and an SVG says nothing of when it was made."""


@contextmanager
def plot(path: Path, width: float, height: float) -> Iterator[Figure]:
    """A figure of so many inches to draw on; it is a PNG or SVG file then, whole or not at all, the same each time."""
    from matplotlib import style  # half a second, and needed once
    from matplotlib.figure import Figure
    with style.context(["default", PLAIN]), replacing(path) as partial:
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure
        _print(figure, path.suffix, partial)


def _print(figure: Figure, suffix: str, path: Path) -> None:
    """What `savefig` writes, which draws all of it once more before, for margins that nothing here asks for."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    figure.set_dpi(DPI)
    canvas: Any = (FigureCanvasSVG if suffix == ".svg" else FigureCanvasAgg)(figure)  # their methods have no types
    if suffix == ".svg":
        canvas.print_svg(path, metadata={"Date": None})
    else:
        canvas.print_png(path)
