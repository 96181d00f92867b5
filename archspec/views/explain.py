"""Where a value of a resolved spec came from."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from archspec.errors import InputError, Where, nearest
from archspec.schema.json_schema import LINK, without_links
from archspec.schema.keys import REQUIRED, Key, Section, to_json
from archspec.schema.tree import ListTree, MappingTree, Tree, plain
from archspec.schema.words import suggestion
from archspec.spec.arch import Spec
from archspec.spec.blocks import named_values
from archspec.spec.dump import to_inline, used_blocks
from archspec.spec.indexed import is_indexed, steps_of
from archspec.spec.inherit import NOT_INHERITED, SET, SpecLayer, names_by_layer, with_recipe
from archspec.spec.longform import PLURALS
from archspec.spec.operations import IMPLIED, OPERATIONS
from archspec.spec.recipe import DECIDED
from archspec.spec.sections import DEFAULTS, SPEC, STAGE, everywhere
from archspec.spec.stage_keys import columns_of


@dataclass(frozen=True)
class Origin:
    """One place that says a value, or none for a default; the last one of a list is the one that holds."""

    where: Where | None
    value: str

    def __str__(self) -> str:
        return self.value if self.where is None else f"{self.where}: {self.value}"


def explain(spec: Spec, key: str) -> list[Origin]:
    """Every place that gives the key a value, the base first; else its default. Raises InputError where it has no value."""
    path = [PLURALS.get(part, part) if key.startswith("stages.") else part for part in key.split(".")]
    layers = _layers(spec)
    named = list(zip(layers, names_by_layer(layers), strict=True))
    if path[0] in NOT_INHERITED:
        named = named[-1:]
    if path[0] == "train" and path[1:2] and path[1] in DECIDED:  # what a recipe has made void
        named = named[max((number for number, layer in enumerate(layers) if layer.recipe), default=0):]
    found = [origin for layer, names in named for origin in _origins(spec, layer.tree, path, names)]
    if not found and path[0] in ("stages", "parameters") and len(path) == 2:
        found = [Origin(tree.where, f"{to_inline(plain(tree))}, the default of the block {name}")
                 for name, tree in _block_defaults(spec, path[1])]
    return found or _default(spec, key)


def _origins(spec: Spec, tree: MappingTree, path: list[str], names: list[str]) -> Iterator[Origin]:
    """What one layer says at a path: of a stage's key what it says of all stages, and then of that stage alone.

    `names` are those of the stages that it changes.
    """
    if is_indexed(tree):
        yield from _entry(tree, path)
        return
    stages, known = tree.entries.get("stages"), [stage.name for stage in spec.stages]
    if len(path) == 3 and path[0] == "stages" and path[1] in known and stages is not None:
        index = known.index(path[1])
        yield from _of_one_stage(stages, index, path[2], {*names[index:index + 1], path[1]})
        return
    origin = _origin(tree, path)
    if origin is not None:
        yield origin
    if len(path) == 2 and path[0] == "stages" and isinstance(stages, MappingTree):
        for name in dict.fromkeys((*names, *known)):
            alone = _said(stages, name, path[1])
            if alone is not None:
                yield replace(alone, value=f"{alone.value}, of {name} alone")


def _entry(tree: MappingTree, path: list[str]) -> Iterator[Origin]:
    """What a --set says of an entry of the list at a path, or of something in it."""
    steps = steps_of(tree.where.path)
    if steps[:len(path)] == path and isinstance(steps[len(path)], int):
        written = tree.where.text.partition("=")
        yield Origin(tree.where, f"{written[2]}, of {written[0]}")


def _of_one_stage(stages: Tree, index: int, key: str, names: Collection[str]) -> Iterator[Origin]:
    """What a layer says of a key in one stage: by its column or row, then by a name that the stage has there."""
    if isinstance(stages, ListTree):
        origin = _origin(stages.items[index], [key]) if index < len(stages.items) else None
    else:
        origin = _origin(stages, [key])
    column = columns_of(stages).get(key) if isinstance(stages, MappingTree) else None
    if origin is not None:
        entry = column.items[index] if column is not None and index < len(column.items) else None
        yield origin if entry is None else replace(origin, value=to_inline(plain(entry)))
    if isinstance(stages, MappingTree):
        yield from (alone for name in names if (alone := _said(stages, name, key)) is not None)


def _said(stages: MappingTree, name: str, key: str) -> Origin | None:
    """What columns say of one stage."""
    written = (key, *(plural for plural, single in PLURALS.items() if single == key))
    return next((origin for each in written if (origin := _origin(stages, [name, each])) is not None), None)


def _layers(spec: Spec) -> list[SpecLayer]:
    """Those of the spec in the order in which they hold: a recipe that --set names, with its keys, ahead of other --set."""
    files, sets, recipes = list[SpecLayer](), list[SpecLayer](), list[SpecLayer]()
    for layer in spec.resolved.layers:
        if layer.file == SET and layer.recipe:
            recipes.append(replace(layer, tree=with_recipe(layer.tree, [])))
        else:
            (sets if layer.file == SET else files).append(layer)
    return [*files, *recipes, *sets]


def _default(spec: Spec, key: str) -> list[Origin]:
    """The default of a key that is declared. Raises InputError where there is none."""
    said = default_of(spec, key)
    if said is not None:
        return [Origin(None, said)]
    entry = next((entry for entry in everywhere() if entry.written == key), None)
    if entry is not None and entry.key.default not in (None, "", REQUIRED) and "." in key and not key.startswith("published."):
        return [Origin(None, _described(to_json(entry.key.default), entry.key.doc))]
    applies = _left_out(key)
    if applies:
        section = {"train": spec.train, "export": spec.export}.get(key)
        hint = "" if section is None else f"\n  hint: --explain {key}.KEY says each: {' '.join(section.declared)}"
        raise InputError(f"nothing sets '{key}'; where it is left out: {applies}{hint}")
    known = list(dict.fromkeys((*_keys(spec.resolved.tree), *(entry.written for entry in everywhere()))))
    if key in known:
        raise InputError(f"nothing sets '{key}', and it has no default")
    hint = suggestion(key.rpartition(".")[2], {}, everywhere) or nearest(key, known)
    raise InputError(f"nothing sets '{key}'\n  hint: {hint or 'set are: ' + ' '.join(_keys(spec.resolved.tree))}")


def default_of(spec: Spec, key: str) -> str | None:
    """What holds for a key that nothing sets, with its line of documentation; None where there is no such default."""
    name, _, below = key.partition(".")
    if name in ("train", "export") and below:
        return _field(spec.train if name == "train" else spec.export, below)
    declared = DEFAULTS.get(below) if name == "defaults" else SPEC.get(key)
    if declared is None or declared.default in (None, "", REQUIRED):
        return None
    return _described(declared.default, declared.doc)


def _left_out(key: str) -> str:
    """What applies where a key is left out, in the words of the documentation; '' for what is no key."""
    name, *below = key.split(".")
    keys: Mapping[str, Key] = SPEC
    if name == "defaults" and len(below) == 1 and below[0] in IMPLIED:
        return IMPLIED[below[0]]
    if name == "stages" and len(below) == 1:
        keys, name = STAGE, PLURALS.get(below[0], below[0])
    elif name == "defaults" and len(below) == 2 and below[0] in OPERATIONS:
        keys, name = OPERATIONS[below[0]].arguments, below[1]
    elif below:
        return ""
    declared = keys.get(name)
    if declared is None or declared.default == REQUIRED:
        return ""
    said = declared.follows if declared.default in (None, "") else to_inline(declared.default)
    return without_links(said)


def _field(value: object, path: str) -> str | None:
    """The value of a field of a section, by its path within."""
    declared = None
    for name in path.split("."):
        if not isinstance(value, Section) or name not in value.declared:
            return None
        declared, value = value.declared[name], getattr(value, name)
    return None if declared is None or value is None else _described(to_json(value), declared.doc)


def _described(value: object, doc: str) -> str:
    return f"{to_inline(value)}, the default: " + LINK.sub(r"\1", doc)


def _origin(tree: Tree, path: list[str]) -> Origin | None:
    part: Tree = tree
    where = tree.where
    for key in path:
        if not isinstance(part, MappingTree) or key not in part.entries:
            return None
        where = part.key(key)
        part = part.entries[key]
    return Origin(where, to_inline(plain(part)))


def _block_defaults(spec: Spec, name: str) -> list[tuple[str, Tree]]:
    found = []
    for block in (*spec.blocks.own, *used_blocks(spec)):
        parameters = spec.blocks.tree(block).entries.get("parameters")
        if isinstance(parameters, MappingTree) and name in named_values(parameters, "parameters", []):
            found.append((block, parameters.entries[name]))
    return found


def _keys(tree: MappingTree, prefix: str = "") -> list[str]:
    found = []
    for key, value in tree.entries.items():
        found.append(f"{prefix}{key}")
        if isinstance(value, MappingTree):
            found.extend(_keys(value, f"{prefix}{key}."))
    return found
