"""A language server of specs. pygls speaks the protocol: it is kept up, small, and brings no framework."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lsprotocol import types as lsp
from pygls.exceptions import PyglsError
from pygls.lsp.server import LanguageServer
from pygls.uris import from_fs_path, to_fs_path
from pygls.workspace import ServerTextPosition, ServerTextRange, TextDocument

from archspec.editor.checked import Checked, check, is_spec
from archspec.editor.fixing import extent
from archspec.errors import Problem, SpecError, Where, visible
from archspec.io.packages import own_version
from archspec.io.unsaved import unsaved
from archspec.schema.tree import Tree
from archspec.spec.source import read

SOURCE = "archspec"
REST = 0.08
"""Seconds without a key after which a text is checked."""
MOST = 200
"""Problems that are sent of one file: an editor lists no more."""


@dataclass
class Opened:
    """A document that is open: what was last found of it, and the last of its states that had no problem."""

    path: Path
    checked: Checked | None = None
    valid: Checked | None = None
    waiting: asyncio.Task[None] | None = field(default=None, repr=False)

    def stop(self) -> None:
        """Ends a check that waits or is under way."""
        if self.waiting is not None:
            self.waiting.cancel()

    @property
    def known(self) -> Checked | None:
        """What there is to answer by."""
        return self.checked if self.checked is not None and self.checked.resolved is not None else self.valid


class Server(LanguageServer):
    """Keeps the open documents checked."""

    def __init__(self) -> None:
        super().__init__("archspec", own_version(), text_document_sync_kind=lsp.TextDocumentSyncKind.Incremental)
        self.opened: dict[str, Opened] = {}

    # -- checking --------------------------------------------------------------------------------------------------------

    def texts(self) -> dict[Path, str]:
        """What the editor holds, by path."""
        return {each.path.resolve(): self.document(uri).source for uri, each in self.opened.items()}

    def document(self, uri: str) -> TextDocument:
        """The text of a document."""
        return self.workspace.get_text_document(uri)

    def changed(self, path: Path, rest: float = REST) -> None:
        """Checks a file that is another one now, and all open ones that are made of it, once its writer rests so long."""
        whole = path.resolve()
        for uri, each in self.opened.items():
            if each.path.resolve() == whole or (each.checked is not None and whole in each.checked.files):
                each.stop()
                each.waiting = asyncio.get_running_loop().create_task(self._check(uri, each, rest))

    def closed(self, uri: str) -> None:
        """Forgets a document, and its problems; what is made of it is made of the file on the disk again."""
        closed = self.opened.pop(uri)
        closed.stop()
        self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, []))
        self.changed(closed.path, 0)

    async def _check(self, uri: str, open_: Opened, rest: float) -> None:
        """Sends the problems of a document. Whoever changes something that it is made of ends this, and begins it anew."""
        await asyncio.sleep(rest)
        texts, version = self.texts(), self.document(uri).version
        try:
            found = await asyncio.to_thread(_checked, open_.path, texts)
        except Exception as error:  # a bug of ours: told, and the next text is checked all the same
            self.report_server_error(error, PyglsError)
            return
        open_.checked = found
        open_.valid = found if found is not None and found.graph is not None else open_.valid
        self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(
            uri, [] if found is None else list(self._diagnostics(uri, found)), version))
        if found is not None and found.graph is not None:
            self._refresh()

    def _refresh(self) -> None:
        """Asks for the shapes beside the text anew, where the editor shows them."""
        workspace = self.client_capabilities.workspace
        if workspace is not None and workspace.inlay_hint is not None and workspace.inlay_hint.refresh_support:
            self.workspace_inlay_hint_refresh(None, lambda _: None)

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
        if Path(where.file).resolve() != found.path.resolve():  # it stands in a file that this one is made of
            elsewhere = self.location(where)
            related += [] if elsewhere is None else [lsp.DiagnosticRelatedInformation(elsewhere, visible(problem.message))]
            message, where = f"{where}: {message}", _naming(found)
        return lsp.Diagnostic(self.span(uri, where), message, severity, problem.code, source=SOURCE,
                              related_information=related or None)

    # -- places ----------------------------------------------------------------------------------------------------------

    def span(self, uri: str, where: Where, length: int | None = None) -> lsp.Range:
        """The range of what stands at a place, or of so many signs from there, in the units of the editor."""
        document = self.document(uri)
        lines = document.lines
        line = min(where.line, max(len(lines), 1)) - 1
        text = lines[line].rstrip("\r\n") if line < len(lines) else ""
        begin, end = (where.column, where.column + length) if length is not None else extent(text, where.column)
        begin, end = min(begin, len(text) + 1), min(max(begin, end), len(text) + 1)
        first, last = (ServerTextPosition(line, column - 1) for column in (begin, end))
        return document.range_to_client_units(ServerTextRange(first, last))

    def location(self, where: Where, length: int | None = None) -> lsp.Location | None:
        """A place in any file; None of what is no file, such as a --set."""
        path = Path(where.file).resolve()
        uri = next((uri for uri, each in self.opened.items() if each.path.resolve() == path), from_fs_path(str(path)))
        if uri is None or (not path.is_file() and uri not in self.opened):
            return None
        return lsp.Location(uri, self.span(uri, where, length))

    def place(self, uri: str, position: lsp.Position) -> tuple[int, int]:
        """Line and column from 1."""
        found = self.document(uri).position_from_client_units(position)
        return found.line + 1, found.character + 1

    def tree(self, uri: str) -> Tree | None:
        """The text of a document as a tree; None where it cannot be read."""
        try:
            with unsaved(self.texts()):
                return read(self.opened[uri].path, [])
        except SpecError:
            return None


def _checked(path: Path, texts: dict[Path, str]) -> Checked | None:
    """None of what is no spec: nothing is told of a stranger's YAML."""
    return check(path, texts) if is_spec(texts[path.resolve()]) else None


def _naming(found: Checked) -> Where:
    """Where a text names the files that it is made of: at its `extends` or `include`, else at its beginning."""
    lines = found.text.splitlines()
    number = next((number for number, line in enumerate(lines, 1) if line.startswith(("extends:", "include:"))), 1)
    return Where(str(found.path), number, 1)


def path_of(uri: str) -> Path:
    """The file of a document; of one that was never saved a name in the current folder."""
    found = to_fs_path(uri) if uri.startswith("file:") else None
    return Path(found) if found else Path.cwd() / f"{uri.rpartition(':')[2].rpartition('/')[2] or 'untitled'}.yaml"
