"""What may not be meant as it is written.

Names that are kept for nobody, an input as PyTorch has it, a kernel left out, patches that are shifted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import chain

from archspec.errors import Problem, SpecError, Where, hinted
from archspec.schema.kinds import Unfit
from archspec.schema.tree import ListTree, MappingTree, Scalar, Tree
from archspec.spec.arch import Spec
from archspec.spec.arguments import pair, value_of
from archspec.spec.compact import KERNEL
from archspec.spec.expressions import Unknown
from archspec.spec.item_reader import ItemReader
from archspec.spec.operations import OPERATIONS
from archspec.spec.reading import containers, keeps, parts
from archspec.spec.scope import Scope
from archspec.spec.strict import other, own_files

OUTSIDE = ("let", "parameters", "stem", "stages", "head")
"""Where lists outside of blocks are written that share their names."""
TAKING = {"use": "value", "join": "with", "upsample": "to"}
"""Operations that take a value by its name, and the argument that has it."""
Knowing = Sequence[Tree]
"""The lists that know what others keep."""


def channels_first(spec: Spec) -> Iterator[Problem]:
    """An input that looks as if PyTorch's order had been meant: 3x224x224."""
    height, width, channels = spec.input
    tree = spec.resolved.tree.entries.get("input")
    if tree is not None and height in (1, 3) and width == channels and channels > 4 and tree.where.file in own_files(spec):
        yield Problem("channels-first", tree.where, f"the input is {height} pixels high and has {channels} channels",
                      f"height x width x channels: {width}x{channels}x{height}")


# -- names of values -----------------------------------------------------------------------------------------------------

def unread_values(spec: Spec) -> Iterator[Problem]:
    """Names that a file of the user's own keeps, and that no list takes which knows them."""
    taken, files = _Taken(spec), own_files(spec)
    unread, read = dict[Where, tuple[str, Knowing]](), set[Where]()
    for keeping, knowing in _scopes(spec):
        for name, where in chain.from_iterable(map(keeps, keeping)):
            if where.file in files and any(name in taken.of(tree) for tree in knowing):
                read.add(where)
            elif where.file in files:
                unread[where] = name, knowing
    for number, where in enumerate(where for where in unread if where not in read):
        hint = hinted(range(number), taken.nearest, *unread[where])
        yield Problem("unread", where, f"nothing takes the value that is kept as '{unread[where][0]}'", hint or "leave it out")


def _scopes(spec: Spec) -> Iterator[tuple[Sequence[Tree], Knowing]]:
    """Lists that keep, and those that know: outside of blocks, each auxiliary list, and each block of the spec."""
    entries = spec.resolved.tree.entries
    auxiliary, usual = entries.get("auxiliary"), [entries[key] for key in ("defaults",) if key in entries]
    shared = [entries[key] for key in ("let", "defaults") if key in entries]
    outside = [entries[key] for key in OUTSIDE if key in entries]
    yield outside, [*outside, *([] if auxiliary is None else [auxiliary]), *usual]
    if isinstance(auxiliary, MappingTree):
        yield from (([each], [each, *shared]) for each in auxiliary.entries.values())
    for block in map(spec.blocks.tree, spec.blocks.own):
        yield [block], [block, *usual]


class _Taken:
    """The names of values that the lists of a tree take, looked for once."""

    def __init__(self, spec: Spec) -> None:
        self._reader = ItemReader(spec.blocks.signatures, [])
        self._found: dict[int, dict[str, None]] = {}

    def of(self, tree: Tree) -> Collection[str]:
        """Those of one tree, in an order that does not change. The spec keeps its trees: each is known by its identity."""
        if id(tree) not in self._found:
            items = (part for part in containers(tree) if isinstance(part, MappingTree))
            self._found[id(tree)] = dict.fromkeys(name for each in items for name in self._names(each))
        return self._found[id(tree)]

    def nearest(self, name: str, knowing: Knowing) -> str:
        """Hint with the name that is nearest among those that the lists take."""
        return other(name, chain.from_iterable(map(self.of, knowing)))

    def _names(self, items: MappingTree) -> Iterator[str]:
        for operation in (each for each in TAKING if each in items.entries):
            for argument, tree in self._reader.arguments(OPERATIONS[operation], items.entries[operation]):
                if argument == TAKING[operation]:
                    yield from (each.text for each in parts(tree) if isinstance(each, Scalar))


# -- convolutions -------------------------------------------------------------------------------------------------------------

def without_kernel(spec: Spec) -> Iterator[Problem]:
    """Convolutions that say no kernel, in a file of the user's own: they are 1x1, which may not be meant."""
    if "kernel" in spec.defaults.get("conv", {}):
        return
    for written, said in _convolutions(spec, lambda line: not KERNEL.search(line)):
        if "kernel" not in said:
            say = f"conv: 3x3 {written.text}, or 1x1" if isinstance(written, Scalar) else "kernel: 3, or kernel: 1"
            yield Problem("no-kernel", written.where, "a convolution without a kernel is 1x1", f"say which it is: {say}")


def shifted_patches(spec: Spec) -> Iterator[Problem]:
    """Windows side by side that `symmetric` shifts against the image, which no count of the network shows."""
    usual = spec.defaults.get("conv", {}).get("padding", spec.padding)
    for written, said in _convolutions(spec, lambda line: "/" in line or "stride" in line):
        kernel, stride, padding = _numbers(said.get("kernel")), _numbers(said.get("stride")), said.get("padding", usual)
        if kernel == stride and max(kernel) > 2 and isinstance(padding, Scalar) and padding.text == "symmetric":
            pixels = " and ".join(str((side - 1) // 2) for side in dict.fromkeys(kernel))
            yield Problem("shifted-patches", written.where, f"symmetric padding shifts the patches of {kernel[0]}x{kernel[1]} "
                          f"by {pixels}", "write valid, or, if it is meant, how many pixels")


def _numbers(tree: Tree | None) -> tuple[int, int]:
    """Height and width where they are written as numbers, else 1."""
    try:
        return (1, 1) if tree is None else pair(value_of(tree, Scope.empty()))
    except (SpecError, Unfit, Unknown):
        return 1, 1


def _convolutions(spec: Spec, suits: Callable[[str], bool]) -> Iterator[tuple[Tree, Mapping[str, Tree]]]:
    """What is written in a file of the user's own for each convolution, with its arguments; of lines those that suit."""
    files, reader, entries = own_files(spec), ItemReader(spec.blocks.signatures, []), spec.resolved.tree.entries
    lists = (part for key in (*OUTSIDE, "auxiliary", "blocks") if key in entries for part in containers(entries[key])
             if isinstance(part, ListTree))
    for item in chain.from_iterable(part.items for part in lists):
        written = item.entries.get("conv") if isinstance(item, MappingTree) and len(item.entries) == 1 else None
        if written is not None and written.where.file in files and (not isinstance(written, Scalar) or suits(written.text)):
            yield written, dict(reader.arguments(OPERATIONS["conv"], written))
