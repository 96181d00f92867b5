"""The `export` section of a spec: what a finished run leaves for serving."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from archspec.spec.recipe import Section

Format = Literal["savedmodel", "tflite"]


class ExportSection(Section):
    """The formats, and how far what they compute may be from Keras's before the file is thrown away."""

    formats: Annotated[tuple[Format, ...], Field(strict=False)] = ("savedmodel", "tflite")
    tolerance: Annotated[float, Field(gt=0, lt=1)] = 1e-4
    """The greatest difference of any probability from Keras's; of a logit ten times that, as a share of its image's largest."""

    @model_validator(mode="after")
    def _once(self) -> ExportSection:
        if len(set(self.formats)) != len(self.formats):
            raise PydanticCustomError("formats", "formats: each may be named once")
        return self
