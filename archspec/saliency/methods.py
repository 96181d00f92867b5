"""By what an image is explained, and how a picture of it is known again. Loads no framework."""

from __future__ import annotations

from pathlib import Path

GRADCAM, OCCLUSION = METHODS = ("gradcam", "occlusion")
OURS = "archspec explain-image"
"""What stands in a picture as the software that made it, so that it is replaced, and nothing else is."""
SOFTWARE = "Software"
"""The keyword of PNG for that (W3C, PNG, section 11.3.4.2)."""


def is_ours(path: Path) -> bool:
    """Whether a file is a picture of an explained image."""
    from PIL import Image, UnidentifiedImageError

    from archspec.io.files import opened
    try:
        with opened(path) as file, Image.open(file, formats=["PNG"]) as image:
            return image.info.get(SOFTWARE) == OURS
    except (OSError, ValueError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError):
        return False
