"""Specs to start from: one that extends another, with what is usually changed as comments, and one with a block of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from archspec.author.spec_schema import FILE, HEAD, PLURAL, TITLE, schema_text
from archspec.errors import InputError, SpecError, shorten
from archspec.io.files import write_text
from archspec.io.places import beside, kind_of, reached, shipped
from archspec.network import load
from archspec.schema.keys import to_json
from archspec.schema.tree import ListTree, MappingTree, Scalar, plain
from archspec.spec.arch import NETWORK_NAME, Spec
from archspec.spec.arguments import IDENTIFIER
from archspec.spec.dump import to_text
from archspec.spec.files import FILE as NAMED
from archspec.spec.files import locate
from archspec.spec.library import shipped_blocks
from archspec.spec.operations import OPERATIONS

SUFFIX = ".yaml"
LOOKED_AT = 1000
"""Bytes of a file that tell whether it is a schema of archspec."""
OF_TRAINING = ("data", "epochs", "batch", "optimizer", "schedule", "label_smoothing", "augment", "preprocess", "precision",
               "seed")
"""What is usually changed of a training."""
OF_A_ROW = ("name", "between")
"""What is not said of one stage alone."""
BLOCK = """\
{head}# A network of the block `{name}`, small enough to try at once: archspec train {path}
# archspec check {path} finds mistakes, archspec summary {path} tells what it costs.
archspec: 1
description: a network of the block {name}
input: 16x16x1
classes: 10
blocks:
  {name}:
    description: a bottleneck with a shortcut
    parameters: {{width: required, stride: 1, ratio: 4}}     # name: default; a stage gives them values
    let: {{inner: "$(max(8, width // ratio))"}}             # names that follow from them; quoted, for the comma
    body:                                                 # operations: archspec list --blocks shows blocks to call, too
      - residual:
          body:
            - conv: 1x1 $inner
            - conv: 3x3 $inner /$stride                   # a stage gives its stride to the first repeat alone
            - conv: 1x1 $width linear                     # linear: the activation stands behind the addition
          shortcut: projection                            # a 1x1 convolution where the shape changes
stem: [conv: 3x3 16]
stages:                                                   # a list has one entry a stage, a single value holds for all
  block: {name}
  repeats: [2, 2, 2]
  widths: [16, 32, 64]
  strides: [1, 2, 2]
head: [global_avg_pool, dense: $classes]
train: {{recipe: digits}}                                   # handwritten digits, which need no download
"""
"""A spec with a block of its own."""


def target(name: str) -> Path:
    """The file of a new spec, by its name or a path. Raises InputError where it cannot be called so, or is there already."""
    path = Path(name if name.endswith((SUFFIX, ".yml")) else f"{name}{SUFFIX}")
    if not NETWORK_NAME.fullmatch(path.stem):
        raise InputError(f"'{path.stem}' cannot name a network\n  hint: letters, digits and . _ -, a letter or digit first")
    if os.path.lexists(path):
        raise InputError(f"{path} is there already, and is left as it is\n  hint: choose another name")
    return path


def write_variant(path: Path, reference: str) -> Spec:
    """Writes a spec that extends another and changes nothing yet. Raises InputError; nothing is left then."""
    base = load(reference)
    return _written(path, variant_text(path, base, extended_by(path, reference, "--from ")))


def write_block(path: Path, name: str) -> Spec:
    """Writes a spec with a block of its own. Raises InputError; nothing is left then."""
    if not IDENTIFIER.fullmatch(name):
        raise InputError(f"'{name}' cannot name a block\n  hint: a letter, then letters, digits and _")
    if name in OPERATIONS:
        raise InputError(f"'{name}' is an operation, a block needs another name\n  hint: call it {name}_block")
    if name in shipped_blocks():
        raise InputError(f"a block '{name}' ships, and one of that name here would stand in its place everywhere\n"
                         f"  hint: choose another name; archspec show --block {name} shows the shipped one")
    return _written(path, BLOCK.format(head=_head(path), name=name, path=path))


def _head(path: Path) -> str:
    """The line by which an editor finds the schema; '' where there is none to name."""
    reference = schema_reference(path)
    return f"{HEAD}{reference}\n" if reference else ""


def _written(path: Path, text: str) -> Spec:
    """Writes a file that was not there, and loads it; it is gone again where it has a problem."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
        return load(path)
    except FileExistsError:
        raise
    except (OSError, SpecError):  # a full disk leaves a part
        path.unlink(missing_ok=True)
        raise


def schema_reference(path: Path) -> str:
    """Where an editor finds the schema for a file, as a path from its folder; '' where there is none that the file may name.

    That is a schema.json of `archspec schema` in its folder or above, as far as its repository goes; in a checkout of
    archspec the one beside the shipped specs. Another place of this machine is none of other readers of the file.
    """
    folder = path.absolute().parent
    if folder.is_relative_to(shipped().parent):
        return Path(os.path.relpath(shipped() / FILE, folder)).as_posix()
    for each in (folder, *folder.parents):
        if is_schema(each / FILE):
            return Path(os.path.relpath(each / FILE, folder)).as_posix()
        if os.path.lexists(each / ".git"):
            break
    return ""


def is_schema(path: Path) -> bool:
    """Whether a file is a schema that `archspec schema` wrote, of whichever version."""
    if kind_of(path) != "file":
        return False
    with suppress(OSError), path.open("rb") as file:
        return f'"{TITLE}"'.encode() in file.read(LOOKED_AT)
    return False


def write_schema(path: Path) -> None:
    """Writes the schema; over an older one, and over nothing else. Raises InputError."""
    if path.suffix != ".json":
        raise InputError(f"{path}: the schema is a JSON file\n  hint: -o {FILE}")
    if kind_of(path) != "none" and not is_schema(path):
        raise InputError(f"{path} is there already, and is no schema of archspec\n  hint: name another file, or remove it")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, schema_text())


def extended_by(path: Path, reference: str, typed: str, printed: str = "") -> str:
    """What `extends` says in a new file to mean the spec of a SPEC argument. `typed`: what stands ahead of that argument.

    `printed`: what a text is called that no file is written for; `path` says where it would lie. Raises InputError where a
    file beside it would be taken for a shipped spec, or where the spec is out of its reach.
    """
    base, new = locate(reference), printed or str(path)
    if base.parent != shipped():
        if reached(base, (path.parent, Path.cwd(), shipped())) is None:
            raise InputError(f"{new} cannot extend {base}: a spec names files below its own folder, below the current one, or "
                             "shipped ones\n  hint: write it beside that file, or work in a folder above both")
        name = Path(os.path.relpath(base, path.absolute().parent)).as_posix()
        if not NAMED.fullmatch(name):
            raise InputError(f"{new} cannot extend {base}: {shorten(name)} is no path that a spec can say\n"
                             "  hint: letters, digits, spaces and . _ + -, up to 60 a folder")
        return name
    hiding = path.with_name(f"{base.stem}{SUFFIX}")
    if hiding.is_file() and hiding != path:
        raise InputError(f"{hiding} lies beside {new}, so that extends: {base.stem} would mean that file\n"
                         f"  hint: {typed}{hiding} extends it; for the shipped spec write into another folder, such as "
                         f"{beside(str(path), f'new/{path.name}')}")
    return base.stem


# -- a variant -----------------------------------------------------------------------------------------------------------

def variant_text(path: Path, base: Spec, extended: str) -> str:
    """A spec that extends another, and below it, as comments, what is usually changed, as it is now."""
    lines = [f"## A variant of {base.name}. Lines that begin with one # say what holds now: to change one, take the # away,",
             "## also from the keys that it stands below. What stays a comment follows the spec that is extended.",
             f"## archspec check {path} finds mistakes, archspec summary {path} tells what it costs.",
             "archspec: 1", f"extends: {extended}", f"description: a variant of {base.name}"]
    for about, data in _parts(base):
        lines += ["", *(f"## {line}" for line in about), *(f"#{line}" for line in to_text(data).rstrip("\n").split("\n"))]
    return _head(path) + "\n".join([*lines, ""])


def _parts(base: Spec) -> Iterator[tuple[list[str], dict[str, object]]]:
    """What may be changed, part by part: what it is, and the keys as they are now."""
    entries = base.resolved.tree.entries
    here = {key: plain(entries[key]) for key in ("input", "classes") if key in entries}
    yield ["The image, height x width x channels, and how many classes there are."], here
    if "let" in entries:
        yield ["Names that the spec's expressions know."], {"let": plain(entries["let"])}
    stages = entries.get("stages")
    if isinstance(stages, MappingTree):
        columns = {PLURAL.get(key, key) if isinstance(value, ListTree) else key: plain(value)
                   for key, value in stages.entries.items()}
        yield _about_stages(base, "a list has one entry a stage, a single value holds for all."), {"stages": columns}
    elif isinstance(stages, ListTree):
        yield _about_stages(base, "each by its name, with what changes in it."), {"stages": dict(_rows(base, stages))}
    if isinstance(entries.get("parameters"), MappingTree):
        yield ["Parameters of all blocks."], {"parameters": plain(entries["parameters"])}
    named = f", now as the recipe {base.resolved.recipe} has it" if base.resolved.recipe else ""
    about = f"The training{named}. `recipe: NAME` takes another one, of archspec list --recipes."
    yield [about], {"train": dict(_training(base))}


def _about_stages(base: Spec, how: str) -> list[str]:
    blocks = dict.fromkeys(stage.block.text for stage in base.stages if isinstance(stage.block, Scalar))
    first = next((name for name in blocks if name in shipped_blocks()), "")
    return [f"The stages: {how}", *[f"What else the block takes: archspec show --block {first}"] * bool(first)]


def _rows(base: Spec, stages: ListTree) -> Iterator[tuple[str, object]]:
    """Rows by the names of their stages."""
    for stage, row in zip(base.stages, stages.items, strict=True):
        if isinstance(row, MappingTree):
            yield stage.name, {key: plain(value) for key, value in row.entries.items() if key not in OF_A_ROW}


def _training(base: Spec) -> Iterator[tuple[str, object]]:
    """The keys of a training that are usually changed: as the merged spec says them, else their default, if it is one value."""
    train = base.resolved.tree.entries.get("train")
    written: Mapping[str, object] = {name: plain(tree) for name, tree in train.entries.items()} \
        if isinstance(train, MappingTree) else {}
    for name in OF_TRAINING:
        default = to_json(getattr(base.train, name))
        if name in written:
            yield name, written[name]
        elif isinstance(default, int | float | str):
            yield name, default
