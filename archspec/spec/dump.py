"""A resolved spec as YAML: it stands on its own and means the same."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

import yaml

from archspec.errors import InputError
from archspec.schema.tree import Scalar, plain
from archspec.spec.items import Items, every_item
from archspec.spec.library import shipped_blocks
from archspec.spec.sections import SPEC
from archspec.spec.source import FLOAT, INTEGER, WORDS
from archspec.spec.strict import used_in

if TYPE_CHECKING:
    from archspec.spec.arch import Spec

BREAKING = re.compile(r"[,\[\]{}]")


class _Dumper(yaml.SafeDumper):
    """Writes lists of values in one line and leaves no text to be read as a number."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    like_a_number = value in WORDS or INTEGER.fullmatch(value) or FLOAT.fullmatch(value)
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="'" if like_a_number else None)


def _list(dumper: yaml.SafeDumper, value: list[object]) -> yaml.Node:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=all(_short(item) for item in value))


def _short(item: object) -> bool:
    if isinstance(item, dict):
        return len(item) == 1 and all(isinstance(v, str | int | float) and not BREAKING.search(str(v)) for v in item.values())
    return not isinstance(item, list)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(list, _list)


class _InlineDumper(_Dumper):
    """Writes lists in one line whatever they hold."""


def _inline_list(dumper: yaml.SafeDumper, value: list[object]) -> yaml.Node:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=True)


_InlineDumper.add_representer(list, _inline_list)


def to_text(data: object) -> str:
    """Plain data as YAML in the style of the shipped specs."""
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, width=120, allow_unicode=True)


def dump(spec: Spec, expand: bool) -> str:
    """The merged spec with the blocks it uses of files that it includes; with `expand` the shipped ones, too, written out."""
    entries = spec.resolved.tree.entries
    data = {"archspec": 1, "name": spec.name}
    data |= {key: plain(entries[key]) for key in SPEC if key in entries and key not in ("extends", "include", *data)}
    blocks = _blocks(spec, expand)
    if blocks or expand:
        data["blocks"] = blocks
    return to_text(data)


def _blocks(spec: Spec, expand: bool) -> dict[str, object]:
    """The blocks that are written out, with all that they copy, and the spec's own."""
    table = spec.blocks
    words = used_in(spec).words if table.included else frozenset[str]()
    used = [name for name in table.included if name in words]
    used.extend(name for name in used_blocks(spec) if expand and name not in table.included)
    copies = {name for name in table.own if expand or name in table.included}  # what it may copy is hidden then
    return {name: plain(table.tree(name)) for name in used} | \
        {name: plain(table.tree(name) if name in copies else tree) for name, tree in table.own.items()}


def to_inline(value: object) -> str:
    """A value in one line of YAML. Raises InputError for what YAML cannot say."""
    try:
        text = yaml.dump(value, Dumper=_InlineDumper, default_flow_style=True, width=10**6).strip()
    except yaml.YAMLError:
        raise InputError(f"{type(value).__name__} {value!r} is nothing that a spec can hold\n"
                         "  hint: numbers, texts, true, false, lists and mappings of them") from None
    return text.removesuffix("...").strip()


def used_blocks(spec: Spec) -> list[str]:
    """The blocks not its own that a spec calls, directly or from other blocks."""
    lists = [spec.stem, spec.head, *spec.auxiliary.values(),
             *(items for stage in spec.stages for items in stage.lists.values())]
    found = [stage.block.text for stage in spec.stages if isinstance(stage.block, Scalar)]
    found.extend(name for items in lists for name in _called(items))
    return [name for name in called_in(spec, found) if name in shipped_blocks() or name in spec.blocks.included]


def called_in(spec: Spec, names: Iterable[str]) -> list[str]:
    """Blocks and the blocks that they call, in the order in which they are met."""
    waiting, done = list(names), list[str]()
    while waiting:
        name = waiting.pop(0)
        block = spec.blocks.get(name) if name in spec.blocks and name not in done else None
        if block is not None:
            done.append(name)
            waiting.extend(_called(block.body))
    return done


def _called(items: Items) -> list[str]:
    return [item.name for item in every_item(items) if item.signature is not None and item.signature.is_block]
