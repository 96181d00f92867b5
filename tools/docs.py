"""Writes the generated parts of the documentation: docs/zoo.md, and the tables in docs/language.md.

Run from the checkout: python tools/docs.py. With --check it writes nothing and ends with 1 if a page is out of date.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, get_args

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from pydantic.fields import FieldInfo  # noqa: E402

from archspec.io.places import shipped  # noqa: E402
from archspec.spec import recipe  # noqa: E402
from archspec.spec.blocks import BlockTable  # noqa: E402
from archspec.spec.export import ExportSection  # noqa: E402
from archspec.spec.operations import KIND_ARGUMENTS, OPERATIONS, REQUIRED, Argument, Signature  # noqa: E402
from archspec.spec.source import Mapping, plain, read  # noqa: E402
from archspec.views import catalog  # noqa: E402
from archspec.views.numbers import count, short  # noqa: E402

LANGUAGE = ROOT / "docs" / "language.md"
ZOO = ROOT / "docs" / "zoo.md"

MEANING = {
    "conv": "convolution, with norm and activation (see [units](#units))",
    "depthwise": "`multiplier` filters for each channel, with norm and activation",
    "max_pool": "largest value of each window",
    "avg_pool": "mean of each window",
    "global_avg_pool": "mean over the whole map: a vector, or 1x1xC with `keepdims`",
    "global_max_pool": "largest value of the whole map",
    "dense": "fully connected layer, on a vector",
    "norm": "normalisation",
    "act": "activation function",
    "dropout": "drops elements in training",
    "scale": "multiplies by a constant",
    "layer_scale": "multiplies each channel by a learned factor that starts at `init`",
    "lrn": "local response normalisation over `size` channels",
    "pad_channels": "adds zero channels up to `channels`",
    "flatten": "a map as a vector, row by row",
    "pad": "zeros around the map: a number of pixels, or `[top, bottom, left, right]`",
    "shuffle": "channel shuffle over `groups`",
    "upsample": "enlarges the map by a whole factor; `method` is nearest or bilinear",
    "branches": "paths from the same value, joined by `merge`",
    "parallel": "`times` paths of one form, each with its own weights, joined by `merge`",
    "repeat": "the body `times` times in a row; 0 leaves it out",
    "residual": "act(shortcut(x) + scale · body(x))",
    "densely": "concatenation of x and body(x)",
    "gate": "x · body(x), broadcast over height and width",
    "highway": "T(x) · body(x) + (1 − T(x)) · x",
}
FOLLOWS = {
    ("conv", "bias"): "false; true in unit `conv-act`", ("depthwise", "bias"): "false; true in unit `conv-act`",
    ("conv", "norm"): "`defaults.norm`; none in unit `conv-act`",
    ("depthwise", "norm"): "`defaults.norm`; none in unit `conv-act`",
    ("residual", "act"): "`defaults.act`; none with `pre` or `shortcut: matched`",
    ("residual", "shortcut_bias"): "`defaults.conv.bias`; else as the unit",
    ("norm", "kind"): "`defaults.norm`", ("act", "kind"): "`defaults.act`",
}
"""Defaults that depend on something else, in words."""
DEPENDS_ON_KIND = "of the kind"
FIELD = re.compile(r'^    (\w+): [^\n]*\n    """(.*?)"""', re.MULTILINE | re.DOTALL)
"""A field of a class and the text below it."""


def table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A table in Markdown."""
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


# -- operations ----------------------------------------------------------------------------------------------------------

def _value(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)


def _default(operation: str, name: str, argument: Argument) -> str:
    if (operation, name) in FOLLOWS:
        return FOLLOWS[operation, name]
    if argument.default == REQUIRED:
        return "**required**"
    if argument.kind == "padding":
        return f"`defaults.padding`, else {_value(argument.default)}"
    if argument.kind == "act" and argument.default is None:
        return "`defaults.act`"
    return DEPENDS_ON_KIND if argument.default is None else _value(argument.default)


def _arguments(signature: Signature, names: list[str]) -> str:
    return ", ".join(f"`{name}` ({_default(signature.name, name, signature.arguments[name])})" for name in names)


def _operations(holds: bool) -> str:
    rows = []
    for name, signature in OPERATIONS.items():
        if signature.holds == holds:
            main = [signature.main] if signature.main else []
            others = [argument for argument in signature.arguments if argument != signature.main]
            rows.append((f"`{name}`", _arguments(signature, main), _arguments(signature, others), MEANING[name]))
    return table(("operation", "main argument", "other arguments (default)", "what it does"), rows)


def _kinds() -> str:
    rows = []
    for section in ("norm", "act"):
        for kind in OPERATIONS[section].arguments["kind"].choices:
            given = KIND_ARGUMENTS.get(kind, {})
            rows.append((section, f"`{kind}`", ", ".join(f"`{key}` ({_value(value)})" for key, value in given.items())))
    return table(("", "kind", "arguments (default)"), rows)


# -- train and export ----------------------------------------------------------------------------------------------------

SECTIONS: tuple[tuple[str, type[recipe.Section]], ...] = (
    ("train", recipe.Recipe), ("train.data: digits", recipe.Digits), ("train.data: folder", recipe.Folder),
    ("train.optimizer: sgd", recipe.Sgd), ("train.schedule: cosine", recipe.Cosine), ("train.schedule: step", recipe.Step),
    ("train.schedule: constant", recipe.Constant), ("train.normalize", recipe.Normalize), ("train.augment", recipe.Augment),
    ("train.checkpoint", recipe.Checkpoint), ("train.init", recipe.Init), ("export", ExportSection),
)
KEYS_IN_WORDS = {
    "data": "where the images come from", "epochs": "how often every image is seen", "optimizer": "how weights change",
    "schedule": "the learning rate over the epochs", "normalize": "what is done to pixels ahead of the network",
    "augment": "what training does to images", "label_smoothing": "the share of each label that is spread over all classes",
    "checkpoint": "when the state is saved", "momentum": "the share of the last change that goes on",
    "nesterov": "Nesterov's form of momentum", "weight_decay": "L2 penalty on kernels; not on biases and norms",
    "learning_rate": "the highest learning rate", "milestones": "the epochs at which it falls; they must rise",
    "factor": "what it is multiplied by there", "mean": "is subtracted from pixels of 0 to 255; one number, or one a channel",
    "std": "divides them; one number, or one a channel", "formats": "what is made for serving",
    "tolerance": "how far a probability may be from Keras's; ten times that for a logit, as a share of the largest",
    "init": "weights to start from instead of random ones",
    "crop_padding": "black pixels around an image that is then cropped at random; 0: no crop at random",
}


def _docs(model: type[recipe.Section]) -> dict[str, str]:
    """The text below each field, as written in the source."""
    source = Path(sys.modules[model.__module__].__file__ or "").read_text(encoding="utf-8")
    found: dict[str, str] = {}
    for parent in reversed(model.__mro__):
        body = re.search(rf"^class {parent.__name__}\(.*?(?=^\S)", source, re.MULTILINE | re.DOTALL)
        found.update(FIELD.findall(body[0] if body else ""))
    return found


def _shown(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    default = field.default
    if isinstance(default, recipe.Section):
        kind = getattr(default, "source", None) or getattr(default, "kind", None)
        return str(kind) if kind else "see below"
    if isinstance(default, tuple):
        return str(default[0]) if len(default) == 1 else "[" + ", ".join(map(str, default)) + "]"
    return _value(default)


def _choices(field: FieldInfo) -> str:
    arguments = get_args(field.annotation)
    if len(arguments) > 1 and all(isinstance(choice, str | bool) for choice in arguments):
        return " or ".join(_value(choice) for choice in arguments) + ". "
    return ""


def _sections() -> str:
    rows = []
    for path, model in SECTIONS:
        texts = _docs(model)
        for name, field in sorted(model.model_fields.items(), key=lambda item: list(model.model_fields).index(item[0])):
            if name in ("source", "kind"):
                continue
            what = texts.get(name) or KEYS_IN_WORDS[name]
            rows.append((f"`{path}`", f"`{name}`", _shown(field), _choices(field) + what[:1].upper() + what[1:].rstrip(".")))
    shown = {path for path, *_ in rows}
    rows.extend((f"`{path}`", "", "", "no keys of its own") for path, _ in SECTIONS if f"`{path}`" not in shown)
    rows.sort(key=lambda row: [f"`{path}`" for path, _ in SECTIONS].index(row[0]))
    return table(("section", "key", "default", "meaning"), rows)


# -- blocks and the zoo --------------------------------------------------------------------------------------------------

def _blocks() -> str:
    rows = []
    known = BlockTable(None, [])
    for entry in catalog.blocks():
        parameters = known.tree(entry.name).entries.get("parameters")
        assert parameters is None or isinstance(parameters, Mapping)
        given = ", ".join(f"`{name}`" if plain(value) == REQUIRED else f"`{name}` ({_value(plain(value))})"
                          for name, value in ({} if parameters is None else parameters.entries).items())
        rows.append((f"[{entry.family}](../specs/blocks/{entry.family}.yaml)", f"`{entry.name}`", given, entry.description))
    return table(("file", "block", "parameters (default)", "what it is"), rows)


def _recipes() -> str:
    rows = []
    for name in catalog.recipes():
        tree = read(shipped() / "recipes" / f"{name}.yaml")
        said = {key: plain(value) for key, value in tree.entries.items()}
        link = f"[{name}](../specs/recipes/{name}.yaml)"
        rows.append((link, str(said.get("description", "")), str(said.get("reference", ""))))
    return table(("recipe", "what it is", "after"), rows)


def _zoo() -> str:
    parts = ["# The zoo", "", "The specs that ship with archspec, as `archspec list` shows them. This page is generated by",
             "[tools/docs.py](../tools/docs.py). Parameters are the trainable ones; a multiply-add counts as one, for one",
             "image of the size given; layers are the convolutions and dense layers of the longest path. A family is a file",
             "of [specs/blocks](../specs/blocks)."]
    header = ("spec", "input", "parameters", "multiply-adds", "layers", "description")
    for family, entries in groupby(catalog.specs(), key=lambda entry: entry.family):
        rows = [(f"[{entry.name}](../specs/{entry.name}.yaml)", entry.input, count(entry.parameters), short(entry.macs),
                 str(entry.depth), entry.description) for entry in entries]
        parts += ["", f"## {family}", "", table(header, rows)]
    return "\n".join([*parts, ""])


# -- writing -------------------------------------------------------------------------------------------------------------

TABLES: dict[str, Callable[[], str]] = {
    "operations": lambda: _operations(holds=False), "compositors": lambda: _operations(holds=True), "kinds": _kinds,
    "train": _sections, "recipes": _recipes, "blocks": _blocks,
}
REGION = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def _with_tables(text: str) -> str:
    return REGION.sub(lambda match: f"{match[1]}{TABLES[match[2]]()}\n{match[3]}", text)


def pages() -> Iterator[tuple[Path, str]]:
    """Each page that has generated parts, and what has to stand in it."""
    yield LANGUAGE, _with_tables(LANGUAGE.read_text(encoding="utf-8"))
    yield ZOO, _zoo()


def main(arguments: Any = None) -> int:
    """Writes the pages, or checks them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 if a page is out of date")
    check = parser.parse_args(arguments).check
    stale = [(path, text) for path, text in pages() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path, text in stale:
        print(f"{path.relative_to(ROOT)} {'is out of date: run python tools/docs.py' if check else 'written'}")
        if not check:
            path.write_text(text, encoding="utf-8")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
