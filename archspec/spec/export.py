"""The `export` section of a spec: what a finished run leaves for serving."""

from __future__ import annotations

from archspec.schema.keys import Section, key, section
from archspec.schema.kinds import Choice, Each, Number, Whole
from archspec.schema.quantities import ShareKind

FORMATS = ("savedmodel", "tflite", "keras", "onnx")
FORMAT_WORDS = {"pb": "savedmodel", "tf": "savedmodel", "tensorflow": "savedmodel", "lite": "tflite", "litert": "tflite"}
QUANTIZED = ("float16", "dynamic", "int8", "int16x8")
"""How a TFLite file's numbers may be kept, beside float32."""
QUANTIZED_WORDS = {"fp16": "float16", "half": "float16", "dynamicrange": "dynamic", "weightonly": "dynamic", "full": "int8",
                   "integer": "int8", "16x8": "int16x8", "int16": "int16x8"}


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
    quantize: tuple[str, ...] = key(Each(Choice(QUANTIZED, QUANTIZED_WORDS), least=0, unique=True),
                                    "smaller TFLite files, one for each: model_int8.tflite and so on; see docs/tflite.md",
                                    default=(), synonyms=("quantization", "quantized"))
    accuracy_drop: float = key(ShareKind(), "the accuracy that a quantised file may lose, by the network's own probabilities; "
                               "int8 keeps as many layers in float as that takes", default=0.01)
    calibration: int = key(Whole(1, 10_000), "how many training images show int8 and int16x8 the range of each layer's numbers",
                           default=200, unit="images")
    integers: str = key(Choice(("float", "uint8", "int8")), "what an int8 file takes and gives: float, or whole numbers, "
                        "pixels as they are in uint8", default="float")
    pixels: str = key(Choice(("inside", "outside")), "whether a TFLite file normalises pixels itself or takes them "
                      "normalised", default="inside")

    def chosen(self, *, averaged: bool) -> str:
        """Which weights are exported of a training, whether it has an average of them or not."""
        return self.weights or ("ema" if averaged else "raw")

    @property
    def artefacts(self) -> tuple[str, ...]:
        """All that is made: the formats, and a TFLite file for each way to quantise one."""
        return (*self.formats, *(f"tflite_{mode}" for mode in self.quantize))
