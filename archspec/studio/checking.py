"""What a text is told with each change of it: problems, what the network costs, and its picture, in one answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from heapq import nlargest
from pathlib import Path

from archspec.draw.boxes import words_of
from archspec.draw.calls import repeats_of
from archspec.editor.checked import Checked, named_in
from archspec.editor.fixing import Fix, fixes
from archspec.errors import InputError, Problem, Where, visible
from archspec.graph.ir import Graph
from archspec.studio.known import Stamp, checked, on_disk, stamp, text_of
from archspec.studio.pictures import Asked, picture
from archspec.studio.places import Json, Text
from archspec.views.numbers import memory, short
from archspec.views.summary import Summary, summary

MOST = 200
"""Problems that are sent."""
FIGURES: Mapping[str, bool] = {"parameters": False, "trainable": False, "macs": False, "depth": False, "activations": True,
                               "weights": True, "training": True}
"""The figures of a cost, and whether they are bytes."""
COSTLIEST = 3
MOST_OF_BATCH = 1_000_000


@dataclass(frozen=True, slots=True)
class _Before:
    """What a file on the disk costs, its digest, the batch that was asked for, and what the files were that it is made of."""

    cost: Json | None
    digest: str
    batch: int | None
    stamps: Mapping[Path, Stamp]

    @classmethod
    def of(cls, text: Text, digest: str, batch: int | None) -> _Before:
        found = checked(text)
        known = None if found.spec is None or found.graph is None else (found.graph, batch or found.spec.train.batch)
        cost = None if known is None else cost_of(summary(*known), known[1])
        return cls(cost, digest, batch, {path: stamp(path) for path in found.files if path != text.path})

    def holds(self, digest: str, batch: int | None) -> bool:
        """Whether all of that is still so."""
        return (self.digest, self.batch) == (digest, batch) and all(stamp(path) == was for path, was in self.stamps.items())


_BEFORE: dict[Path, _Before] = {}


def check(request: Json) -> Json:
    """Problems of a text, and where the network has none its cost against that before the changes, and its picture.

    That is the cost of the saved file; of a text without a file that of what it extends, whose name `parent` is then.
    """
    text, batch = text_of(request), request.get("batch")
    if batch is not None and not 1 <= batch <= MOST_OF_BATCH:
        raise InputError(f"a batch has 1 to {MOST_OF_BATCH} images")
    found = checked(text)
    told = [*_problems(text, found)]
    answer: Json = {"problems": told[:MOST], "more": max(0, len(told) - MOST), "cost": None, "before": None, "parent": None,
                    "costliest": [], "sections": [], "blocks": [], "picture": None}
    if found.spec is None or found.graph is None:
        return answer
    graph, images = found.graph, batch or found.spec.train.batch
    whole = summary(graph, images)
    cost = cost_of(whole, images)
    parent = _parent(text, found)
    before = _cost_on_disk(text, cost, batch) if parent is None else _cost_on_disk(Text(parent, ""), cost, batch)
    return {**answer, "cost": cost, "before": before, "parent": None if parent is None else parent.stem,
            "change": None if before is None else change(before, cost),
            "costliest": [*_costliest(text, graph)],
            "sections": [name for name in graph.sections if any(node.section == name for node in graph.predicting)],
            "blocks": [*dict.fromkeys(frame.name for node in graph.predicting for frame in node.calls)],
            "repeats": {name: repeats_of(graph, name) for name in graph.sections},
            "picture": picture(Asked(text, found.spec, graph, request.get("view") or {}, whole))}


def _problems(text: Text, found: Checked) -> Iterator[Json]:
    for severity, problems in (("error", found.problems), ("warning", found.warnings)):
        yield from (_problem(text, found, problem, severity) for problem in problems)


def _problem(text: Text, found: Checked, problem: Problem, severity: str) -> Json:
    own = text.is_own(problem.where)
    fix = next(fixes(problem), None) if own else None
    return {"severity": severity, "code": problem.code, "message": visible(problem.message),
            "notes": [*map(visible, problem.notes)], "hint": visible(problem.hint), "place": text.place(problem.where),
            "here": text.span(problem.where if own else named_in(found, problem.where)), "path": visible(problem.where.path),
            "fix": None if fix is None else {"label": visible(fix.title), "edits": [_edit(text, problem.where, fix)]}}


def _edit(text: Text, where: Where, fix: Fix) -> Json:
    return {**text.span(replace(where, column=fix.begin), fix.end - fix.begin), "text": fix.text}


# -- costs ---------------------------------------------------------------------------------------------------------------

def cost_of(found: Summary, batch: int) -> Json:
    """The figures of a network, as numbers and in words; training is for `batch` images."""
    numbers = {"parameters": found.parameters.total, "trainable": found.parameters.trainable, "macs": found.macs,
               "depth": found.depth, "activations": found.memory.activations, "weights": found.memory.weights,
               "training": found.memory.training}
    return {**numbers, "words": {name: said(name, number) for name, number in numbers.items()}, "batch": batch,
            "name": found.graph.name, "fingerprint": found.graph.fingerprint}


def said(name: str, number: int | None) -> str:
    """A figure in words."""
    return memory(number) if FIGURES[name] else short(number)


def change(a: Json, b: Json) -> Json:
    """By how much each figure of a network is another one than of another network, in words with their sign."""
    return {name: _signed(name, a[name], b[name]) for name in FIGURES}


def _signed(name: str, a: int | None, b: int | None) -> str:
    if a is None or b is None:
        return "=" if a == b else "?"
    return "=" if a == b else f"{'+' if b > a else '−'}{said(name, abs(b - a))}"


def _parent(text: Text, found: Checked) -> Path | None:
    """The file that a text extends which is in no file itself."""
    layers = () if found.resolved is None else found.resolved.layers
    return Path(layers[-2].file).resolve() if len(layers) > 1 and on_disk(text.path) is None else None


def _cost_on_disk(text: Text, cost: Json, batch: int | None) -> Json | None:
    """What the file of a text costs as it is on the disk; `cost` is the text's. None of no file, or one with problems."""
    held = on_disk(text.path)
    if held is None:
        return None
    if held.text == text.text:
        return cost
    known = _BEFORE.get(text.path)
    if known is None or not known.holds(held.digest, batch):
        known = _BEFORE[text.path] = _Before.of(Text(text.path, held.text), held.digest, batch)
    return known.cost


def _costliest(text: Text, graph: Graph) -> Iterator[Json]:
    nodes = graph.predicting
    macs = [(graph.costs[node.name].macs or 0, -number) for number, node in enumerate(nodes)]
    for count, place in nlargest(COSTLIEST, macs):
        node = nodes[-place]
        if count:
            yield {"layer": node.name, "section": node.section, "words": words_of(node), "macs": short(count),
                   "place": text.place(node.where)}
