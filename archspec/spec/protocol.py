"""Protocols of evaluation, specs/protocols/NAME.yaml: what a network sees of an image, and what becomes of its answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from archspec.errors import InputError, Problem, SpecError, closest
from archspec.io.places import kind_of, shipped
from archspec.records import Record, record
from archspec.schema.keys import Clash, Section, Sub, key, section
from archspec.schema.kinds import Choice, Each, Flag, JsonSchema, Kind, Text, Unfit, Whole
from archspec.schema.read import read
from archspec.spec.preprocess import DECODERS, FILTERS, OFFSETS, ORIGINS, RESIZES, Resize
from archspec.spec.source import document
from archspec.spec.source import read as read_tree

RATIO = re.compile(r"([1-9][0-9]{0,4}) ?/ ?([1-9][0-9]{0,4})")
SIDES = re.compile(r"[0-9/]+( *, *[0-9/]+)*")
MOST_PARTS = 4096
"""Of an image: the papers' most is 150."""
LARGEST = 1 << 14
"""Pixels of a side."""
OWN = "one crop"
"""What no file says: the part of an image that a training's tests see."""
CROPS = {"1": OWN, "10": "resnet-10", "12": "inception-12", "144": "googlenet-144", "dense": "vgg-dense"}
"""The protocols that papers mean by a number of crops."""
FRAMES = ("image", "squares", "square")
PARTS = ("centre", "corners", "whole")
AVERAGES = ("probabilities", "logits")
WHAT = "protocol"
OF_NETWORK = "the network's own"


@record
class Side(Record):
    """The length of a side: pixels, or where `over` is said a multiple of the input's: 256/224."""

    pixels: int
    over: int | None = None

    def of(self, side: int) -> int:
        """Pixels, for an input of so many."""
        return self.pixels if self.over is None else round(side * self.pixels / self.over)

    def to_json(self) -> int | str:
        """A number of pixels, or `256/224`."""
        return self.pixels if self.over is None else str(self)

    def __str__(self) -> str:
        return str(self.pixels) if self.over is None else f"{self.pixels}/{self.over}"


@record
class SideKind(Kind):
    """A side in pixels, or as a multiple of the input's side."""

    def take(self, value: object) -> Side:
        """The side. Raises Unfit."""
        said = RATIO.fullmatch(value.strip()) if isinstance(value, str) else None
        if said:
            return Side(int(said[1]), int(said[2]))
        try:
            return Side(Whole(1, LARGEST).take(value))
        except Unfit as unfit:
            raise Unfit(self.expected(), unfit.hint) from None

    def expected(self) -> str:
        """Both forms."""
        return f"a whole number of pixels from 1 to {LARGEST:,}, or a multiple of the input's side, 256/224"

    def json_schema(self) -> JsonSchema:
        return {"anyOf": [Whole(1, LARGEST).json_schema(), {"type": "string", "pattern": f"^{RATIO.pattern}$"}]}


@section
class Geometry(Section):
    """How an image is made to fit, where that is not as the network has it; the keys of train.preprocess."""

    resize: Resize | None = key(RESIZES, "how an image of another size is made to fit", default=None, follows=OF_NETWORK)
    offset: str | None = key(Choice(OFFSETS), "how half a pixel is rounded where the middle is cut out", default=None,
                             follows=OF_NETWORK)
    interpolation: str | None = key(Choice(FILTERS), "how it is scaled", default=None, follows=OF_NETWORK)
    antialias: bool | None = key(Flag(), "whether scaling down takes the mean of what falls together", default=None,
                                 follows=OF_NETWORK)
    origin: str | None = key(Choice(ORIGINS), "what stays in its place when an image is scaled", default=None,
                             follows=OF_NETWORK)
    decoder: str | None = key(Choice(DECODERS), "which cosine transform decodes JPEG", default=None, follows=OF_NETWORK)


@section
class Protocol(Section):
    """How a network is evaluated. Without `sizes` one part of an image is seen, as the network's own preprocessing has it."""

    description: str = key(Text("one line on it"), "what it is, in one line", default="")
    source: str = key(Text("a paper with its section, or a file of code"), "where it is said", default="")
    preprocess: Geometry = key(Sub(Geometry), "how an image is made to fit", default=Geometry())
    sizes: tuple[Side, ...] | None = key(
        Each(SideKind(), most=16, bare=True, unique=True), "the shorter side to which an image is scaled, or several: pixels, "
        "or multiples of the input's side", default=None, follows="none: one crop as the network's preprocessing has it")
    frame: str = key(Choice(FRAMES), "what is scaled to these sizes: the image, aspect kept; three squares of it, at both ends "
                     "and in the middle; or the image made a square, aspect lost", default="image")
    crops: tuple[str, ...] = key(Each(Choice(PARTS), bare=True, unique=True), "what is cut out of it, of the input's size: "
                                 "its centre, its four corners; or all of it, scaled to the input", default=("centre",))
    grid: int = key(Whole(0, 16), "crops in so many rows and columns from edge to edge, in place of `crops`; 0 for none",
                    default=0)
    mirrored: bool = key(Flag(), "whether each is seen mirrored, too", default=False,
                         synonyms=("flip", "mirror", "horizontal_flip"))
    dense: bool = key(Flag(), "whether the whole scaled image is seen at once, the classifier as convolutions, and its map of "
                      "classes averaged", default=False, synonyms=("fully_convolutional",))
    average: str = key(Choice(AVERAGES), "of what the mean is taken over all that is seen", default="probabilities",
                       synonyms=("mean",))

    def clashes(self) -> Iterator[Clash]:
        """Keys that say nothing without others, or against each other."""
        if self.sizes is None:
            for name, usual in (("frame", "image"), ("crops", ("centre",)), ("grid", 0), ("dense", False)):
                if getattr(self, name) != usual:
                    yield Clash((name,), f"{name} is of images scaled to sizes", "sizes: 256/224")
        elif self.preprocess.resize is not None:
            yield Clash(("sizes", "preprocess.resize"), "both say how large an image is made", "leave one of them out")
        if self.grid == 1:
            yield Clash(("grid",), "a grid of one row is the centre", "crops: centre")
        for name, usual in (("crops", ("centre",)), ("grid", 0)):
            if self.dense and getattr(self, name) != usual:
                yield Clash(("dense", name), "all of an image is seen at once", f"leave {name} out")
        if self.dense and self.frame != "image":
            yield Clash(("dense", "frame"), "all of an image is seen at once", "leave frame out")
        if self.grid and self.crops != ("centre",):
            yield Clash(("grid", "crops"), "both say what is cut out", "leave one of them out")
        if self.count > MOST_PARTS:
            said = f"{self.count:,} parts of each image are seen, and {MOST_PARTS:,} can be"
            yield Clash(("grid" if self.grid else "sizes",), said, "a smaller grid, or fewer sizes")

    @property
    def count(self) -> int:
        """How many parts of an image are seen, each mirrored one counted; of `dense` how many images."""
        each = self.grid ** 2 if self.grid else sum({"corners": 4}.get(crop, 1) for crop in self.crops)
        frames = 3 if self.frame == "squares" else 1
        return len(self.sizes or (None,)) * (1 if self.dense else frames * each) * (1 + self.mirrored)


def protocol_names() -> list[str]:
    """The protocols that ship with archspec."""
    return sorted(path.stem for path in (shipped() / "protocols").glob("*.yaml"))


def sizes_of(text: str, called: str) -> tuple[Side, ...]:
    """What `sizes` of a protocol says, from a command line: 224,256/224. Raises Unfit."""
    if SIDES.fullmatch(text) is None:
        raise Unfit(f"{SideKind().expected()}, or several, with commas between them")
    problems: list[Problem] = []
    found = read(Protocol, document(f"sizes: [{text}]", called, problems, what=WHAT), WHAT, problems)
    if problems or found is None or found.sizes is None:
        raise Unfit(f"a list without faults ({problems[0].message})", problems[0].hint)
    return found.sizes


def load_protocol(reference: str) -> Protocol:
    """A protocol by the name of one that ships, or by its file. Raises InputError or SpecError."""
    path = Path(reference)
    own = shipped() / "protocols" / f"{reference}.yaml"
    if path.suffix not in (".yaml", ".yml"):
        if reference not in protocol_names():
            near = closest(reference, protocol_names())
            raise InputError(f"there is no protocol '{reference}'\n  hint: " + (f"did you mean '{near}'?" if near else
                             f"{' '.join(CROPS)}; {' '.join(protocol_names())}; or a file: mine.yaml"))
        path = own
    elif kind_of(path) != "file":
        raise InputError(f"{path}: no such file\n  hint: a protocol is a YAML file, or one of {' '.join(protocol_names())}")
    problems: list[Problem] = []
    tree = read_tree(path, problems, WHAT)
    found = read(Protocol, tree, WHAT, problems)
    if problems or found is None:
        raise SpecError(problems)
    return found
