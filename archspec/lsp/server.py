"""A language server of specs. pygls speaks the protocol: it is kept up, small, and brings no framework."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcInvalidParams
from pygls.lsp.server import LanguageServer
from pygls.uris import from_fs_path, to_fs_path
from pygls.workspace import ServerTextPosition, ServerTextRange, TextDocument

from archspec.editor.checked import Checked, check, is_spec
from archspec.editor.completing import Suggestion, suggestions
from archspec.editor.cursor import cursor
from archspec.editor.fixing import Fix, extent, fixes
from archspec.editor.meaning import meaning, outputs
from archspec.editor.naming import Symbol, definition, symbol_at, uses
from archspec.errors import Problem, SpecError, Where, shorten, visible
from archspec.io.packages import own_version
from archspec.io.unsaved import unsaved
from archspec.schema.tree import Tree
from archspec.spec.arguments import IDENTIFIER
from archspec.spec.source import read

SOURCE = "archspec"
REST = 0.08
"""Seconds without a key after which a text is checked."""
MOST = 200
"""Problems that are sent of one file: an editor lists no more."""
KINDS = {"key": lsp.CompletionItemKind.Property, "block": lsp.CompletionItemKind.Class,
         "operation": lsp.CompletionItemKind.Function, "value": lsp.CompletionItemKind.EnumMember,
         "name": lsp.CompletionItemKind.Variable, "spec": lsp.CompletionItemKind.File}


@dataclass
class _Open:
    """A document that is open: what was last found of it, and the last of its states that had no problem."""

    path: Path
    checked: Checked | None = None
    valid: Checked | None = None
    waiting: asyncio.Task[None] | None = field(default=None, repr=False)

    @property
    def known(self) -> Checked | None:
        """What there is to answer by."""
        return self.checked if self.checked is not None and self.checked.resolved is not None else self.valid


class Server(LanguageServer):
    """Keeps the open documents checked."""

    def __init__(self) -> None:
        super().__init__("archspec", own_version(), text_document_sync_kind=lsp.TextDocumentSyncKind.Incremental)
        self.opened: dict[str, _Open] = {}

    # -- checking --------------------------------------------------------------------------------------------------------

    def texts(self) -> dict[Path, str]:
        """What the editor holds, by path."""
        return {each.path.resolve(): self.document(uri).source for uri, each in self.opened.items()}

    def document(self, uri: str) -> TextDocument:
        """The text of a document."""
        return self.workspace.get_text_document(uri)

    def changed(self, uri: str) -> None:
        """Checks a document once its writer rests, and all that are made of it."""
        path = self.opened[uri].path.resolve()
        for other, each in self.opened.items():
            if other == uri or (each.checked is not None and path in each.checked.files):
                if each.waiting is not None:
                    each.waiting.cancel()
                each.waiting = asyncio.get_running_loop().create_task(self._soon(other))

    async def _soon(self, uri: str) -> None:
        await asyncio.sleep(REST)
        await self._check(uri)

    async def _check(self, uri: str) -> None:
        open_ = self.opened.get(uri)
        if open_ is None:
            return
        texts, version = self.texts(), self.document(uri).version
        found = await asyncio.to_thread(_checked, open_.path, texts)
        if self.opened.get(uri) is not open_ or self.document(uri).version != version:
            return  # a newer text is waiting by now
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

    def _diagnostics(self, uri: str, found: Checked) -> Iterable[lsp.Diagnostic]:
        kinds = lsp.DiagnosticSeverity
        for severity, problems in ((kinds.Error, found.problems), (kinds.Warning, found.warnings)):
            for problem in problems[:MOST]:
                yield self._diagnostic(uri, found, problem, severity)

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


def _completion(found: Suggestion, span: lsp.Range) -> lsp.CompletionItem:
    return lsp.CompletionItem(found.label, kind=KINDS[found.kind], documentation=found.about or None, filter_text=found.label,
                              text_edit=lsp.TextEdit(span, found.text))


def _action(server: Server, uri: str, line: int, fix: Fix) -> lsp.CodeAction:
    edit = lsp.TextEdit(server.span(uri, Where("", line, fix.begin), fix.end - fix.begin), fix.text)
    return lsp.CodeAction(fix.title, lsp.CodeActionKind.QuickFix, is_preferred=True, edit=lsp.WorkspaceEdit({uri: [edit]}))


def made() -> Server:
    """A server with all that it can be asked for."""
    server = Server()
    feature: Callable[..., Any] = server.feature

    @feature(lsp.TEXT_DOCUMENT_DID_OPEN)
    async def did_open(params: lsp.DidOpenTextDocumentParams) -> None:
        server.opened[params.text_document.uri] = _Open(path_of(params.text_document.uri))
        await server._check(params.text_document.uri)

    @feature(lsp.TEXT_DOCUMENT_DID_CHANGE)
    async def did_change(params: lsp.DidChangeTextDocumentParams) -> None:
        server.changed(params.text_document.uri)

    @feature(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def did_close(params: lsp.DidCloseTextDocumentParams) -> None:
        closed = server.opened.pop(params.text_document.uri, None)
        if closed is not None and closed.waiting is not None:
            closed.waiting.cancel()
        server.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(params.text_document.uri, []))

    @feature(lsp.TEXT_DOCUMENT_COMPLETION, lsp.CompletionOptions(trigger_characters=[" ", "$", "=", "[", "{", ","]))
    async def completion(params: lsp.CompletionParams) -> lsp.CompletionList:
        uri = params.text_document.uri
        line, column = server.place(uri, params.position)
        at = cursor(server.document(uri).source, line, column)
        span = server.span(uri, Where("", line, column - len(at.word)), len(at.word))
        known = server.opened[uri].known if uri in server.opened else None
        found = await asyncio.to_thread(suggestions, at, None if known is None else known.resolved)
        return lsp.CompletionList(False, [_completion(each, span) for each in found])

    @feature(lsp.TEXT_DOCUMENT_HOVER)
    async def hover(params: lsp.HoverParams) -> lsp.Hover | None:
        uri = params.text_document.uri
        tree, known = server.tree(uri), server.opened[uri].known
        if tree is None or known is None:
            return None
        found = await asyncio.to_thread(meaning, known, tree, *server.place(uri, params.position))
        if found is None:
            return None
        text = lsp.MarkupContent(lsp.MarkupKind.Markdown, "\n\n".join(found.sentences))
        return lsp.Hover(text, server.span(uri, found.place.where))

    def symbol(uri: str, position: lsp.Position) -> tuple[Tree, Symbol] | None:
        tree = server.tree(uri)
        found = None if tree is None else symbol_at(tree, *server.place(uri, position))
        return None if tree is None or found is None else (tree, found)

    @feature(lsp.TEXT_DOCUMENT_DEFINITION)
    def go_to(params: lsp.DefinitionParams) -> lsp.Location | None:
        uri = params.text_document.uri
        found = symbol(uri, params.position)
        if found is None:
            return None
        known = server.opened[uri].known
        where = definition(found[1], server.opened[uri].path, found[0], None if known is None else known.resolved)
        return None if where is None else server.location(where)

    @feature(lsp.TEXT_DOCUMENT_REFERENCES)
    def references(params: lsp.ReferenceParams) -> list[lsp.Location]:
        uri = params.text_document.uri
        found = symbol(uri, params.position)
        return [] if found is None else [lsp.Location(uri, server.span(uri, where, len(found[1].name)))
                                         for where in uses(*found)]

    def own(uri: str, position: lsp.Position) -> tuple[Tree, Symbol] | None:
        """A name that the text defines itself: others are not its own to change."""
        found = symbol(uri, position)
        if found is None or found[1].kind not in ("block", "kept"):
            return None
        where = definition(found[1], server.opened[uri].path, found[0], getattr(server.opened[uri].known, "resolved", None))
        return found if where is not None and Path(where.file).resolve() == server.opened[uri].path.resolve() else None

    @feature(lsp.TEXT_DOCUMENT_PREPARE_RENAME)
    def prepare_rename(params: lsp.PrepareRenameParams) -> lsp.Range | None:
        found = own(params.text_document.uri, params.position)
        return None if found is None else server.span(params.text_document.uri, found[1].where, len(found[1].name))

    @feature(lsp.TEXT_DOCUMENT_RENAME, lsp.RenameOptions(prepare_provider=True))
    def rename(params: lsp.RenameParams) -> lsp.WorkspaceEdit | None:
        uri = params.text_document.uri
        found = own(uri, params.position)
        if found is None:
            raise JsonRpcInvalidParams("what this file defines itself can have another name: a block, or a value behind keep")
        if not IDENTIFIER.fullmatch(params.new_name):
            raise JsonRpcInvalidParams(f"'{shorten(params.new_name)}' is no name: a letter, then letters, digits and _")
        return lsp.WorkspaceEdit({uri: [lsp.TextEdit(server.span(uri, where, len(found[1].name)), params.new_name)
                                        for where in uses(*found)]})

    @feature(lsp.TEXT_DOCUMENT_CODE_ACTION, lsp.CodeActionOptions([lsp.CodeActionKind.QuickFix]))
    def code_actions(params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
        uri = params.text_document.uri
        found = server.opened[uri].checked
        here = [] if found is None else [each for each in (*found.problems, *found.warnings)
                                         if Path(each.where.file).resolve() == found.path.resolve()]
        first, last = params.range.start.line + 1, params.range.end.line + 1
        return [_action(server, uri, problem.where.line, fix) for problem in here if first <= problem.where.line <= last
                for fix in fixes(problem)]

    @feature(lsp.TEXT_DOCUMENT_INLAY_HINT)
    def inlay_hints(params: lsp.InlayHintParams) -> list[lsp.InlayHint]:
        uri = params.text_document.uri
        known, tree = server.opened[uri].valid, server.tree(uri)
        if known is None or known.graph is None or tree is None or known is not server.opened[uri].checked:
            return []
        lines = server.document(uri).lines
        hints: dict[int, list[str]] = {}
        for where, shape in outputs(known.graph, tree, tree.where.file):
            hints.setdefault(where.line, []).append(shape)
        return [lsp.InlayHint(server.span(uri, Where("", line, len(lines[line - 1].rstrip()) + 1), 0).start,
                              " ".join(shapes), padding_left=True) for line, shapes in sorted(hints.items())]

    return server


def serve() -> None:
    """Answers an editor on standard input and output until it hangs up."""
    made().start_io()
