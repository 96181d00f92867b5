"""From a tree to the value of a section, or to every problem in it with its place."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeVar

from archspec.errors import FEW, Problem, SpecError, Where, hinted, nearest, shorten
from archspec.schema.keys import REQUIRED, Clash, Key, ListOf, Named, OneOf, Section, Sub
from archspec.schema.kinds import NUMERAL, Choice, Each, Flag, Form, Kind, Table, Unfit, plainly, says_yes_or_no
from archspec.schema.tree import BROKEN, ListTree, MappingTree, Scalar, Tree, kind, tree_of
from archspec.schema.walk import walk
from archspec.schema.words import Everywhere, key_called, key_meant, section_called, suggestion

T = TypeVar("T", bound=Section)
FAILED = object()
"""Stands for a value that cannot be known after a problem."""


def read(section: type[T], tree: Tree, path: str, problems: list[Problem], everywhere: Everywhere | None = None,
         files: tuple[str, ...] = ()) -> T | None:
    """The section that a tree says; None where a problem was found in it, which is then among `problems`.

    `path` is the section's own, `everywhere` gives the keys that may be suggested, those of the section if left out.
    `files` are those that made the tree, the user's own first: a problem between keys of several stands in the first.
    """
    before = len(problems)
    value = _Reader(problems, everywhere or (lambda: walk(section.declared, path)), files).section(section, tree, path)
    return value if isinstance(value, section) and len(problems) == before else None


def section_of(section: type[T], data: Mapping[str, object], path: str = "") -> T:
    """The section that plain data says, as `to_json` gives it. Raises SpecError with every problem."""
    problems: list[Problem] = []
    value = read(section, tree_of(data, Where("a mapping", path=path)), path or section.__name__.lower(), problems)
    if value is None:
        raise SpecError(problems)
    return value


def take(key: Key, tree: Tree, path: str) -> object:
    """The value of a single key. Raises SpecError with every problem."""
    problems: list[Problem] = []
    value = _Reader(problems, tuple, ()).value(key, tree, path)
    if problems:
        raise SpecError(problems)
    return value


def place(tree: Tree, path: str) -> Where:
    """Where a key path stands in a tree; as much of it as is written. An entry of a list is told by its number, from 0."""
    where = tree.where
    for name in path.split("."):
        if isinstance(tree, ListTree) and name.isdecimal() and int(name) < len(tree.items):
            tree = tree.items[int(name)]
            where = tree.where
        elif isinstance(tree, MappingTree) and name in tree.entries:
            where, tree = tree.key(name), tree.entries[name]
        else:
            break
    return where


class _Reader:
    """Reads key by key and goes on after a problem."""

    def __init__(self, problems: list[Problem], everywhere: Everywhere, files: tuple[str, ...]) -> None:
        self.problems, self.everywhere, self.files = problems, everywhere, files

    def problem(self, code: str, where: Where, message: str, hint: str = "", notes: tuple[str, ...] = ()) -> object:
        self.problems.append(Problem(code, where, message, hint, notes))
        return FAILED

    def value(self, key: Key, tree: Tree, path: str) -> object:
        match key.kind:
            case Sub(section=section):
                return self.section(section, tree, path)
            case OneOf() as choice:
                return self.one_of(choice, tree, path)
            case Named() as named:
                return self.named(named, tree, path)
            case ListOf() as listed:
                return self.list_of(listed, tree, path)
            case Each() as each:
                return self.each(each, tree, path)
            case Table() as table:
                return self.table(table, tree, path)
            case Form():
                return tree
        return self.scalar(key.kind, tree, path)

    def scalar(self, kind_of: Kind, tree: Tree, path: str) -> object:
        if isinstance(tree, Scalar) and tree.value == BROKEN:
            return FAILED
        try:
            if isinstance(tree, Scalar):
                return kind_of.read(tree)
            raise Unfit(kind_of.expected())
        except Unfit as unfit:
            return self.problem("argument", tree.where, f"{path} needs {unfit}, this is {kind(tree)}", unfit.hint)

    def each(self, each: Each, tree: Tree, path: str) -> object:
        if isinstance(tree, Scalar) and not each.bare:
            return self.problem("not-a-list", tree.where, f"{path} needs a list, this is {kind(tree)}",
                                f"write [{', '.join([tree.text, *['…'] * (each.least - 1)])}]")
        items = tree.items if isinstance(tree, ListTree) else (tree,)
        if not each.least <= len(items) <= each.most:
            count = f"{each.least}" if each.least == each.most else f"{each.least} to {each.most}"
            return self.problem("argument", tree.where, f"{path} needs {count} values, these are {len(items)}",
                                f"each is {each.kind.expected()}")
        found: list[object] = []
        for item in items:
            value = self.scalar(each.kind, item, path)
            if each.unique and value is not FAILED and value in found:
                value = self.problem("argument", item.where, f"{path} names {kind(item)} twice", "keep one of them")
            found.append(value)
        return FAILED if FAILED in found else tuple(found)

    def table(self, table: Table, tree: Tree, path: str) -> object:
        if table.bare and not isinstance(tree, MappingTree):
            return self.scalar(table.kind, tree, path)
        if not isinstance(tree, MappingTree):
            hint = table.instead.get(plainly(tree.text), "") if isinstance(tree, Scalar) else ""
            return self.problem("not-a-mapping", tree.where, f"{path} is a mapping of names, this is {kind(tree)}", hint)
        found = {name: self.value(Key(table.kind), part, f"{path}.{name}") for name, part in tree.entries.items()}
        return FAILED if FAILED in found.values() else MappingProxyType(found)

    def one_of(self, choice: OneOf, tree: Tree, path: str) -> object:
        if isinstance(tree, Scalar):
            tree = MappingTree({choice.tag: tree}, tree.where, {choice.tag: tree.where})
        if not isinstance(tree, MappingTree):
            return self.problem("argument", tree.where, f"{path} needs {choice.expected()}, this is {kind(tree)}")
        kinds = choice.kinds()
        said = tree.entries.get(choice.tag)
        word = next(iter(kinds)) if said is None else said.text if isinstance(said, Scalar) else ""
        if word in kinds:
            return self.section(kinds[word], tree, path, choice)
        assert said is not None
        if len(kinds) == 1:
            return self.problem("argument", said.where, f"{path}: there is {next(iter(kinds))} only, this is {kind(said)}")
        return self.problem("argument", said.where, f"{path}.{choice.tag} needs one of {' '.join(kinds)}, this is {kind(said)}",
                            _kind_meant(word, choice, path, _is_short(tree, choice.tag)) if word else "")

    def list_of(self, listed: ListOf, tree: Tree, path: str) -> object:
        if isinstance(tree, Scalar) and tree.text == "none":
            return ()
        if not isinstance(tree, ListTree):
            return self.problem("not-a-list", tree.where, f"{path} needs a list, this is {kind(tree)}",
                                _as_list(tree, listed))
        if len(tree.items) > listed.most:
            return self.problem("argument", tree.where, f"{path} needs at most {listed.most} entries, these are "
                                f"{len(tree.items)}")
        found = tuple(self.value(Key(listed.item), item, path) for item in tree.items)
        return FAILED if FAILED in found else found

    def named(self, named: Named, tree: Tree, path: str) -> object:
        inner: Tree = MappingTree({}, tree.where)
        if isinstance(tree, Scalar):
            word, where = tree.text, tree.where
        elif isinstance(tree, MappingTree) and len(tree.entries) == 1:
            (word, inner), = tree.entries.items()
            where = tree.key(word)
        else:
            return self.problem("argument", tree.where, f"{path} needs one word, alone or with its arguments, this is "
                                f"{kind(tree)}", f"words: {' '.join(named.kinds())}")
        section = named.kinds().get(word)
        if section is None:
            known = f"it knows {' '.join(named.kinds())}"
            takes = next((each.word for each in named.sections if each.main), "") if NUMERAL.fullmatch(word) else ""
            same = section_called(word, named.kinds())
            near = f"{known}; a value stands behind a word, {takes}: {word}" if takes else nearest(word, named.kinds())
            return self.problem("argument", where, f"{path} does not know '{shorten(word)}'",
                                f"did you mean '{same}'?" if same else near or known)
        path = f"{path}.{word}"
        return self.switched(section, inner, path) or self.section(section, self.long(section, inner), path)

    def switched(self, section: type[Section], tree: Tree, path: str) -> object:
        """A problem where a value behind a word is to switch on or off what its being there says already; else None."""
        main = section.declared.get(section.main)
        if isinstance(tree, MappingTree) and section.main in tree.entries and _is_short(tree, section.main):
            tree = tree.entries[section.main]
        needs_more = any(key.default is REQUIRED for key in section.declared.values())
        if not isinstance(tree, Scalar) or needs_more or (main is not None and isinstance(main.kind, Flag)):
            return None
        if says_yes_or_no(tree.value):
            return self.problem("argument", tree.where, f"{path} takes no true or false, this is {kind(tree)}",
                                f"{section.word} alone switches it on; leave it out otherwise")
        if not section.declared and tree.value is not None:
            return self.problem("argument", tree.where, f"{path} takes no arguments, this is {kind(tree)}",
                                f"write {section.word} alone")
        return None

    def long(self, section: type[Section], tree: Tree) -> Tree:
        """The arguments of a section that its word names, a bare value as its main key."""
        if isinstance(tree, MappingTree) or not section.main:
            return tree
        return MappingTree({section.main: tree}, tree.where, {section.main: tree.where})

    def section(self, section: type[Section], tree: Tree, path: str, among: OneOf | None = None) -> object:
        if not isinstance(tree, MappingTree):
            return self.problem("not-a-mapping", tree.where, f"{path} is a mapping of keys, this is {kind(tree)}",
                                f"it has {' '.join(section.declared)}")
        keys = section.declared
        unknown = [name for name in tree.entries if name not in keys]
        for name in unknown:
            self.unknown(name, section, tree, path, among)
        found = {name: self.value(keys[name], part, f"{path}.{name}")
                 for name, part in tree.entries.items() if name in keys and not _is_null(part)}
        for name, key in keys.items():
            if key.default is REQUIRED and name not in found:
                found[name] = self.problem("missing", tree.where, f"{path} needs '{name}'", f"{name}: {key.doc}")
        failed = {name for name, value in found.items() if value is FAILED}
        if any(keys[name].default is REQUIRED for name in failed):
            return FAILED
        value = section(**{name: value for name, value in found.items() if value is not FAILED})
        unsure = failed | {key_meant(name, keys) for name in unknown[:FEW]}  # of more it would take long to find out
        clashes = [each for each in value.clashes() if not {key.partition(".")[0] for key in each.keys} & unsure]
        for each in clashes:
            self.clash(each, tree, path)
        return FAILED if failed or clashes else value

    def unknown(self, name: str, section: type[Section], tree: MappingTree, path: str, among: OneOf | None) -> None:
        others = [] if among is None else [word for word, section in among.kinds().items() if name in section.declared]
        value = tree.entries[name]
        own = key_called(name, section.declared)
        if own and own not in tree.entries:  # what others call a key of this kind, and another kind may have by that name
            hint = f"did you mean '{own}'?"
        elif plainly(name) in section.instead:
            hint = section.instead[plainly(name)]
        elif among is not None and others:
            hint = f"it is a key of {among.tag}: {', '.join(others)}"
        elif among is not None and isinstance(value, Scalar) and value.text in among.kinds():
            hint = f"write {among.tag}: {value.text}"
        else:
            keys = {key: each for key, each in (*section.merged.items(), *section.declared.items()) if key != name}
            near = hinted(self.problems, suggestion, name, keys, self.everywhere)
            hint = near or f"it has {' '.join(keys) or 'none'}"
        self.problem("unknown-key", tree.key(name), f"{path} has no key '{name}'", hint)

    def clash(self, clash: Clash, tree: MappingTree, path: str) -> None:
        """Stands at the key that is written in the user's own file; notes say where the others are."""
        places = [(key, place(tree, key)) for key in clash.keys if key.partition(".")[0] in tree.entries]
        places.sort(key=lambda place: self._distance(place[1]))
        where = places[0][1] if places else tree.where
        notes = tuple(f"{path}.{_named_part(key)} stands at {other}" for key, other in places[1:])
        self.problem("clash", where, f"{path}: {clash.message}", clash.hint, notes)

    def _distance(self, where: Where) -> int:
        return self.files.index(where.file) if where.file in self.files else len(self.files)


def _is_short(tree: MappingTree, name: str) -> bool:
    """Whether a mapping was made of a value that stands for it, at its key `name`."""
    return len(tree.entries) == 1 and tree.entries[name].where == tree.where


def _kind_meant(word: str, choice: OneOf, path: str, short: bool) -> str:
    """Hint for a word that names no kind: what may be meant where it stands alone, or what a key of some kind is called."""
    kinds = choice.kinds()
    if same := section_called(word, kinds):
        return f"did you mean '{same}'?"
    for kind_word, section in kinds.items():
        for name, key in section.declared.items():
            words = key.kind.spelled() if isinstance(key.kind, Choice) and key.default is REQUIRED else []
            if found := next((each for each in words if plainly(each) == plainly(word)), ""):
                said = f"{choice.tag}: {kind_word}, {name}: {found}"
                return f"write {path.rpartition('.')[2]}: {{{said}}}" if short else f"write {said}"
    return f"{nearest(word, kinds)} {choice.otherwise.format(word=shorten(word)) if short else ''}".strip()


def _as_list(tree: Tree, listed: ListOf) -> str:
    """Hint for what stands where a list is asked for."""
    if not isinstance(tree, Scalar):
        return "begin each line with '- '"
    if says_yes_or_no(tree.value) and isinstance(listed.item, Named):
        return f"write what it holds, [{next(iter(listed.item.kinds()))}, …], or none"
    return f"write [{tree.text}]" if isinstance(listed.item, Named) else "begin each mapping with '- '"


def _named_part(path: str) -> str:
    """A key path without the numbers of entries in lists."""
    return ".".join(name for name in path.split(".") if not name.isdecimal())


def _is_null(tree: Tree) -> bool:
    return isinstance(tree, Scalar) and tree.value is None
