"""Reads the pickle of a PyTorch checkpoint without running any of it.

A pickle is a program: it may call whatever it can name. This reader is a table of the instructions that torch.save
writes, and of the few calls that make a tensor or a dictionary; both only record. Everything else that a checkpoint
holds (a Namespace of arguments, a Counter, a NumPy scalar) is named by a Skipped that keeps nothing: no name is looked
up, nothing is called, no attribute set. PyTorch itself reads files so with weights_only=True, but refuses such files;
the small packages that read state dicts without PyTorch either unpickle freely or are not kept.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from archspec.errors import shorten

MOST_BYTES = 64 << 20
MOST_INSTRUCTIONS = 2_000_000
"""Bounds of a program; that of a network of 3,000 tensors with an optimizer has 1 MB and 200,000 instructions."""
MOST_AXES, MOST_NUMBERS = 16, 1 << 60
LONGEST = 1024
"""Characters of the name of a class or a function: a name is copied each time it is met, and a program may repeat it."""
STORAGES = {"DoubleStorage": "float64", "FloatStorage": "float32", "HalfStorage": "float16", "BFloat16Storage": "bfloat16",
            "LongStorage": "int64", "IntStorage": "int32", "ShortStorage": "int16", "CharStorage": "int8",
            "ByteStorage": "uint8", "BoolStorage": "bool"}
"""PyTorch's names for arrays of one type, and ours."""


class Refused(ValueError):
    """A pickle that is damaged, or no torch.save wrote."""


@dataclass(frozen=True, slots=True)
class Storage:
    """An array of `count` numbers, kept in the file under `key`."""

    kind: str
    key: str
    count: int


@dataclass(frozen=True, slots=True)
class View:
    """A view of a storage: the element at index i lies at offset + i · stride."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]

    @property
    def last(self) -> int:
        """The element of the storage that lies furthest; -1 where there is none."""
        reach = self.offset + sum((size - 1) * step for size, step in zip(self.shape, self.stride, strict=True))
        return -1 if 0 in self.shape else reach


@dataclass(frozen=True, slots=True)
class Skipped:
    """In the place of what is not read: what it was called, and nothing of what it held."""

    name: str


@dataclass(frozen=True, slots=True)
class _Name:
    """A name in the program. It is a text: what it stands for is never looked up."""

    module: str
    name: str

    def __str__(self) -> str:
        return shorten("".join(char if char.isprintable() else "?" for char in f"{self.module}.{self.name}"[:200]))


def _tensor(arguments: tuple[Any, ...]) -> View | Skipped:
    """torch._utils._rebuild_tensor and _rebuild_tensor_v2: storage, offset, shape, stride, and what else there is."""
    match arguments[:4]:
        case (Storage() as storage, int(offset), tuple(shape), tuple(stride)):
            fits = len(shape) == len(stride) <= MOST_AXES  # first: a long one may be given again and again
            if fits and all(type(n) is int and 0 <= n < MOST_NUMBERS for n in (offset, *shape, *stride)):
                return View(storage, offset, shape, stride)
        case (Skipped() as storage, *_):
            return storage
    raise Refused("a tensor is not described as PyTorch does")


def _first(arguments: tuple[Any, ...]) -> Any:
    """The value within: a parameter's tensor, a size's numbers."""
    if not arguments:
        raise Refused("a value is not described as PyTorch does")
    return arguments[0]


def _mapping(arguments: tuple[Any, ...]) -> dict[str, Any]:
    """An OrderedDict, which Python 2 wrote with its pairs and Python 3 fills afterwards.

    The list of pairs is emptied: a program may give it again and again, and each time would cost its length.
    """
    pairs = arguments[0] if arguments and type(arguments[0]) is list else []
    taken = {pair[0]: pair[1] for pair in pairs if type(pair) in (list, tuple) and len(pair) == 2 and type(pair[0]) is str}
    pairs.clear()
    return taken


CALLS: dict[tuple[str, str], Callable[[tuple[Any, ...]], Any]] = {
    ("collections", "OrderedDict"): _mapping,
    ("collections", "defaultdict"): _mapping,
    ("torch", "Size"): _first,
    ("torch._utils", "_rebuild_tensor"): _tensor,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch._utils", "_rebuild_parameter"): _first,
    ("torch._utils", "_rebuild_parameter_with_state"): _first,
}
"""The calls that make what is read, each a function of ours that records its arguments."""


class _Machine:
    """The stack of a pickle's program. Each instruction is a method; what is not in INSTRUCTIONS is refused."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}
        self.skipped: dict[str, None] = {}
        """The names of what is not read, in their order."""
        self.storages: list[Storage] = []

    def run(self, program: BytesIO) -> Any:
        """The value that the next program of a stream leaves."""
        for count, (instruction, argument, _) in enumerate(pickletools.genops(program)):
            if count == MOST_INSTRUCTIONS:
                raise Refused(f"its pickle has more than {MOST_INSTRUCTIONS:,} instructions")
            if instruction.name == "STOP":
                return self.pop()
            if instruction.name not in INSTRUCTIONS:
                raise Refused(f"its pickle has the instruction {instruction.name}, which no state dict needs")
            INSTRUCTIONS[instruction.name](self, argument)
        raise Refused("its pickle is cut short")

    def pop(self) -> Any:
        """The uppermost value, above the last mark."""
        if len(self.stack) <= (self.marks[-1] if self.marks else 0):
            raise Refused("its pickle is damaged (it takes more than it has)")
        return self.stack.pop()

    def several(self) -> list[Any]:
        """The values above the last mark, which is taken away."""
        if not self.marks:
            raise Refused("its pickle is damaged (a mark is missing)")
        start = self.marks.pop()
        values = self.stack[start:]
        del self.stack[start:]
        return values

    def push(self, value: Any) -> None:
        """Puts a value on the stack."""
        self.stack.append(value)

    def skip(self, name: object) -> Skipped:
        """A stand-in for what is not read."""
        self.skipped[str(name)] = None
        return Skipped(str(name))

    def mark(self, _: Any) -> None:
        """MARK."""
        self.marks.append(len(self.stack))

    def name(self, argument: str) -> None:
        """GLOBAL: module and name, of which neither has a blank."""
        module, _, name = argument.partition(" ")
        self.push_name(module, name)

    def stack_name(self, _: Any) -> None:
        """STACK_GLOBAL."""
        name, module = self.pop(), self.pop()
        if type(name) is not str or type(module) is not str:
            raise Refused("its pickle is damaged (a name is no text)")
        self.push_name(module, name)

    def push_name(self, module: str, name: str) -> None:
        """A name, where it is as short as names are."""
        if max(len(module), len(name)) > LONGEST:
            raise Refused(f"its pickle has a name of more than {LONGEST:,} characters")
        self.push(_Name(module, name))

    def call(self, _: Any) -> None:
        """REDUCE and NEWOBJ: a call that CALLS knows is recorded, any other is not made."""
        arguments, callee = self.pop(), self.pop()
        known = CALLS.get((callee.module, callee.name)) if type(callee) is _Name else None
        if known is None or type(arguments) is not tuple:
            self.push(self.skip(callee if type(callee) is _Name else "an object"))
        else:
            self.push(known(arguments))

    def call_with_names(self, _: Any) -> None:
        """NEWOBJ_EX: nothing that is read is made so."""
        self.pop()
        self.call(None)

    def drop(self, _: Any) -> None:
        """BUILD: the attributes of an object; none of those that are read has any."""
        self.pop()

    def drop_several(self, _: Any) -> None:
        """ADDITEMS: the members of a set."""
        self.several()

    def frozen_set(self, _: Any) -> None:
        """FROZENSET."""
        self.several()
        self.push(Skipped("a set"))

    def append(self, values: list[Any]) -> None:
        """APPEND and APPENDS."""
        target = self.pop()
        self.push(target)
        if type(target) is list:
            target.extend(values)
        elif type(target) is not Skipped:
            raise Refused("its pickle is damaged (it appends to what is no list)")

    def set_items(self, values: list[Any]) -> None:
        """SETITEM and SETITEMS; entries whose key is no text are left out."""
        target = self.pop()
        self.push(target)
        if type(target) is dict and len(values) % 2 == 0:
            target.update((key, value) for key, value in zip(values[::2], values[1::2], strict=True) if type(key) is str)
        elif type(target) is not Skipped:
            raise Refused("its pickle is damaged (it fills what is no dictionary)")

    def storage(self, _: Any) -> None:
        """BINPERSID: ('storage', type, key, device, count[, None])."""
        match self.pop():
            case ("storage", _Name(module="torch", name=kind), str(key), _, int(count), *_) if 0 <= count < MOST_NUMBERS:
                self.push(self.stored(kind, key, count))
            case ("storage", _Name() as name, *_):
                self.push(self.skip(name))
            case _:
                raise Refused("a storage is not described as PyTorch does")

    def stored(self, kind: str, key: str, count: int) -> Storage | Skipped:
        """A storage, where numbers of its type are read."""
        if kind not in STORAGES:
            return self.skip(f"torch.{kind}")
        self.storages.append(Storage(STORAGES[kind], key, count))
        return self.storages[-1]

    def remember(self, index: int) -> None:
        """BINPUT and LONG_BINPUT."""
        value = self.pop()
        self.push(value)
        self.memo[index] = value

    def recall(self, index: int) -> None:
        """BINGET and LONG_BINGET."""
        if index not in self.memo:
            raise Refused("its pickle is damaged (it recalls what it never kept)")
        self.push(self.memo[index])


def _tuple(size: int) -> Callable[[_Machine, Any], None]:
    def instruction(machine: _Machine, _: Any) -> None:
        machine.push(tuple(reversed([machine.pop() for _ in range(size)])))
    return instruction


def _constant(value: Any) -> Callable[[_Machine, Any], None]:
    return lambda machine, _: machine.push(value)


INSTRUCTIONS: dict[str, Callable[[_Machine, Any], None]] = {
    "PROTO": lambda machine, _: None,
    "FRAME": lambda machine, _: None,
    "MARK": _Machine.mark,
    "NONE": _constant(None),
    "NEWTRUE": _constant(True),
    "NEWFALSE": _constant(False),
    **dict.fromkeys(("BININT", "BININT1", "BININT2", "LONG1", "LONG4", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE",
                     "BINUNICODE8", "BINSTRING", "SHORT_BINSTRING"), _Machine.push),
    **dict.fromkeys(("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"), _constant(Skipped("bytes"))),
    "EMPTY_TUPLE": _constant(()),
    "TUPLE1": _tuple(1),
    "TUPLE2": _tuple(2),
    "TUPLE3": _tuple(3),
    "TUPLE": lambda machine, _: machine.push(tuple(machine.several())),
    "EMPTY_LIST": lambda machine, _: machine.push([]),
    "APPEND": lambda machine, _: machine.append([machine.pop()]),
    "APPENDS": lambda machine, _: machine.append(machine.several()),
    "EMPTY_DICT": lambda machine, _: machine.push({}),
    "SETITEM": lambda machine, _: machine.set_items([machine.pop(), machine.pop()][::-1]),
    "SETITEMS": lambda machine, _: machine.set_items(machine.several()),
    "EMPTY_SET": _constant(Skipped("a set")),
    "ADDITEMS": _Machine.drop_several,
    "FROZENSET": _Machine.frozen_set,
    "GLOBAL": _Machine.name,
    "STACK_GLOBAL": _Machine.stack_name,
    "REDUCE": _Machine.call,
    "NEWOBJ": _Machine.call,
    "NEWOBJ_EX": _Machine.call_with_names,
    "BUILD": _Machine.drop,
    "BINPERSID": _Machine.storage,
    "BINPUT": _Machine.remember,
    "LONG_BINPUT": _Machine.remember,
    "MEMOIZE": lambda machine, _: machine.remember(len(machine.memo)),
    "BINGET": _Machine.recall,
    "LONG_BINGET": _Machine.recall,
}
"""What torch.save writes, in protocols 2 to 5, by the names of Python's pickletools."""


@dataclass(frozen=True, slots=True)
class Document:
    """What a pickle holds: plain values, dictionaries with texts as keys, Views; and the names of what was skipped."""

    value: Any
    skipped: tuple[str, ...]
    storages: tuple[Storage, ...]


def read_pickle(stream: BytesIO) -> Document:
    """The next pickle of a stream. Raises Refused."""
    machine = _Machine()
    try:
        value = machine.run(stream)
    except Refused:
        raise
    except (ValueError, OverflowError) as error:  # of pickletools: a program cut short, an unknown instruction
        raise Refused(f"its pickle is damaged ({shorten(str(error))})") from None
    return Document(value, tuple(machine.skipped), tuple(machine.storages))
