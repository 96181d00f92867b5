"""Where a value of a resolved spec came from."""

from __future__ import annotations

from dataclasses import dataclass

from archspec.errors import InputError, Where, nearest
from archspec.spec.arch import Spec
from archspec.spec.blocks import names
from archspec.spec.dump import to_inline, used_blocks
from archspec.spec.inherit import NOT_INHERITED, PLURALS
from archspec.spec.source import Mapping, Tree, plain


@dataclass(frozen=True, slots=True)
class Origin:
    """One place that says a value; the last one of a list is the one that holds."""

    where: Where
    value: str

    def __str__(self) -> str:
        return f"{self.where}: {self.value}"


def explain(spec: Spec, key: str) -> list[Origin]:
    """Every place that gives the key a value, the base first. Raises InputError for a key that nothing sets."""
    path = [PLURALS.get(part, part) if key.startswith("stages.") else part for part in key.split(".")]
    layers = spec.resolved.layers
    if path[0] in NOT_INHERITED:
        layers = layers[-1:]
    found = [origin for layer in layers if (origin := _origin(layer.tree, path)) is not None]
    if not found and path[0] in ("stages", "parameters") and len(path) == 2:
        found = [Origin(tree.where, f"{to_inline(plain(tree))}, the default of the block {name}")
                 for name, tree in _block_defaults(spec, path[1])]
    if not found:
        known = _keys(spec.resolved.tree)
        raise InputError(f"nothing sets '{key}'\n  hint: {nearest(key, known) or 'set are: ' + ' '.join(known)}")
    return found


def _origin(tree: Tree, path: list[str]) -> Origin | None:
    part: Tree = tree
    where = tree.where
    for key in path:
        if not isinstance(part, Mapping) or key not in part.entries:
            return None
        where = part.key(key)
        part = part.entries[key]
    return Origin(where, to_inline(plain(part)))


def _block_defaults(spec: Spec, name: str) -> list[tuple[str, Tree]]:
    found = []
    for block in (*spec.blocks.own, *used_blocks(spec)):
        parameters = spec.blocks.tree(block).entries.get("parameters")
        if isinstance(parameters, Mapping) and name in names(parameters, "parameters", []):
            found.append((block, parameters.entries[name]))
    return found


def _keys(tree: Mapping, prefix: str = "") -> list[str]:
    found = []
    for key, value in tree.entries.items():
        found.append(f"{prefix}{key}")
        if isinstance(value, Mapping):
            found.extend(_keys(value, f"{prefix}{key}."))
    return found
