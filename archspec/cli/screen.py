"""What commands print on, and what happens when nobody reads it any more."""

from __future__ import annotations

from rich.console import Console

from archspec.io.streams import drop


class Screen(Console):
    """rich's, that says no more where rich would end the process: a training outlives the terminal that shows it."""

    def on_broken_pipe(self) -> None:
        """Whoever read what is printed has gone."""
        self.quiet = True
        drop(self.file)


def load_tensorflow(console: Console, *, devices: bool = True) -> None:
    """Says what is waited for; see import_tensorflow."""
    with console.status("loading TensorFlow"):
        from archspec.io.quiet import import_tensorflow
        import_tensorflow(devices=devices)


def screen(width: int) -> Screen:
    """For results: as wide as the terminal, or `width` where there is none."""
    return Screen(width=None if Screen().is_terminal else width, highlight=False)
