"""What an editor asks the server for, one function a request, and the table of all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcInvalidParams

from archspec.editor.completing import Kind, suggestions
from archspec.editor.cursor import cursor
from archspec.editor.fixing import Fix, fixes
from archspec.editor.meaning import meaning, outputs
from archspec.editor.naming import Symbol, definition, symbol_at, uses
from archspec.errors import Where, shorten
from archspec.lsp.server import Opened, Server, path_of
from archspec.schema.tree import Tree
from archspec.spec.arguments import IDENTIFIER

KINDS: Mapping[Kind, lsp.CompletionItemKind] = {
    "key": lsp.CompletionItemKind.Property, "block": lsp.CompletionItemKind.Class,
    "operation": lsp.CompletionItemKind.Function, "value": lsp.CompletionItemKind.EnumMember,
    "name": lsp.CompletionItemKind.Variable, "spec": lsp.CompletionItemKind.File}


async def did_open(ls: Server, params: lsp.DidOpenTextDocumentParams) -> None:
    """A document is there: it is checked at once."""
    opened = ls.opened[params.text_document.uri] = Opened(path_of(params.text_document.uri))
    ls.changed(opened.path, 0)


async def did_change(ls: Server, params: lsp.DidChangeTextDocumentParams) -> None:
    """It has changed."""
    ls.changed(ls.opened[params.text_document.uri].path)


async def did_close(ls: Server, params: lsp.DidCloseTextDocumentParams) -> None:
    """It is there no more, and neither are its problems."""
    ls.closed(params.text_document.uri)


async def completion(ls: Server, params: lsp.CompletionParams) -> lsp.CompletionList:
    """What can stand at a place."""
    uri = params.text_document.uri
    line, column = ls.place(uri, params.position)
    at, known = cursor(ls.document(uri).source, line, column), ls.opened[uri].known
    span = ls.span(uri, Where("", line, column - len(at.word)), len(at.word))
    found = await asyncio.to_thread(suggestions, at, None if known is None else known.resolved)
    return lsp.CompletionList(False, [lsp.CompletionItem(
        each.label, kind=KINDS[each.kind], documentation=each.about or None, filter_text=each.label,
        text_edit=lsp.TextEdit(span, each.text)) for each in found])


async def hover(ls: Server, params: lsp.HoverParams) -> lsp.Hover | None:
    """What stands at a place means."""
    uri = params.text_document.uri
    tree, known = ls.tree(uri), ls.opened[uri].known
    if tree is None or known is None:
        return None
    found = await asyncio.to_thread(meaning, known, tree, *ls.place(uri, params.position))
    if found is None:
        return None
    text = lsp.MarkupContent(lsp.MarkupKind.Markdown, "\n\n".join(found.sentences))
    return lsp.Hover(text, ls.span(uri, found.place.where))


def _symbol(ls: Server, uri: str, position: lsp.Position) -> tuple[Tree, Symbol] | None:
    """The name at a place, and the text that it stands in."""
    tree = ls.tree(uri)
    found = None if tree is None else symbol_at(tree, *ls.place(uri, position))
    return None if tree is None or found is None else (tree, found)


def _defined(ls: Server, uri: str, tree: Tree, symbol: Symbol) -> Where | None:
    known = ls.opened[uri].known
    return definition(symbol, ls.opened[uri].path, tree, None if known is None else known.resolved)


def go_to(ls: Server, params: lsp.DefinitionParams) -> lsp.Location | None:
    """Where a name is defined."""
    found = _symbol(ls, params.text_document.uri, params.position)
    where = None if found is None else _defined(ls, params.text_document.uri, *found)
    return None if where is None else ls.location(where)


def references(ls: Server, params: lsp.ReferenceParams) -> list[lsp.Location]:
    """Where a name stands in its text."""
    uri = params.text_document.uri
    found = _symbol(ls, uri, params.position)
    return [] if found is None else [lsp.Location(uri, span) for span in _spans(ls, uri, *found)]


def _spans(ls: Server, uri: str, tree: Tree, symbol: Symbol) -> list[lsp.Range]:
    return [ls.span(uri, where, len(symbol.name)) for where in uses(tree, symbol)]


def _own(ls: Server, uri: str, position: lsp.Position) -> tuple[Tree, Symbol] | None:
    """A name that the text defines itself: others are not its own to change."""
    found = _symbol(ls, uri, position)
    if found is None or found[1].kind not in ("block", "kept"):
        return None
    where = _defined(ls, uri, *found)
    return found if where is not None and Path(where.file).resolve() == ls.opened[uri].path.resolve() else None


def prepare_rename(ls: Server, params: lsp.PrepareRenameParams) -> lsp.Range | None:
    """The name that can have another one."""
    found = _own(ls, params.text_document.uri, params.position)
    return None if found is None else ls.span(params.text_document.uri, found[1].where, len(found[1].name))


def rename(ls: Server, params: lsp.RenameParams) -> lsp.WorkspaceEdit:
    """The changes that give a name another one. Raises JsonRpcInvalidParams."""
    uri = params.text_document.uri
    found = _own(ls, uri, params.position)
    if found is None:
        raise JsonRpcInvalidParams("what this file defines itself can have another name: a block, or a value behind keep")
    if not IDENTIFIER.fullmatch(params.new_name):
        raise JsonRpcInvalidParams(f"'{shorten(params.new_name)}' is no name: a letter, then letters, digits and _")
    return lsp.WorkspaceEdit({uri: [lsp.TextEdit(span, params.new_name) for span in _spans(ls, uri, *found)]})


def code_actions(ls: Server, params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
    """The guesses of the problems in some lines."""
    uri = params.text_document.uri
    found = ls.opened[uri].checked
    here = [] if found is None else [each for each in (*found.problems, *found.warnings)
                                     if Path(each.where.file).resolve() == found.path.resolve()]
    lines = range(params.range.start.line + 1, params.range.end.line + 2)
    return [_action(ls, uri, problem.where.line, fix) for problem in here if problem.where.line in lines
            for fix in fixes(problem)]


def _action(ls: Server, uri: str, line: int, fix: Fix) -> lsp.CodeAction:
    edit = lsp.TextEdit(ls.span(uri, Where("", line, fix.begin), fix.end - fix.begin), fix.text)
    return lsp.CodeAction(fix.title, lsp.CodeActionKind.QuickFix, is_preferred=True, edit=lsp.WorkspaceEdit({uri: [edit]}))


def inlay_hints(ls: Server, params: lsp.InlayHintParams) -> list[lsp.InlayHint]:
    """Shapes behind the lines of a text that has no problem."""
    uri = params.text_document.uri
    found, tree = ls.opened[uri].checked, ls.tree(uri)
    if found is None or found.graph is None or tree is None:
        return []
    lines, shapes = ls.document(uri).lines, dict[int, list[str]]()
    for where, shape in outputs(found.graph, tree, tree.where.file):
        shapes.setdefault(where.line, []).append(shape)
    return [lsp.InlayHint(ls.span(uri, Where("", line, len(lines[line - 1].rstrip()) + 1), 0).start, " ".join(told),
                          padding_left=True) for line, told in sorted(shapes.items())]


REQUESTS: Mapping[str, tuple[Callable[..., Any], Any]] = {
    lsp.TEXT_DOCUMENT_DID_OPEN: (did_open, None),
    lsp.TEXT_DOCUMENT_DID_CHANGE: (did_change, None),
    lsp.TEXT_DOCUMENT_DID_CLOSE: (did_close, None),
    lsp.TEXT_DOCUMENT_COMPLETION: (completion, lsp.CompletionOptions(trigger_characters=[" ", "$", "=", "[", "{", ","])),
    lsp.TEXT_DOCUMENT_HOVER: (hover, None),
    lsp.TEXT_DOCUMENT_DEFINITION: (go_to, None),
    lsp.TEXT_DOCUMENT_REFERENCES: (references, None),
    lsp.TEXT_DOCUMENT_PREPARE_RENAME: (prepare_rename, None),
    lsp.TEXT_DOCUMENT_RENAME: (rename, lsp.RenameOptions(prepare_provider=True)),
    lsp.TEXT_DOCUMENT_CODE_ACTION: (code_actions, lsp.CodeActionOptions([lsp.CodeActionKind.QuickFix])),
    lsp.TEXT_DOCUMENT_INLAY_HINT: (inlay_hints, None),
}
"""By the protocol's name: what answers, and what the editor is told of it."""


def serve() -> None:
    """Answers an editor on standard input and output until it hangs up."""
    server = Server()
    for name, (answer, options) in REQUESTS.items():
        server.feature(name, options)(answer)
    server.start_io()
