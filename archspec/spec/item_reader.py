"""Reads operation lists: the compact and the long form, into one meaning.

Lists inside arguments are read here too, so that every mistake of form is found without lowering.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType

from archspec.errors import Problem, Where, hinted, nearest
from archspec.io.stopping import go_on
from archspec.schema.kinds import Form, Unfit, plainly
from archspec.schema.tree import BROKEN, ListTree, MappingTree, Scalar, Tree, kind
from archspec.schema.words import key_called
from archspec.spec.arguments import FORMS, IDENTIFIER
from archspec.spec.compact import ARGUMENT, compact, kind_called, number_unasked, words
from archspec.spec.elsewhere import ABSENT, CALL, INSTEAD, KERNEL_IN_NAME, block_called
from archspec.spec.items import Arg, Item, Items, Paths, ShortcutCases
from archspec.spec.numbering import continues, numbered_body
from archspec.spec.operations import FLAGS, MERGES, NAME, OPERATIONS, PADDINGS, SHORTHANDS, SLOT, Signature

PATHS_ARGUMENTS = ("merge", "split", "drop_path", "if", "name")
CASES = ("matching", "differing")
NAMING = {"residual": "add", "densely": "concat"}


@cache
def operations_by_word() -> dict[str, str]:
    """The operation that a word of other libraries names; words without case and signs."""
    return {plainly(word): each.name for each in OPERATIONS.values() for word in (*each.synonyms, each.name)}


class ItemReader:
    """Reads operation lists against the signatures of operations and blocks; collects problems and goes on."""

    def __init__(self, signatures: Mapping[str, Signature], problems: list[Problem]) -> None:
        self.signatures = signatures
        self.problems = problems

    def problem(self, code: str, where: Where, message: str, hint: str = "") -> None:
        self.problems.append(Problem(code, where, message, hint))

    def items(self, tree: Tree, numbering: Counter[str] | None = None) -> Items:
        """An operation list. `numbering` is given where the list continues a body instead of opening one."""
        if numbering is None:
            counts: Counter[str] = Counter()
            return numbered_body((self.items(tree, counts),), counts)[0]
        if not isinstance(tree, ListTree):
            self.problem("not-a-list", tree.where, f"a list of operations belongs here, this is {kind(tree)}",
                         self._as_list(tree))
            return Items((Item("", tree.where, None),), tree.where)
        return Items(tuple(self.item(entry, numbering) for entry in tree.items), tree.where)

    def item(self, tree: Tree, numbering: Counter[str]) -> Item:
        """One entry of a list: a bare name or a mapping of one key."""
        go_on()
        if isinstance(tree, Scalar) and tree.text.startswith("$"):
            return self._slot(tree, numbering)
        if isinstance(tree, Scalar):
            name, where, argument = tree.text, tree.where, None
        elif isinstance(tree, MappingTree) and len(tree.entries) == 1:
            (name, argument), = tree.entries.items()
            where = tree.key(name)
        else:
            parts = tree.entries.values() if isinstance(tree, MappingTree) else ()
            if all(getattr(part, "value", None) != BROKEN for part in parts):
                what = f"a mapping of {len(tree.entries)} keys" if isinstance(tree, MappingTree) else kind(tree)
                self.problem("item-form", tree.where, f"an item is one operation, this is {what}", self._form(tree))
            return Item("", tree.where, None)
        if BROKEN in (getattr(tree, "value", None), getattr(argument, "value", None)):
            return Item(name, where, None)
        signature = self.signatures.get(name)
        if signature is None:
            self._unknown(name, where)
            return Item(name, where, None)
        return self._call(signature, argument, where, numbering)

    def _slot(self, tree: Scalar, numbering: Counter[str]) -> Item:
        """`$name` as an item: the operation list of that name, in its place."""
        name = tree.text[1:]
        if not IDENTIFIER.fullmatch(name):
            self.problem("item-form", tree.where, "an item is one operation or the name of a list, this is an expression",
                         "give the list a name in let, and write that: $name")
            return Item("", tree.where, None)
        numbering[name] += 1
        return Item(SLOT.name, tree.where, SLOT, MappingProxyType({"list": tree}), kind=name, ordinal=numbering[name])

    def _form(self, tree: Tree) -> str:
        """How an entry with several keys is written, or one with none."""
        keys = list(tree.entries) if isinstance(tree, MappingTree) else []
        names = [key for key in keys if key in self.signatures]
        beside = [key for key in keys[1:] if key in ("if", "name", *self.signatures[names[0]].arguments)] if names else []
        if names and names == keys[:1] and beside == keys[1:]:
            inside = ", ".join(f"{key}: …" for key in beside)
            verb = "stand" if len(beside) > 1 else "stands"
            return f"{' and '.join(beside)} {verb} inside: `- {names[0]}: {{…, {inside}}}`"
        return ("one operation an entry: `- conv: 3x3 64` or `- flatten`; arguments go into one line "
                "or into a mapping below the name")

    def _as_list(self, tree: Tree) -> str:
        if isinstance(tree, MappingTree) and len(tree.entries) == 1 and (name := next(iter(tree.entries))) in self.signatures:
            return f"a list of one: [{name}: …]"
        return "write [...] or lines that start with a dash; [] is the identity"

    def _unknown(self, name: str, where: Where) -> None:
        self.problem("unknown-operation", where, f"there is no operation or block '{name}'",
                     hinted(self.problems, self._meant, name) or "operations: " + " ".join(OPERATIONS))

    def _meant(self, name: str) -> str:
        """What somebody meant by an operation that is none, or ''."""
        first, *rest = re.split(r"[\s:]+", name.strip(), maxsplit=1)  # YAML reads `conv:3x3 64` as one text, as `conv 3x3 64`
        if first in self.signatures and any(rest):
            said = rest[0].lstrip("= ")
            quoted = f'"{said}"' if said[:1] not in ("[", "{") and {*said} & {*"[]{},"} else said
            return f"write `{first}: {quoted}`"
        if name[:1].isdigit() or name in PADDINGS or (name in FLAGS and name != "linear") or ARGUMENT.fullmatch(name):
            return "a comma parts two operations: write the arguments of one behind it, conv: 3x3 64"
        plain = plainly(name)
        if plain in INSTEAD:
            return INSTEAD[plain]
        blocks = [each for each in self.signatures if each not in OPERATIONS]
        if same := operations_by_word().get(plain) or block_called(name, blocks):
            return f"write `{same}: …`, its arguments behind the colon" if CALL.fullmatch(name) else f"did you mean '{same}'?"
        if (sized := KERNEL_IN_NAME.fullmatch(name)) and (same := operations_by_word().get(plainly(sized[1]), "")):
            return f"write `{same}: {sized[2]}x{sized[3]} …`"
        for part in ("act", "norm"):
            if kind := kind_called(part, name):
                last = "; behind the last dense leave it out" if kind == "softmax" else ""
                return f"write `{part}: {kind}`{last}"
        return "" if plain in ABSENT else nearest(name, self.signatures)

    def _call(self, signature: Signature, argument: Tree | None, where: Where, numbering: Counter[str]) -> Item:
        before = len(self.problems)
        raw = dict(self._arguments(signature, argument))
        condition, given = raw.pop("if", None), self._given_name(raw.pop("name", None))
        named = self._kind(signature.name, raw)
        if given is None:
            numbering[named] += 1
        ordinal = numbering[named]
        opens_level = given is not None and signature.holds
        inner = Counter() if opens_level else numbering
        args = {name: self._nested(signature, name, tree, inner) for name, tree in raw.items()}
        if opens_level:
            names = [name for name, arg in args.items() if isinstance(arg, Items) and continues(signature, name)]
            bodies = tuple(arg for name in names if isinstance(arg := args[name], Items))
            args.update(zip(names, numbered_body(bodies, inner), strict=True))
        broken = len(self.problems) > before
        taken = None if broken else signature
        return Item(signature.name, where, taken, MappingProxyType(args), condition, given, named, ordinal)

    @staticmethod
    def _kind(name: str, raw: Mapping[str, Tree]) -> str:
        if name not in ("branches", "parallel", "join"):
            return NAMING.get(name, name)
        merge = raw.get("merge")
        if merge is None:
            return "concat"
        return merge.text if isinstance(merge, Scalar) and merge.text in MERGES else "merge"

    def _given_name(self, tree: Tree | None) -> str | None:
        if tree is None:
            return None
        if isinstance(tree, Scalar) and IDENTIFIER.fullmatch(tree.text):
            return tree.text
        self.problem("name", tree.where, f"a name is letters, digits and _, this is {kind(tree)}")
        return None

    # -- arguments -----------------------------------------------------------------------------------------------

    def arguments(self, signature: Signature, tree: Tree | None) -> list[tuple[str, Tree]]:
        """What is written for an operation, in long form."""
        return list(self._arguments(signature, tree))

    def _arguments(self, signature: Signature, tree: Tree | None) -> Iterator[tuple[str, Tree]]:
        if tree is None:
            return
        seen: set[str] = set()
        for name, value, place in self._written(signature, tree):
            if signature.broken:
                continue
            if name not in signature.arguments and name not in _of_items(signature):
                self._not_taken(signature, name, place)
            elif name in seen:
                self.problem("twice", place, f"{signature.name}: {name} is given twice", "keep one of them")
            else:
                seen.add(name)
                yield name, value

    def _not_taken(self, signature: Signature, name: str, where: Where) -> None:
        self.problem("unknown-argument", where, f"{signature.name} takes no '{name}'",
                     hinted(self.problems, _meant_by_argument, signature, name))

    def _written(self, signature: Signature, tree: Tree) -> Iterator[tuple[str, Tree, Where]]:
        if isinstance(tree, MappingTree):
            if signature.name == "branches" and "paths" not in tree.entries:
                yield "paths", tree, tree.where
            else:
                yield from ((name, value, tree.key(name)) for name, value in tree.entries.items())
        elif isinstance(tree, Scalar) and isinstance(tree.value, str):
            yield from compact(signature, tree, self.problems)
        elif isinstance(tree, Scalar) and tree.value is None:
            self.problem("null", tree.where, f"{signature.name}: null stands here",
                         "leave it out, or write none where that is a value")
        else:
            yield from self._main(signature, tree, tree.where)

    def _main(self, signature: Signature, tree: Tree, where: Where) -> Iterator[tuple[str, Tree, Where]]:
        if signature.main is None and not signature.broken:
            written = f"'{tree.text}'" if isinstance(tree, Scalar) else kind(tree)
            self.problem("no-main", where, f"{signature.name} takes no bare value, this is {written}",
                         (number_unasked(signature, tree.text, False) if isinstance(tree, Scalar) else "")
                         or f"write key=value; it takes {signature.takes()}")
        elif signature.main is not None:
            yield signature.main, tree, where

    # -- arguments that hold lists ---------------------------------------------------------------------------------

    def _nested(self, signature: Signature, name: str, tree: Tree, numbering: Counter[str]) -> Arg:
        form = signature.arguments[name].kind
        if not isinstance(form, Form):
            return tree
        match form.name:
            case "items":
                return self._list(tree, numbering if continues(signature, name) else None)
            case "paths":
                return self.paths(tree)
            case "shortcut":
                return self.shortcut(tree)
            case "kept" | "name":
                self._name_of_value(signature, form, tree)
            case "names":
                for part in tree.items if isinstance(tree, ListTree) else [tree]:
                    self._name_of_value(signature, NAME, part)
            case "norm" | "act" if isinstance(tree, MappingTree) or _spaced(tree):
                return self.items(ListTree((MappingTree({form.name: tree}, tree.where),), tree.where))
        return tree

    def _name_of_value(self, signature: Signature, form: Form, tree: Tree) -> None:
        """Reports what cannot name a value: it is plain text, known before anything is computed."""
        value = tree.value if isinstance(tree, Scalar) and tree.text != "none" else None
        if value == BROKEN:
            return
        try:
            FORMS[form.name](value)
        except Unfit as unfit:
            hint = "it is written as it is, without $" if isinstance(value, str) and value.startswith("$") else ""
            written = f"'{value}'" if isinstance(value, str) else kind(tree)
            self.problem("name", tree.where, f"{signature.name} needs {unfit}, this is {written}", hint)

    def _list(self, tree: Tree, numbering: Counter[str] | None) -> Items | Scalar:
        if isinstance(tree, Scalar) and (tree.text.startswith("$") or tree.text == "none"):
            return tree
        return self.items(tree, numbering)

    def paths(self, tree: Tree) -> Paths | Scalar:
        """The paths of `branches`."""
        if isinstance(tree, MappingTree):
            for name, value in tree.entries.items():
                if _is_argument(name, value):
                    self.problem("paths", tree.key(name), f"'{name}' stands among the names of paths",
                                 f"with {name}, write the paths one level down: branches: {{paths: {{...}}, {name}: …}}")
                if not IDENTIFIER.fullmatch(name):
                    self.problem("name", tree.key(name), f"a path's name is letters, digits and _, this is '{name}'")
            pairs = [(name, path) for name, path in tree.entries.items() if not _is_argument(name, path)]
        elif isinstance(tree, ListTree):
            pairs = [(f"branch{index}", path) for index, path in enumerate(tree.items, 1)]
        elif tree.text.startswith("$"):
            return tree
        else:
            self.problem("paths", tree.where, f"branches needs paths, this is {kind(tree)}",
                         "a list of operation lists, or a mapping that names each")
            pairs = []
        return Paths(tuple((name, self._list(path, None)) for name, path in pairs), tree.where,
                     isinstance(tree, MappingTree))

    def shortcut(self, tree: Tree) -> Items | Scalar | ShortcutCases:
        """A shortcut: a name, a list, or both cases."""
        if isinstance(tree, Scalar):
            return tree
        if isinstance(tree, ListTree):
            return self.items(tree)
        if tree.entries and self.signatures.keys() >= tree.entries.keys():
            self.problem("shortcut", tree.where, f"shortcut: an operation stands here, {' '.join(tree.entries)}",
                         "write a list of operations: [" + ", ".join(f"{name}: …" for name in tree.entries) + "]")
            return Scalar(BROKEN, "", tree.where)
        return self.cases(tree)

    def cases(self, tree: MappingTree) -> ShortcutCases:
        """What a shortcut is where shapes match, and where they differ."""
        parts: dict[str, Items | Scalar] = {}
        for name, value in tree.entries.items():
            if name not in CASES:
                self.problem("unknown-argument", tree.key(name), f"shortcut takes no '{name}'",
                             nearest(name, CASES) or "it takes matching and differing")
            else:
                parts[name] = value if isinstance(value, Scalar) else self.items(value)
        for name in CASES:
            if name not in parts:
                self.problem("shortcut", tree.where, f"shortcut: '{name}' is missing", "give both matching and differing")
                parts[name] = Scalar("none", "none", tree.where)
        return ShortcutCases(parts["matching"], parts["differing"], tree.where)


def _meant_by_argument(signature: Signature, name: str) -> str:
    if name in SHORTHANDS:
        return "write " + " and ".join(f"{part}: none" for part in SHORTHANDS[name])
    same = key_called(name, signature.arguments)
    if name == "name" and signature.layerless:
        return f"{signature.name} makes no layer, and the name of its value stands alone: {signature.name}: early"
    near = f"did you mean '{same}'?" if same else nearest(name, (*signature.arguments, *_of_items(signature)))
    return f"{near} it takes {signature.takes()}".strip()


def _of_items(signature: Signature) -> tuple[str, ...]:
    """What an item takes beside the arguments of its operation."""
    return ("if",) if signature.layerless else ("if", "name")


def _is_argument(name: str, path: Tree) -> bool:
    """Whether an entry among named paths is an argument of branches in the wrong place."""
    return name in PATHS_ARGUMENTS and isinstance(path, Scalar)


def _spaced(tree: Tree) -> bool:
    return isinstance(tree, Scalar) and len(list(words(tree.text))) > 1
