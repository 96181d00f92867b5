"""A language server of specs. pygls speaks the protocol: it is kept up, small, and brings no framework."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import TypeVar

from lsprotocol import types as lsp
from pygls.exceptions import PyglsError
from pygls.lsp.server import LanguageServer
from pygls.uris import from_fs_path, to_fs_path
from pygls.workspace import TextDocument

from archspec.editor.checked import Checked, check, is_spec, named_in
from archspec.editor.cursor import BREAK, NO_BREAKS
from archspec.editor.fixing import extent
from archspec.editor.near import on_disk
from archspec.errors import Problem, SpecError, Where, visible
from archspec.io.packages import own_version
from archspec.io.stopping import stoppable
from archspec.io.unsaved import unsaved
from archspec.schema.tree import Tree
from archspec.spec.inherit import Resolved
from archspec.spec.source import read

T = TypeVar("T")
SOURCE = "archspec"
REST = 0.08
"""Seconds without a key after which a text is checked."""
NO_NAME = re.compile(r"[^A-Za-z0-9]+")
MOST = 200
"""Problems that are sent of one file: an editor lists no more."""


@dataclass
class Opened:
    """A document that is open: what was last found of it, of the last of its states that could be read, and of the last right.

    `path` has its links resolved; of two documents that are one file the one that was opened last counts.
    """

    path: Path
    checked: Checked | None = None
    known: Checked | None = None
    right: Checked | None = None
    waiting: asyncio.Task[None] | None = field(default=None, repr=False)
    lines: tuple[str, list[str]] = field(default=("", [""]), repr=False)
    """A text and its lines, which are asked for at each place."""
    read: tuple[str, Tree | None] = field(default=("", None), repr=False)
    """A text that was not checked yet, or is no spec, and its tree: a large one takes a second to read."""

    @property
    def resolved(self) -> Resolved | None:
        """What the spec was made of when it could last be read."""
        return None if self.known is None else self.known.resolved

    def stop(self) -> None:
        """Ends a check that waits or is under way."""
        if self.waiting is not None:
            self.waiting.cancel()


class Server(LanguageServer):
    """Keeps the open documents checked."""

    def __init__(self) -> None:
        super().__init__("archspec", own_version(), text_document_sync_kind=lsp.TextDocumentSyncKind.Incremental)
        self.opened: dict[str, Opened] = {}
        self.checker = ThreadPoolExecutor(1)  # what is cancelled before its turn takes no time, and answers do not wait for it

    # -- checking --------------------------------------------------------------------------------------------------------

    def texts(self) -> dict[Path, str]:
        """What the editor holds, by path."""
        return {each.path: self.source(uri) for uri, each in self.opened.items()}

    def source(self, uri: str) -> str:
        """The text of a document, whose lines end for YAML where they end for an editor."""
        return self.document(uri).source.translate(NO_BREAKS)

    def document(self, uri: str) -> TextDocument:
        """The text of a document."""
        return self.workspace.get_text_document(uri)

    def changed(self, path: Path, rest: float = REST) -> None:
        """Checks a file that is another one now, and all open ones that may be made of it, once its writer rests so long."""
        for uri, each in self.opened.items():
            if each.path == path or each.checked is None or path in each.checked.files:
                each.stop()
                each.waiting = asyncio.get_running_loop().create_task(self._check(uri, each, rest))

    def closed(self, uri: str) -> None:
        """Forgets a document, and its problems; what is made of it is made of the file on the disk again."""
        closed = self.opened.pop(uri)
        closed.stop()
        self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, []))
        self.changed(closed.path, 0)

    async def _check(self, uri: str, opened: Opened, rest: float) -> None:
        """Sends the problems of a document. Whoever changes something that it is made of ends this, and begins it anew."""
        await asyncio.sleep(rest)
        texts, version = self.texts(), self.document(uri).version
        try:
            found = await self.ask(_checked, opened.path, texts, executor=self.checker)
        except Exception as error:  # a bug of ours: told, and the next text is checked all the same
            self.report_server_error(error, PyglsError)
            return
        opened.checked = found
        opened.known = found if found is not None and found.resolved is not None else opened.known
        opened.right = found if found is not None and found.graph is not None else opened.right
        self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(
            uri, [] if found is None else list(self._diagnostics(uri, found)), version))
        if found is not None and found.graph is not None:
            self._refresh()
        if found is not None:
            self._check_blocks(found)

    def _check_blocks(self, found: Checked) -> None:
        """Checks the files of blocks that a spec includes, and did not when they were checked: what is wrong shows in it."""
        for uri, each in self.opened.items():
            if each.path in found.files and each.checked is not None and each.checked.of_blocks \
                    and found.path not in each.checked.files and (each.waiting is None or each.waiting.done()):
                each.waiting = asyncio.get_running_loop().create_task(self._check(uri, each, 0))

    async def ask(self, function: Callable[..., T], *arguments: object, executor: Executor | None = None) -> T:
        """What a function gives, in a thread, where files are what the editor holds.

        It ends when nobody waits for it any more: newer text ends a check, and the editor what it has asked for.
        """
        stop, loop = Event(), asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(executor, _within, stop, self.texts(), function, arguments)
        except asyncio.CancelledError:
            stop.set()
            raise

    def current(self, uri: str) -> Checked | None:
        """What was found of the text as it is now; None while that is not known."""
        found = self.opened[uri].checked
        return found if found is not None and found.text == self.source(uri) else None

    def _refresh(self) -> None:
        """Asks for the shapes beside the text anew, where the editor shows them."""
        workspace = self.client_capabilities.workspace
        if workspace is not None and workspace.inlay_hint is not None and workspace.inlay_hint.refresh_support:
            self.workspace_inlay_hint_refresh(None, lambda _: None)

    @property
    def reads_markdown(self) -> bool:
        """Whether the editor shows Markdown under the cursor; one that says nothing of it does."""
        document = self.client_capabilities.text_document
        formats = None if document is None or document.hover is None else document.hover.content_format
        return not formats or lsp.MarkupKind.Markdown in formats

    def _diagnostics(self, uri: str, found: Checked) -> Iterator[lsp.Diagnostic]:
        kinds = lsp.DiagnosticSeverity
        for severity, problems in ((kinds.Error, found.problems), (kinds.Warning, found.warnings)):
            yield from (self._diagnostic(uri, found, problem, severity) for problem in problems[:MOST])
            if len(problems) > MOST:
                told = f"and {len(problems) - MOST} more problems"
                yield lsp.Diagnostic(self.span(uri, problems[MOST].where), told, severity, source=SOURCE)

    def _diagnostic(self, uri: str, found: Checked, problem: Problem, severity: lsp.DiagnosticSeverity) -> lsp.Diagnostic:
        message = "\n".join([visible(problem.message), *map(visible, problem.notes),
                             *([f"hint: {visible(problem.hint)}"] if problem.hint else [])])
        related = [lsp.DiagnosticRelatedInformation(place, "called here")
                   for place in map(self.location, problem.calls) if place]
        where = problem.where
        if Path(where.file).resolve() != found.path:  # it stands in a file that this one is made of
            elsewhere = self.location(where)
            related += [] if elsewhere is None else [lsp.DiagnosticRelatedInformation(elsewhere, visible(problem.message))]
            message, where = f"{where}: {message}", named_in(found, where)
        return lsp.Diagnostic(self.span(uri, where), message, severity, problem.code, source=SOURCE,
                              related_information=related or None)

    # -- places ----------------------------------------------------------------------------------------------------------

    def lines(self, uri: str) -> list[str]:
        """The lines of a document, without what ends them: as the protocol counts them, and not as Python does.

        Of a file that is not open those on the disk, up to as much as a spec may have; none where it cannot be read.
        """
        opened = self.opened.get(uri)
        if opened is None:
            return BREAK.split(_on_disk(path_of(uri)))
        source = self.document(uri).source
        if opened.lines[0] is not source:
            opened.lines = source, BREAK.split(source)
        return opened.lines[1]

    def span(self, uri: str, where: Where, length: int | None = None) -> lsp.Range:
        """The range of what stands at a place, or of so many signs from there, in the units of the editor."""
        lines = self.lines(uri)
        line = min(where.line, len(lines)) - 1
        text, units = lines[line], self.workspace.position_codec.client_num_units
        begin, end = (where.column, where.column + length) if length is not None else extent(text, where.column)
        first, last = (lsp.Position(line, units(text[:max(column - 1, 0)])) for column in (begin, end))
        return lsp.Range(first, last)

    def location(self, where: Where, length: int | None = None) -> lsp.Location | None:
        """A place in any file; None of what is no file, such as a --set."""
        path = Path(where.file).resolve()
        uri = next((uri for uri, each in self.opened.items() if each.path == path), None)
        if uri is None and path.is_file():
            uri = from_fs_path(str(path))
        return None if uri is None else lsp.Location(uri, self.span(uri, where, length))

    def place(self, uri: str, position: lsp.Position) -> tuple[int, int]:
        """Line and column from 1; the end of the line, or of the text, for a place behind it."""
        lines = self.lines(uri)
        line = min(position.line, len(lines) - 1)
        text, units, count, column = lines[line], self.workspace.position_codec.client_num_units, 0, 0
        while column < len(text) and count < position.character:
            count, column = count + units(text[column]), column + 1
        return line + 1, column + 1

    async def tree(self, uri: str) -> Tree | None:
        """The text of a document as a tree; None where it cannot be read."""
        found, opened, source = self.current(uri), self.opened[uri], self.source(uri)
        if found is not None:
            return found.tree
        if opened.read[0] != source:
            opened.read = source, await self.ask(_tree, opened.path)
        return opened.read[1]


def _within(stop: Event, texts: Mapping[Path, str], function: Callable[..., T], arguments: tuple[object, ...]) -> T:
    with stoppable(stop), unsaved(texts):
        return function(*arguments)


def _tree(path: Path) -> Tree | None:
    try:
        return read(path, [])
    except SpecError:
        return None


def _on_disk(path: Path) -> str:
    try:
        return on_disk(path)
    except OSError:
        return ""


def _checked(path: Path, texts: dict[Path, str]) -> Checked | None:
    """None of what is no spec: nothing is told of a stranger's YAML."""
    return check(path, texts) if is_spec(texts[path], path) else None


def path_of(uri: str) -> Path:
    """The file of a document, its links resolved; of what is no file a name in the current folder that there is not."""
    try:
        found = to_fs_path(uri) if uri.startswith("file:") else None
        if found:
            return Path(found).resolve()
    except (OSError, RuntimeError, ValueError):  # a circle of links, a name that no file can have
        pass
    return Path.cwd() / f"untitled_{NO_NAME.sub('_', uri.removeprefix('untitled:'))[-40:]}.yaml"
