"""The network view as Mermaid, which GitHub and other readers of Markdown draw by themselves."""

from __future__ import annotations

from archspec.draw.captions import shape_text, three
from archspec.draw.outline import Segment, outline
from archspec.draw.theme import LIGHT
from archspec.graph.ir import Graph

# Entities of Mermaid: what would end a label, or be read as Markdown or HTML in it.
_ENTITIES = {"#": "#35;", '"': "#quot;", "<": "#lt;", ">": "#gt;", "&": "#amp;", "`": "#96;", "*": "#42;", "\\": "#92;",
             ";": "#59;"}


def mermaid(graph: Graph) -> str:
    """A flowchart: plain layers as boxes, a stage as one with its repeats and what it costs, shapes on the arrows."""
    segments = outline(graph)
    lines = [f"---\ntitle: {_quoted(graph.name)}\n---", "flowchart TD", f'  image(["{shape_text(graph.input.type)}"])']
    kinds: dict[str, list[str]] = {}
    last, shape = "image", shape_text(graph.input.type)
    tails: list[str] = []
    for place, segment in enumerate(segments):
        first = len(lines)
        names = _boxes(segment, place, lines, kinds)
        before = segments[place - 1].form if place else "boxes"
        label = ""
        if place and not before == segment.form == "boxes" and shape_text(segments[place - 1].output) != shape:
            shape = shape_text(segments[place - 1].output)
            label = f'|"{shape}"| '
        if segment.follows:
            lines.insert(first + 1, f"  {last} --> {label}{names[0]}")
        lines += [f"  {tails[taken] if taken >= 0 else 'image'} -.-> {names[0]}" for taken in segment.taken]
        if segment.auxiliary:
            lines += [f'  auxiliary{place}["{_label(segment.auxiliary)}"]', f"  {names[-1]} -.-> auxiliary{place}"]
            kinds.setdefault("aside", []).append(f"auxiliary{place}")
        last = names[-1]
        tails.append(last)
    words = f"{graph.output.type.channels} logits" if len(graph.output.type.shape) == 1 else shape_text(graph.output.type)
    lines += [f'  logits(["{words}"])', f"  {last} --> logits"]
    return "\n".join([*lines, *_classes(kinds)]) + "\n"


def _boxes(segment: Segment, place: int, lines: list[str], kinds: dict[str, list[str]]) -> list[str]:
    """Adds the boxes of a segment, and arrows between them; gives their names."""
    if segment.form != "boxes":
        name = f"s{place}"
        times = f" × {len(segment.repeats)}" if len(segment.repeats) > 1 else ""
        macs = [node.macs for node in segment.nodes]
        words = [f"<b>{_label(segment.title)}</b>{times}", *([_label(segment.words)] if segment.words else []),
                 f"{three(sum(node.trainable for node in segment.nodes))} parameters",
                 f"{three(None if None in macs else sum(each or 0 for each in macs))} multiply-adds"]
        left, right = ("[[", "]]") if times else ("[", "]")
        lines.append(f'  {name}{left}"{"<br>".join(words)}"{right}')
        kinds.setdefault("panel", []).append(name)
        return [name]
    names = [f"s{place}_{number}" for number in range(1, len(segment.boxes) + 1)]
    for number, (name, box) in enumerate(zip(names, segment.boxes, strict=True)):
        lines.append(f'  {name}["{_label(box.label)}"]')
        if number:
            lines.append(f"  {names[number - 1]} --> {name}")
        kinds.setdefault(box.kind, []).append(name)
    return names


def _label(words: str) -> str:
    return "".join(_ENTITIES.get(sign, sign) for sign in words)


def _quoted(words: str) -> str:
    """A name in YAML's double quotes."""
    return '"' + words.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _classes(kinds: dict[str, list[str]]) -> list[str]:
    """The colours of light pictures, with dark ink, so that both themes of a page can be read."""
    colours = {**LIGHT.kinds, "panel": (LIGHT.panel, LIGHT.edge), "aside": (LIGHT.paper, LIGHT.dim)}
    found = []
    for kind, names in kinds.items():
        fill, line = colours[kind]
        dashes = ",stroke-dasharray:4 3" if kind == "aside" else ""
        found += [f"  classDef {kind} fill:{fill},stroke:{line},color:{LIGHT.ink}{dashes}", f"  class {','.join(names)} {kind}"]
    return found
