"""The `export` section of a spec: what a finished run leaves for serving."""

from __future__ import annotations

from archspec.schema.keys import Section, key, section
from archspec.schema.kinds import Choice, Each, Number

FORMATS = ("savedmodel", "tflite", "keras", "onnx")
FORMAT_WORDS = {"pb": "savedmodel", "tf": "savedmodel", "tensorflow": "savedmodel", "lite": "tflite", "litert": "tflite"}


@section
class ExportSection(Section):
    """The formats, and how far what they compute may be from Keras's before the file is thrown away."""

    formats: tuple[str, ...] = key(Each(Choice(FORMATS, FORMAT_WORDS), least=0, unique=True),
                                   "what is made for serving; keras is the model.keras that each run has",
                                   default=("savedmodel", "tflite"), synonyms=("format",))
    tolerance: float = key(Number(above=0, below=1),
                           "how far a probability may be from Keras's; ten times that for a logit, as a share of the largest",
                           default=1e-4)
    weights: str | None = key(Choice(("raw", "ema", "best"), {"average": "ema", "averaged": "ema", "last": "raw"}),
                              "which weights are exported: those that are trained, their moving average, which then is tested, "
                              "too, or those of the best epoch that train.checkpoint.best keeps", default=None,
                              follows="ema where train.ema has one, else raw")

    def chosen(self, *, averaged: bool) -> str:
        """Which weights are exported of a training, whether it has an average of them or not."""
        return self.weights or ("ema" if averaged else "raw")
