"""Writes what is generated: pages of docs/ with their tables and pictures, two files of specs/, and a line of each spec.

docs/zoo.md, docs/gallery.md, docs/problems.md, docs/results.md and docs/pictures are generated, and the tables in
docs/language.md, docs/evaluation.md and docs/studies.md, the last ones and their pictures from docs/studies.json
(tools/studies.py); `archspec list` reads specs/index.json, editors specs/schema.json, which the line at the head of each
spec names.

Run from the checkout: python tools/docs.py. With --check it writes nothing and ends with 1 if a page is out of date.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import chdir
from functools import partial
from itertools import groupby
from pathlib import Path
from textwrap import fill
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

import results  # noqa: E402
import study_page  # noqa: E402

from archspec.author.problems import PAGES  # noqa: E402
from archspec.author.spec_schema import FILE, headed, schema_text  # noqa: E402
from archspec.compare.picture import picture as difference_picture  # noqa: E402
from archspec.compare.report import compared  # noqa: E402
from archspec.draw import calls  # noqa: E402
from archspec.draw.block import block_picture  # noqa: E402
from archspec.draw.calls import Repeat  # noqa: E402
from archspec.draw.full import pair_picture  # noqa: E402
from archspec.draw.svg import svg  # noqa: E402
from archspec.draw.whole import whole_picture  # noqa: E402
from archspec.network import load, lower  # noqa: E402
from archspec.schema.keys import REQUIRED, Key, ListOf, Named, OneOf, Sub  # noqa: E402
from archspec.schema.kinds import Choice  # noqa: E402
from archspec.schema.tree import MappingTree, plain  # noqa: E402
from archspec.schema.walk import walk  # noqa: E402
from archspec.spec.arch import Spec  # noqa: E402
from archspec.spec.blocks import BlockTable  # noqa: E402
from archspec.spec.operations import KIND_ARGUMENTS, OPERATIONS, Signature  # noqa: E402
from archspec.spec.protocol import Protocol, load_protocol, protocol_names  # noqa: E402
from archspec.spec.published import Published  # noqa: E402
from archspec.spec.sections import BLOCK, DEFAULTS, SPEC, STAGE  # noqa: E402
from archspec.views import catalog, recipes  # noqa: E402
from archspec.views.numbers import count, short  # noqa: E402

LANGUAGE = ROOT / "docs" / "language.md"
EVALUATION = ROOT / "docs" / "evaluation.md"
ZOO = ROOT / "docs" / "zoo.md"
GALLERY = ROOT / "docs" / "gallery.md"
TUTORIAL = ROOT / "docs" / "tutorial.md"
PROBLEMS = ROOT / "docs" / "problems.md"
RESULTS = ROOT / "docs" / "results.md"
INDEX = ROOT / "specs" / catalog.INDEX

VALUES = ("keep", "use", "join")
"""Operations on values with names."""

def table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A table in Markdown."""
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


# -- keys ----------------------------------------------------------------------------------------------------------------

def _value(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)


def _default(key: Key) -> str:
    """What holds where a key is not written."""
    if key.follows:
        return key.follows
    if key.default == REQUIRED:
        return "**required**"
    if isinstance(key.kind, OneOf):
        return str(getattr(key.default, key.kind.tag))
    if isinstance(key.kind, Sub):
        return "none" if key.default is None else "see below"
    if isinstance(key.default, tuple):
        return str(key.default[0]) if len(key.default) == 1 else f"[{', '.join(map(str, key.default))}]"
    return "none" if key.default is None else _value(key.default)


def _takes(key: Key) -> str:
    """The kind of value with its bounds and its unit."""
    if isinstance(key.kind, OneOf):
        return "one of " + " ".join(f"`{word}`" for word in key.kind.kinds())
    if isinstance(key.kind, ListOf) and isinstance(key.kind.item, Sub):
        return "a list of mappings, see below"
    if isinstance(key.kind, Named | ListOf):
        words = " ".join(f"`{word}`" for word in (key.kind.item if isinstance(key.kind, ListOf) else key.kind).kinds())
        return f"a list of {words}" if isinstance(key.kind, ListOf) else f"one of {words}"
    if isinstance(key.kind, Sub):
        return "see below"
    return key.kind.expected() + (f"; {key.unit}" if key.unit else "")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".")


def _keys(keys: Mapping[str, Key]) -> str:
    rows = [(f"`{name}`", _takes(key), _default(key), _sentence(key.doc)) for name, key in keys.items()]
    return table(("key", "value", "if left out", "meaning"), rows)


# -- operations ----------------------------------------------------------------------------------------------------------

def _arguments_of(signature: Signature, names: list[str]) -> str:
    return ", ".join(f"`{name}` ({_default(signature.arguments[name])})" for name in names)


def _operations(chosen: Callable[[Signature], bool]) -> str:
    rows = []
    for name, signature in OPERATIONS.items():
        if chosen(signature):
            main = [signature.main] if signature.main else []
            others = [argument for argument in signature.arguments if argument != signature.main]
            rows.append((f"`{name}`", _arguments_of(signature, main), _arguments_of(signature, others), signature.doc))
    return table(("operation", "main argument", "other arguments (default)", "what it does"), rows)


def _arguments() -> str:
    """Every argument once: of which operations, what it takes, and what it is."""
    owners: dict[tuple[str, str, str], list[str]] = {}
    for signature in OPERATIONS.values():
        for name, key in signature.arguments.items():
            owners.setdefault((name, _takes(key), _sentence(key.doc)), []).append(f"`{signature.name}`")
    rows = [(f"`{name}`", " ".join(of), takes, doc) for (name, takes, doc), of in owners.items()]
    return table(("argument", "of", "value", "meaning"), sorted(rows))


def _kinds() -> str:
    rows = []
    for section in ("norm", "act"):
        choice = OPERATIONS[section].arguments["kind"].kind
        assert isinstance(choice, Choice)
        for kind in choice.spelled():
            given = KIND_ARGUMENTS.get(kind, {})
            rows.append((section, f"`{kind}`", ", ".join(f"`{key}` ({_value(value)})" for key, value in given.items())))
    return table(("", "kind", "arguments (default)"), rows)


# -- train and export ----------------------------------------------------------------------------------------------------

def _sections() -> str:
    """The keys below train and export, section by section; a section without keys of its own says so."""
    sections: dict[str, list[tuple[str, ...]]] = {}
    for entry in walk({name: SPEC[name] for name in ("train", "export")}):
        rows = sections.setdefault(entry.within, [])
        for word in _words(entry.key):
            sections.setdefault(f"{entry.path}: {word}", [])
        if not (isinstance(entry.key.kind, Choice) and len(entry.key.kind.words) == 1):
            main = entry.owner is not None and entry.owner.main == entry.name
            name = f"`{entry.name}`" + " (a bare value)" * main
            row = (name, _takes(entry.key), _default(entry.key), _sentence(entry.key.doc))
            rows += [row] * (row not in rows)  # a section that several kinds hold stands there once
    found = [(f"`{within}`", *row) for within, rows in sections.items() if within
             for row in rows or [("", "", "", "no keys of its own")]]
    return table(("section", "key", "value", "default", "meaning"), found)


def _words(key: Key) -> Iterator[str]:
    kind = key.kind.item if isinstance(key.kind, ListOf) else key.kind
    return iter(kind.kinds() if isinstance(kind, OneOf | Named) else ())


# -- blocks and the zoo --------------------------------------------------------------------------------------------------

def _blocks() -> str:
    rows = []
    known = BlockTable(None)
    for entry in catalog.blocks():
        parameters = known.tree(entry.name).entries.get("parameters")
        assert parameters is None or isinstance(parameters, MappingTree)
        given = ", ".join(f"`{name}`" if plain(value) == REQUIRED else f"`{name}` ({_value(plain(value))})"
                          for name, value in ({} if parameters is None else parameters.entries).items())
        rows.append((f"[{entry.family}](../specs/blocks/{entry.family}.yaml)", f"`{entry.name}`", given, entry.description))
    return table(("file", "block", "parameters (default)", "what it is"), rows)


def _recipes() -> str:
    rows = [(f"[{entry.name}](../specs/recipes/{entry.name}.yaml)", entry.description,
             f"{entry.epochs} epochs, batch {entry.batch}, rate {entry.learning_rate}", entry.result, entry.protocol,
             entry.reference) for entry in recipes.recipes()]
    return table(("recipe", "what it is", "length", "published result", "protocol", "source"), rows)


def _zoo() -> str:
    parts = ["# The zoo", "", "The specs that ship with archspec, as `archspec list` shows them. This page is generated by",
             "[tools/docs.py](../tools/docs.py). Parameters are the trainable ones; a multiply-add counts as one, for one",
             "image of the size given; layers are the convolutions and dense layers of the longest path. A family is a file",
             "of [specs/blocks](../specs/blocks). Pictures of some are in the [gallery](gallery.md)."]
    header = ("spec", "input", "parameters", "multiply-adds", "layers", "description")
    for family, entries in groupby(catalog.lowered(), key=lambda entry: entry.family):
        rows = [(f"[{entry.name}](../specs/{entry.name}.yaml)", entry.input, count(entry.parameters), short(entry.macs),
                 str(entry.depth), entry.description) for entry in entries]
        parts += ["", f"## {family}", "", table(header, rows)]
    return "\n".join([*parts, ""])


def _problems() -> str:
    parts = ["# Problems", "",
             "What the codes of `archspec check` mean, as `archspec explain CODE` tells it, each with what is wrong and what",
             "is right. What an example leaves out is an input, the number of classes and a head. This page is generated from",
             "[problems.md](../archspec/author/problems.md) by [tools/docs.py](../tools/docs.py).", ""]
    return "\n".join(parts) + "\n" + PAGES.read_text(encoding="utf-8")


# -- protocols -----------------------------------------------------------------------------------------------------------

def _protocols() -> str:
    """What ships, with how many parts of an image it shows."""
    found = {name: load_protocol(name) for name in protocol_names()}
    rows = [(f"`{name}`", str(each.count), each.average, _sentence(each.description), each.source)
            for name, each in found.items()]
    return table(("protocol", "parts", "the mean of", "what is seen", "source"), rows)


def _study(name: str) -> str:
    return table(*study_page.table(name, study_page.read()))


# -- writing -------------------------------------------------------------------------------------------------------------

TABLES: dict[str, Callable[[], str]] = {
    "spec": lambda: _keys(SPEC), "stage": lambda: _keys(STAGE), "block": lambda: _keys(BLOCK),
    "defaults": lambda: _keys({name: DEFAULTS[name] for name in ("unit", "padding")}), "arguments": _arguments,
    "published": lambda: _keys(Published.declared),
    "operations": lambda: _operations(lambda each: not each.holds and each.name not in VALUES),
    "compositors": lambda: _operations(lambda each: each.holds), "kinds": _kinds,
    "values": lambda: _operations(lambda each: each.name in VALUES),
    "train": _sections, "recipes": _recipes, "blocks": _blocks, "protocols": _protocols,
    "protocol": lambda: _keys(Protocol.declared),
    "study_machine": lambda: study_page.machine(study_page.read()),
    **{f"study_{name}": partial(_study, name) for name in (*study_page.STUDIES, "crops")},
}
REGION = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def _with_tables(text: str) -> str:
    return REGION.sub(lambda match: f"{match[1]}{TABLES[match[2]]()}\n{match[3]}", text)


NETWORKS = ("resnet50", "densenet121", "googlenet", "cifar_resnet1202")
"""The networks of docs/pictures.md."""
PICTURES: dict[str, tuple[str, str, Repeat | None]] = {
    "bottleneck": ("resnet50", "stage2", None), "squeeze_excitation": ("se_resnext50_32x4d", "stage2", 2),
    "inception": ("inception_v4", "inception_a", None), "dense_block": ("densenet121", "stage1", None),
    "nasnet_cell": ("nasnet_mobile", "normal1", 2),
}
"""The pictures of docs/pictures.md: which stage of which spec, and which repeat."""


MAPS = {"map_unet": "unet_classifier", "map_hrnet": "hrnet_w18", "map_bifpn": "bifpn_classifier"}
"""Networks that are drawn whole there, by resolution."""
SIDE_BY_SIDE = {"plain34_resnet34": ("plain34", "resnet34")}


DIFFERENCES = {"difference": ("resnet50", "se_resnet50"), "both_lack": ("plain34", "resnet34")}
"""Those of docs/diff.md: which spec against which."""
TRIDENTS = ("trident_digits", "trident_residual")
"""The specs of docs/tutorial.md that are drawn there."""

CHAPTERS: dict[str, tuple[tuple[str, str, str, Repeat | None, str], ...]] = {
    "Shortcuts": (
        ("basic", "resnet18", "stage1", None, "ResNet's basic block: two 3x3 convolutions, and the input added to what they "
         "give. The last norm stands ahead of the addition, the last activation behind it."),
        ("bottleneck", "resnet50", "stage2", None, "The bottleneck: a 1x1 convolution narrows, a 3x3 works, a 1x1 widens. In "
         "the first repeat of a stage the shortcut is a projection, for the map is halved."),
        ("preactivation", "cifar_preact_resnet164", "stage1", 2, "Pre-activation: norm and activation stand before the "
         "first convolution and between them, and nothing stands on the way from block to block."),
        ("grouped", "resnext50_32x4d", "stage1", 2, "ResNeXt: the bottleneck with 32 groups in its 3x3."),
        ("aggregated", "resnext50_32x4d_aggregated", "stage1", 2, "The same as the paper's Figure 3a has it: 32 paths that "
         "are added. Three of them are drawn."),
    ),
    "Gates": (
        ("squeeze_excitation", "se_resnext50_32x4d", "stage2", 2, "Squeeze-and-excitation: the mean of each channel says, "
         "through two small layers, how much of the channel goes on."),
        ("selective_kernel", "sk_resnet50", "stage1", 2, "Selective kernels: two convolutions with windows of two sizes, and "
         "what they give together says, channel by channel, how much of each is taken."),
        ("mbconv", "efficientnet_b0", "stage3", 2, "EfficientNet's MBConv: a 1x1 widens, a depthwise convolution works, a "
         "gate weighs, and a 1x1 without activation narrows."),
    ),
    "Paths": (
        ("inception", "inception_v4", "inception_a", None, "Inception-A of Inception-v4: four paths side by side, "
         "concatenated."),
        ("inception_c", "inception_v4", "inception_c", None, "Inception-C, whose paths branch once more at their ends, into "
         "a 1x3 and a 3x1."),
        ("reduction", "inception_v4", "reduction_b", None, "A reduction: all paths halve the map, one of them by a pool."),
        ("inception_resnet", "inception_resnet_v2", "block35", None, "Inception-ResNet: the paths' result is scaled, and "
         "added to what came in."),
        ("shuffle", "shufflenet_v2_x1_0", "stage2", 2, "ShuffleNetV2: half of the channels go past the block, and are "
         "shuffled with the others behind it."),
        ("fractal", "fractalnet20", "stage1", None, "FractalNet: paths of different lengths, averaged."),
    ),
    "Layers that see all earlier ones": (
        ("dense_block", "densenet121", "stage1", None, "A dense block: each layer sees all earlier ones and adds 32 channels."),
        ("dual_path", "dpn68", "stage2", None, "A dual path: some channels are added, as in ResNet, the others appended, as "
         "in DenseNet."),
        ("one_shot", "vovnet39", "stage2", None, "VoVNet: all layers are concatenated once, at the end."),
    ),
    "Depthwise and attention": (
        ("inverted_residual", "mobilenet_v2", "stage3", 2, "MobileNetV2: wide inside, narrow where blocks meet."),
        ("convnext", "convnext_tiny", "stage1", None, "ConvNeXt: a depthwise 7x7, and two 1x1 with a gelu between them."),
        ("attention", "botnet50", "stage4", 2, "BoTNet: attention over all positions, in the place of the bottleneck's 3x3."),
    ),
    "Cells": (
        ("nasnet_cell", "nasnet_mobile", "normal1", 2, "A cell that a search has found, NASNet-A's: from the last two values "
         "to one, by five pairs that are added."),
    ),
}
"""The blocks of docs/gallery.md, by chapter: the picture, which stage of which spec, which repeat, and what it shows."""
WHOLE = (
    ("googlenet", "googlenet", "GoogLeNet: a table tells the widths of its nine cells; auxiliary heads are dashed."),
    ("densenet121", "densenet121", "DenseNet-121, with transitions between its stages."),
    ("map_unet", "unet_classifier", "A U-Net: a row is a resolution, and skips are level."),
    ("map_hrnet", "hrnet_w18", "HRNet-W18: four streams, and their fusions in frames that repeat."),
    ("map_bifpn", "bifpn_classifier", "A BiFPN of three layers, over a small residual network."),
)
"""The networks of docs/gallery.md."""


def _tridents() -> list[Spec]:
    """The specs of the tutorial, as they stand there."""
    text = TUTORIAL.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        for name, spec in re.findall(r"^```yaml\n# (\w+)\.yaml\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
            Path(folder, f"{name}.yaml").write_text(spec, encoding="utf-8")
        with chdir(folder):  # tooltips tell the path by which a spec was read
            return [load(f"{name}.yaml") for name in TRIDENTS]


def _pictured(name: str, alt: str) -> list[str]:
    """A picture in Markdown, light and dark."""
    return ["<picture>", f'  <source media="(prefers-color-scheme: dark)" srcset="pictures/{name}_dark.svg">',
            f'  <img src="pictures/{name}_light.svg" alt="{alt}">', "</picture>", ""]


def _gallery() -> str:
    parts = ["# Gallery", "",
             "What teaches most of [the zoo](zoo.md), drawn by `archspec draw` with the command below each picture. How they",
             "are read is told on the page about [pictures](pictures.md). This page is generated by",
             "[tools/docs.py](../tools/docs.py).", ""]
    for chapter, rows in CHAPTERS.items():
        parts += [f"## {chapter}", ""]
        for name, spec, stage, repeat, text in rows:
            given = f" --repeat {repeat}" if repeat else ""
            parts += [*_pictured(name, f"{stage} of {spec}"), *fill(text, 120).split("\n"), "",
                      f"`archspec draw {spec} --stage {stage}{given}` ([spec](../specs/{spec}.yaml))", ""]
    parts += ["## Whole networks", ""]
    for name, spec, text in WHOLE:
        parts += [*_pictured(name, spec), text, "", f"`archspec draw {spec}` ([spec](../specs/{spec}.yaml))", ""]
    return "\n".join(parts)


def _pictures() -> Iterator[tuple[Path, str]]:
    found = {name: whole_picture(lower(load(name))) for name in NETWORKS}
    found |= {name: block_picture(calls.stage(lower(load(spec)), stage, repeat))
              for name, (spec, stage, repeat) in PICTURES.items()}
    found |= {name: whole_picture(lower(load(spec))) for name, spec in MAPS.items()}
    found |= {name: pair_picture(lower(load(one)), lower(load(other))) for name, (one, other) in SIDE_BY_SIDE.items()}
    found |= {name: difference_picture(compared(load(one), load(other))) for name, (one, other) in DIFFERENCES.items()}
    found |= {name: block_picture(calls.stage(lower(load(spec)), stage, repeat))
              for chapter in CHAPTERS.values() for name, spec, stage, repeat, _ in chapter if name not in PICTURES}
    one, other = _tridents()
    found |= {"trident": block_picture(calls.stage(lower(one), "stage2", None)),
              "trident_difference": difference_picture(compared(one, other))}
    for name, picture in found.items():
        for theme in ("light", "dark"):
            yield ROOT / "docs" / "pictures" / f"{name}_{theme}.svg", svg(picture, theme)


def pages() -> Iterator[tuple[Path, str]]:
    """Each file that has generated parts, and what has to stand in it."""
    for page in (LANGUAGE, EVALUATION, study_page.PAGE):
        yield page, _with_tables(page.read_text(encoding="utf-8"))
    yield ZOO, _zoo()
    yield GALLERY, _gallery()
    yield PROBLEMS, _problems()
    yield RESULTS, results.page()
    yield INDEX, catalog.index()
    yield from _pictures()
    yield from study_page.pictures(study_page.read())
    yield INDEX.with_name(FILE), schema_text()


def heads() -> Iterator[tuple[Path, str]]:
    """Each shipped spec and file of blocks, with the line at its head; they are written ahead of what is made of them."""
    for folder, reference in ((INDEX.parent, FILE), (INDEX.parent / "blocks", f"../{FILE}")):
        for path in sorted(folder.glob("*.yaml")):
            yield path, headed(path.read_text(encoding="utf-8"), reference)


def main(arguments: Any = None) -> int:
    """Writes the pages, or checks them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 if a page is out of date")
    check = parser.parse_args(arguments).check
    stale = [*_stale(heads(), check), *_stale(pages(), check)]
    return 1 if check and stale else 0


def _stale(files: Iterator[tuple[Path, str]], check: bool) -> list[Path]:
    """The files that hold something else; written anew unless they are only checked."""
    stale = [(path, text) for path, text in files if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path, text in stale:
        print(f"{path.relative_to(ROOT)} {'is out of date: run python tools/docs.py' if check else 'written'}")
        if not check:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return [path for path, _ in stale]


if __name__ == "__main__":
    sys.exit(main())
