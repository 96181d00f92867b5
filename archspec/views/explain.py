"""Where a value of a resolved spec came from."""

from __future__ import annotations

import re
from dataclasses import dataclass

from archspec.errors import InputError, Where, nearest
from archspec.schema.keys import REQUIRED, Section, to_json
from archspec.schema.tree import MappingTree, Tree, plain
from archspec.schema.words import suggestion
from archspec.spec.arch import Spec
from archspec.spec.blocks import named_values
from archspec.spec.dump import to_inline, used_blocks
from archspec.spec.inherit import NOT_INHERITED
from archspec.spec.longform import PLURALS
from archspec.spec.sections import DEFAULTS, SPEC, everywhere

LINK = re.compile(r"\[([^]]*)\]\([^)]*\)")
"""A link of the documentation; what stands in its brackets is shown."""


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
    layers = spec.resolved.layers
    if path[0] in NOT_INHERITED:
        layers = layers[-1:]
    found = [origin for layer in layers if (origin := _origin(layer.tree, path)) is not None]
    if not found and path[0] in ("stages", "parameters") and len(path) == 2:
        found = [Origin(tree.where, f"{to_inline(plain(tree))}, the default of the block {name}")
                 for name, tree in _block_defaults(spec, path[1])]
    return found or _default(spec, key)


def _default(spec: Spec, key: str) -> list[Origin]:
    """The default of a key that is declared. Raises InputError where there is none."""
    said = default_of(spec, key)
    if said is not None:
        return [Origin(None, said)]
    known = list(dict.fromkeys((*_keys(spec.resolved.tree), *(entry.path for entry in everywhere()))))
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
