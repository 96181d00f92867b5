"""Every key of a spec, of a stage and of a block: the declarations from which tables, messages and checks come."""

from __future__ import annotations

from functools import cache

from archspec.records import record
from archspec.schema.keys import Key, Sub
from archspec.schema.kinds import Choice, Form, JsonSchema, Kind, Unfit, Whole
from archspec.schema.walk import Entry, walk
from archspec.spec.export import ExportSection
from archspec.spec.operations import ITEMS, MAX_TIMES, MEMORIES, OPERATIONS, PADDED, PADDING, UNIT_KIND, UNITS
from archspec.spec.published import Published
from archspec.spec.recipe import Recipe

VERSION = 1


@record
class OneOfNumbers(Kind):
    """One of some whole numbers."""

    numbers: tuple[int, ...]

    def take(self, value: object) -> int:
        """The number. Raises Unfit."""
        if isinstance(value, bool) or value not in self.numbers:
            raise Unfit(self.expected())
        assert isinstance(value, int | float)
        return int(value)

    def expected(self) -> str:
        """All of them."""
        return f"one of {' '.join(map(str, self.numbers))}"

    def json_schema(self) -> JsonSchema:
        return {"enum": [*self.numbers]}


OUTPUT_STRIDES = OneOfNumbers((8, 16, 32))
TEXT = Form("text", "a text")
NAMES = Form("mapping", "a mapping of names")
MEMORY = Key(Choice(MEMORIES), "none", "what the backward pass computes again, see [below](#memory)",
             synonyms=("checkpointing", "gradient_checkpointing", "recompute", "remat"))
UNIT = Key(UNIT_KIND, UNITS[0], "how convolution, norm and activation follow each other, see [units](#units)",
           synonyms=("order",))

SPEC: dict[str, Key] = {
    "archspec": Key(Form("version", str(VERSION)), VERSION, "the version of the language", synonyms=("version",)),
    "name": Key(TEXT, None, "letters, digits and `. _ -`", follows="the name of the file", synonyms=("title", "model_name")),
    "description": Key(TEXT, "", "text for people", follows="empty"),
    "reference": Key(TEXT, "", "text for people: where it is from", follows="empty", synonyms=("paper", "source", "citation")),
    "extends": Key(TEXT, None, "another spec, see [Inheritance](#inheritance)", follows="none",
                   synonyms=("base", "_base_", "inherits", "parent", "from")),
    "input": Key(Form("size", "height x width x channels"), doc="the size of the image; `?x?x3` leaves it open",
                 follows="an error", synonyms=("input_shape", "input_size", "image_size", "inputs", "shape")),
    "classes": Key(Whole(2, 10**6), None, "how many logits there are; the name `$classes`", follows="not defined",
                   synonyms=("num_classes", "n_classes", "nc", "outputs")),
    "output_stride": Key(OUTPUT_STRIDES, None, "the stride that no stage passes, see [below](#output-stride)",
                         follows="none", synonyms=("os", "replace_stride_with_dilation", "dilated")),
    "let": Key(NAMES, None, "names for [expressions](#expressions), known everywhere in the spec", follows="none",
               synonyms=("vars", "variables", "constants")),
    "defaults": Key(Form("defaults", "a mapping of keys"), None, "`unit`, `padding`, and arguments of operations",
                    follows="what each operation has, see [below](#defaults-and-parameters)", synonyms=("default",)),
    "parameters": Key(NAMES, None, "values for parameters of blocks", follows="none", synonyms=("params", "args", "kwargs")),
    "blocks": Key(Form("blocks", "a mapping of blocks"), None, "the [blocks](#blocks) of this spec",
                  follows="the shipped ones only", synonyms=("modules", "block")),
    "include": Key(Form("files", "a file, or a list of files"), None, "files of blocks, see [below](#sharing-blocks)",
                   follows="none", synonyms=("import", "imports", "includes")),
    "stem": Key(ITEMS, None, "ahead of the stages", follows="`[]`", synonyms=("entry",)),
    "stages": Key(Form("stages", "a mapping of columns or a list of rows"), None, "see [Stages](#stages)", follows="none",
                  synonyms=("body", "stage")),
    "head": Key(ITEMS, doc="ends in logits", follows="an error", synonyms=("classifier", "top", "neck")),
    "auxiliary": Key(Form("auxiliary", "a mapping of stages to lists of operations"), None,
                     "extra heads for training, see [below](#auxiliary-classifiers)", follows="none",
                     synonyms=("aux", "auxiliary_heads")),
    "memory": MEMORY,
    "published": Key(Sub(Published), None, "figures that `archspec verify` compares with", follows="none",
                     synonyms=("expected", "figures")),
    "train": Key(Sub(Recipe), None,
                 "see [train and export](#train-and-export)", follows="its defaults", synonyms=("training", "fit")),
    "export": Key(Sub(ExportSection), None, "see [train and export](#train-and-export)", follows="its defaults",
                  synonyms=("exports", "serving", "save")),
}
"""The keys of a spec, in the order in which it is written."""
WHOLE = ("layers", "model", "network", "net", "architecture", "arch", "backbone", "encoder")
"""What others call the whole network, or another's that is built upon."""

STAGE: dict[str, Key] = {
    "name": Key(TEXT, None, "letters, digits, `_`; GoogLeNet's are `3a`, `3b`, …", follows="`stage1`, `stage2`, …"),
    "block": Key(TEXT, doc="the block it repeats (`blocks` in columns)", follows="an error", synonyms=("module", "type")),
    "repeats": Key(Whole(1, MAX_TIMES), 1, "how often it repeats the block",
                   synonyms=("repeat", "depth", "n", "num_blocks", "layers", "depths")),
    "stride": Key(Form("any", "a value"), 1, "for the first repeat; the others have 1 (`strides` in columns)",
                  synonyms=("strides", "downsample")),
    "before": Key(ITEMS, None, "once a stage, ahead of its blocks", follows="none", synonyms=("pre",)),
    "after": Key(ITEMS, None, "once a stage, behind its blocks", follows="none", synonyms=("post",)),
    "between": Key(ITEMS, None, "in columns only: ahead of every stage but the first, and of its `before`",
                   follows="none", synonyms=("transition",)),
    "memory": Key(Choice(MEMORIES), None, MEMORY.doc, follows="the spec's `memory`", synonyms=MEMORY.synonyms),
}
"""The keys of a stage; any other is a parameter of its block."""

BLOCK: dict[str, Key] = {
    "description": Key(TEXT, "", "text for people", follows="empty"),
    "like": Key(TEXT, None, "another block: it is copied, and the keys given here change the copy", follows="none",
                synonyms=("extends", "base", "copy", "from")),
    "edit": Key(Form("edit", "a mapping of labels"), None, "changes to items of the body that it copies, "
                "see [below](#editing-a-block)", follows="none", synonyms=("patch", "edits", "changes")),
    "parameters": Key(NAMES, None, "name: default; `required` has none. A bare value in a call is the first one",
                      follows="none", synonyms=("params", "args", "arguments")),
    "unit": Key(UNIT_KIND, None, "its unit", follows="the spec's `defaults.unit`, never the caller's", synonyms=UNIT.synonyms),
    "let": Key(NAMES, None, "names computed from the parameters, in order", follows="none", synonyms=("vars", "variables")),
    "body": Key(ITEMS, doc="the operations it is made of", follows="an error",
              synonyms=("layers", "ops", "operations", "items")),
}
"""The keys of a block."""

DEFAULTS: dict[str, Key] = {
    "unit": UNIT, "padding": Key(PADDING, "same", PADDED.doc, "pixels", PADDED.synonyms),
    **{name: Key(Form("arguments", "a mapping of arguments"), None, each.doc, synonyms=each.synonyms)
       for name, each in OPERATIONS.items() if not each.holds and not each.layerless},
}
"""The keys of `defaults`."""


@cache
def everywhere() -> tuple[Entry, ...]:
    """All keys of a spec that are declared by their path."""
    return tuple(walk(SPEC))
