"""archspec: a network as a file. Importing it loads neither TensorFlow nor Keras, nor the rest of archspec."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archspec.model.registered import register_with_keras

if TYPE_CHECKING:
    __version__: str
    from archspec.api import (
        Graph,
        InputError,
        Problem,
        Spec,
        SpecError,
        Summary,
        Where,
        backbone,
        build,
        load,
        lower,
        summary,
    )

__all__ = ["Graph", "InputError", "Problem", "Spec", "SpecError", "Summary", "Where", "__version__", "backbone", "build",
           "load", "lower", "summary"]

register_with_keras()


def __getattr__(name: str) -> object:
    """A name of `__all__`, found when it is asked for: `archspec --help` needs none of them."""
    if name == "__version__":
        from archspec.io.packages import own_version
        return own_version()
    if name in __all__:
        from archspec import api
        return getattr(api, name)
    raise AttributeError(f"archspec has no '{name}'")


def __dir__() -> list[str]:
    return sorted(__all__)
