"""Every rule of what a server demands, against a folder: what lies there is looked at first, and only then run elsewhere."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archspec.errors import InputError, visible
from archspec.serving import extras, graphs, layout
from archspec.serving.rules import RULES, Fault, Seen
from archspec.serving.trials import TRIED, tried

BASE = ("layout.versions", "layout.whole", "layout.names", "batching", "config")
"""The rules of the folder itself; all others are of a version."""
OF_GRAPH = tuple(code for code in RULES if code.startswith(("meta.", "signature.")))
NONE = "there is none"
"""Why a rule holds that speaks of a file which is not there."""
UNSAFE = ("meta.files", "files.inside")
"""What keeps a version from being run here."""
UNTRIED = "what may touch more than its request and its own files is not run here"


@dataclass(frozen=True)
class Line:
    """A rule of the folder (version '') or of a version: whether it holds, None if nobody can say; faults, or why."""

    version: str
    code: str
    holds: bool | None
    faults: tuple[Fault, ...] = ()
    why: str = ""

    @property
    def hints(self) -> tuple[str, ...]:
        """What to do about the faults; none where there are none."""
        return tuple(dict.fromkeys(each.hint or RULES[self.code].hint for each in self.faults))

    def to_json(self) -> dict[str, Any]:
        """As a document."""
        rule = RULES[self.code]
        return {"version": self.version, "code": self.code, "must": rule.must, "ok": self.holds, "says": rule.says,
                "problems": [{"where": each.where, "message": each.message} for each in self.faults],
                "hint": "; ".join(self.hints), "why": self.why}


@dataclass(frozen=True)
class Checked:
    """What was found."""

    folder: Path
    lines: tuple[Line, ...]

    def ok(self, *, strict: bool) -> bool:
        """Whether no must is broken or out of sight; `strict`: nor is any should."""
        return not any(line.holds is not True and (RULES[line.code].must or strict) for line in self.lines)


def check(folder: Path, seconds: float) -> Checked:
    """Looks at a model's folder, or at one version. Raises InputError where there is no SavedModel.

    Each version may take so many seconds where it is run, in a process of its own.
    """
    found = versions_in(folder)
    alone = found == [folder]
    base = folder.resolve().parent if alone else folder
    of_folder = [*layout.layout(folder), *extras.configs(base)]
    lines = _lines("", BASE, of_folder, {}, extras.beside(base))
    of_version = [code for code in RULES if code not in BASE]
    for version in found:
        seen = _version(version, seconds)
        name = folder.resolve().name if alone else version.name
        lines += _lines(name, of_version, seen.faults, seen.unseen, extras.inside(version))
    return Checked(folder, tuple(lines))


def versions_in(folder: Path) -> list[Path]:
    """The SavedModel that a folder is, or those of its versions. Raises InputError where there is none."""
    found = layout.saved_models(folder)
    if not found:
        raise InputError(f"{visible(str(folder))} holds no SavedModel: neither {layout.GRAPH} nor NUMBER/{layout.GRAPH} is "
                         "there\n  hint: name the folder of a model or of one version, such as models/NAME")
    return found


def unsafe(version: Path) -> list[Fault]:
    """Why a version is not run in this process, by TensorFlow's own loader; nothing where it may be."""
    graph, why = graphs.read_graph(version)
    if graph is None:
        return why
    return [each for each in (*layout.files(version), *graphs.meta(graph), *graphs.objects(graph)) if each.code in UNSAFE]


def _lines(version: str, codes: Iterable[str], faults: Sequence[Fault], unseen: Mapping[str, str],
           there: Collection[str]) -> list[Line]:
    lines = []
    for code in codes:
        mine = tuple(dict.fromkeys(each for each in faults if each.code == code))
        if not mine and code in extras.OPTIONAL and code not in there:
            lines.append(Line(version, code, True, (), NONE))
            continue
        holds = False if mine else None if code in unseen else True
        lines.append(Line(version, code, holds, mine, unseen.get(code, "") if not mine else ""))
    return lines


def _version(version: Path, seconds: float) -> Seen:
    """Files and graph first; the graph is run only if it is one, and can touch nothing else."""
    seen, graph = Seen([*layout.files(version), *extras.labels(version)]), None
    if all(each.code != "files.graph" for each in seen.faults):
        graph, why = graphs.read_graph(version)
        seen.faults += why
    if graph is None:
        seen.unseen = dict.fromkeys((*OF_GRAPH, *TRIED), "there is no graph to look at")
        return seen
    seen.faults += [*layout.variables(version, needed=graph.has_variables), *graphs.meta(graph), *graphs.signatures(graph)]
    if any(each.code in UNSAFE for each in seen.faults):
        seen.unseen = dict.fromkeys(TRIED, UNTRIED)
        return seen
    trial = tried(version, seconds)
    seen.faults += trial.faults
    seen.unseen = trial.unseen
    return seen
