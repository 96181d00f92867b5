"""Changes to try in a spec that has just been begun: a gate, another depth, another width, each one that holds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from archspec.author.complete import parameters
from archspec.schema.tree import ListTree, MappingTree, Scalar, Tree
from archspec.spec.inherit import Resolved
from archspec.studio.known import checked, text_of
from archspec.studio.places import Json, Text

MOST = 3
CLASSES = 10
IMAGE = re.compile(r"(\d{1,5})x(\d{1,5})x(\d{1,5})")
MORE = 64
"""Pixels by which an image is larger."""


def tries(request: Json) -> Json:
    """Keys with values, of `stages` or of the spec itself, of which each makes another network of the text."""
    text = text_of(request)
    found = checked(text)
    if found.graph is None or found.resolved is None:
        return {"tries": []}
    begun = found.graph.fingerprint
    holding = (each for each in _candidates(found.resolved) if _other(text, each) not in (None, begun))
    return {"tries": [{"section": section, "key": key, "value": value} for section, key, value in islice(holding, MOST)]}


def _other(text: Text, change: tuple[str, str, str]) -> str | None:
    """The fingerprint of the text with a change; None where it has problems then."""
    section, key, value = change
    begun = re.search(rf"^{section}:[ \t]*$", text.text, re.MULTILINE) if section else None
    if begun is not None:  # as the page writes it
        other = f"{text.text[:begun.end()]}\n  {key}: {value}{text.text[begun.end():]}"
    else:
        other = f"{text.text.rstrip()}\n" + (f"{section}:\n  " if section else "") + f"{key}: {value}\n"
    found = checked(Text(text.path, other))
    return None if found.problems or found.graph is None else found.graph.fingerprint


def _candidates(resolved: Resolved) -> Iterator[tuple[str, str, str]]:
    stages = resolved.tree.entries.get("stages")
    if isinstance(stages, MappingTree):
        known = parameters(resolved)
        if "se" in known and "se" not in stages.entries:
            yield "stages", "se", "16"
        repeats, widths = _numbers(stages.entries.get("repeats")), _numbers(stages.entries.get("width"))
        if repeats:
            most = max(repeats)
            place = len(repeats) - 1 - repeats[::-1].index(most)
            yield "stages", "repeats", str([2 * each if number == place else each for number, each in enumerate(repeats)])
        if widths and not any(each % 2 for each in widths):
            yield "stages", "widths", str([each // 2 for each in widths])
        for name, value in (("cardinality", "32"), ("drop_path", "0.1"), ("expansion", "2")):
            if name in known and name not in stages.entries:
                yield "stages", name, value
    yield "", "classes", str(CLASSES)
    size = resolved.tree.entries.get("input")
    if isinstance(size, Scalar) and (found := IMAGE.fullmatch(size.text)):
        high, wide = (int(each) + MORE for each in found.groups()[:2])
        yield "", "input", f"{high}x{wide}x{found[3]}"


def _numbers(tree: Tree | None) -> list[int]:
    """The whole numbers of a list; none of anything else."""
    if not isinstance(tree, ListTree) or not all(isinstance(each, Scalar) and each.text.isdecimal() for each in tree.items):
        return []
    return [int(each.text) for each in tree.items if isinstance(each, Scalar)]
