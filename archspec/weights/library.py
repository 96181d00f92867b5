"""The mappings that ship with archspec, and which of them may fit a network."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from archspec.errors import InputError, nearest, shorten
from archspec.graph.ir import Graph
from archspec.io.places import shipped
from archspec.schema.tree import Scalar
from archspec.spec.arch import Spec
from archspec.weights.mapping import LayoutMapping, read_mapping
from archspec.weights.own import MAPPING, OWN


@lru_cache(maxsize=1)
def shipped_mappings() -> dict[tuple[str, str], LayoutMapping]:
    """The mappings that ship with archspec, by family and layout."""
    return {_family_layout(path): read_mapping(path) for path in sorted((shipped() / "weights").glob("*.yaml"))}


def _family_layout(path: Path) -> tuple[str, str]:
    family, _, layout = path.stem.rpartition("_")
    return family, layout


def stage_blocks(spec: Spec) -> tuple[str, ...]:
    """The blocks that the stages of a spec repeat, by which a mapping knows a family."""
    return tuple(dict.fromkeys(stage.block.text for stage in spec.stages if isinstance(stage.block, Scalar)))


def candidates(layout: str, graph: Graph, blocks: tuple[str, ...]) -> list[LayoutMapping]:
    """The mappings that may fit a network of these blocks; `layout` may be a file, too. Raises InputError.

    Where none knows the blocks (a block of the spec's own may be like a shipped one), those that name every layer.
    """
    if layout.endswith((".yaml", ".yml")):
        return [read_mapping(Path(layout))]
    if layout == OWN:
        return [MAPPING]
    layouts = sorted({OWN, *(known for _, known in shipped_mappings())})
    if layout not in layouts:
        hint = nearest(layout, layouts) or "a mapping of your own is a .yaml file, as those in specs/weights"
        raise InputError(f"there is no layout '{shorten(layout)}': there are {', '.join(layouts)}\n  hint: {hint}")
    mappings = [mapping for (_, known), mapping in shipped_mappings().items() if known == layout]
    found = ([mapping for mapping in mappings if mapping.serves(blocks)]
             or [mapping for mapping in mappings if mapping.covers(graph)])
    if not found:
        raise InputError(f"no mapping of the layout {layout} serves {_of(blocks)}\n  hint: {_other_layouts(layout, blocks)}")
    return found


def _of(blocks: tuple[str, ...]) -> str:
    return f"a network of the blocks {', '.join(map(shorten, blocks))}" if blocks else "a network without stages"


def _other_layouts(layout: str, blocks: tuple[str, ...]) -> str:
    """What does serve: another layout for these blocks, or the families of this layout."""
    others = [other for (_, other), mapping in shipped_mappings().items() if mapping.serves(blocks)]
    if others:
        return f"--layout {' or '.join(dict.fromkeys(others))} has one"
    families = sorted(family for family, known in shipped_mappings() if known == layout)
    return f"{layout} has mappings for {', '.join(families)}; --layout FILE.yaml names your own"
