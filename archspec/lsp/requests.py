"""What an editor asks the server for, one function a request, and the table of all."""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Callable, Mapping
from functools import partial, wraps
from pathlib import Path
from typing import Any

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcInvalidParams
from pygls.protocol import json_rpc

from archspec.editor.checked import may_become_spec
from archspec.editor.completing import Kind
from archspec.editor.fixing import Fix, fixes
from archspec.editor.lasting import shapes_beside
from archspec.editor.meaning import meaning
from archspec.editor.naming import Symbol, definition, symbol_at, uses
from archspec.editor.renaming import home_of, renamed, uses_near
from archspec.editor.word import completed
from archspec.errors import InputError, SpecError, Where
from archspec.io.unsaved import unsaved
from archspec.lsp.server import Opened, Server, path_of
from archspec.schema.tree import Tree
from archspec.spec.inherit import Resolved, resolve

KINDS: Mapping[Kind, lsp.CompletionItemKind] = {
    "key": lsp.CompletionItemKind.Property, "block": lsp.CompletionItemKind.Class,
    "operation": lsp.CompletionItemKind.Function, "value": lsp.CompletionItemKind.EnumMember,
    "name": lsp.CompletionItemKind.Variable, "spec": lsp.CompletionItemKind.File}


RENAMED_LAYERS = ("layers that are called after this name are called otherwise now, and weights that were saved before are "
                  "not theirs by name")
MARKS = re.compile(r"^\*\*(.+?)\*\*|`([^`\n]+)`", re.MULTILINE)
"""What a meaning has of Markdown: the name that a line begins with, and values."""


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
    """What can stand at a place, instead of the whole word there."""
    uri = params.text_document.uri
    line, column = ls.place(uri, params.position)
    source, opened = ls.source(uri), ls.opened[uri]
    if not may_become_spec(source, opened.path):
        return lsp.CompletionList(False, [])
    found = await ls.ask(completed, source, line, column, opened.path, partial(_resolved, opened, ls.texts()))
    span = ls.span(uri, Where("", line, found.begin), found.end - found.begin)
    return lsp.CompletionList(False, [lsp.CompletionItem(
        each.label, kind=KINDS[each.kind], documentation=each.about or None, filter_text=each.label,
        sort_text=f"{number:05}",  # editors put what has none by the alphabet
        text_edit=lsp.TextEdit(span, each.text)) for number, each in enumerate(found.options)])


def _resolved(opened: Opened, texts: Mapping[Path, str], text: str) -> Resolved | None:
    """What a text of a document is made of; of one that cannot be read what was last known of the document."""
    known = opened.known
    if known is not None and known.text == text:
        return known.resolved
    try:
        with unsaved({**texts, opened.path: text}):
            return resolve(str(opened.path))
    except SpecError:
        return opened.resolved


async def hover(ls: Server, params: lsp.HoverParams) -> lsp.Hover | None:
    """What stands at a place means."""
    uri = params.text_document.uri
    known = ls.current(uri) or ls.opened[uri].known
    tree = None if known is None else await ls.tree(uri)
    if tree is None or known is None:
        return None
    found = await ls.ask(meaning, known, tree, *ls.place(uri, params.position))
    if found is None:
        return None
    kind, told = lsp.MarkupKind.Markdown, "\n\n".join(found.sentences)
    if not ls.reads_markdown:
        kind, told = lsp.MarkupKind.PlainText, MARKS.sub(lambda mark: mark[1] or mark[2], told)
    return lsp.Hover(lsp.MarkupContent(kind, told), ls.span(uri, found.place.where))


async def _symbol(ls: Server, uri: str, position: lsp.Position) -> tuple[Tree, Symbol] | None:
    """The name at a place, and the text that it stands in."""
    tree = await ls.tree(uri)
    found = None if tree is None else await ls.ask(symbol_at, tree, *ls.place(uri, position))
    return None if tree is None or found is None else (tree, found)


async def _defined(ls: Server, uri: str, tree: Tree, symbol: Symbol) -> Where | None:
    return await ls.ask(definition, symbol, ls.opened[uri].path, tree, ls.opened[uri].resolved)


async def go_to(ls: Server, params: lsp.DefinitionParams) -> lsp.Location | None:
    """Where a name is defined."""
    found = await _symbol(ls, params.text_document.uri, params.position)
    where = None if found is None else await _defined(ls, params.text_document.uri, *found)
    return None if where is None else ls.location(where)


async def references(ls: Server, params: lsp.ReferenceParams) -> list[lsp.Location]:
    """Where a name stands: in its text, in the file that defines it, and in those that extend or include that."""
    uri = params.text_document.uri
    found = await _symbol(ls, uri, params.position)
    if found is None:
        return []
    tree, symbol = found
    where, path = await _defined(ls, uri, tree, symbol), ls.opened[uri].path
    home = home_of(where, path, ls.texts())
    places = {} if home is None else await ls.ask(uses_near, symbol, home, ls.texts())
    places.setdefault(path, await ls.ask(uses, tree, symbol))
    told = [each for found in places.values() for each in found if params.context.include_declaration or each != where]
    return [location for each in told if (location := ls.location(each, len(symbol.name))) is not None]


async def _own(ls: Server, uri: str, position: lsp.Position) -> tuple[Symbol, Path] | None:
    """A name that can have another one, and the file that defines it."""
    found = await _symbol(ls, uri, position)
    if found is None or found[1].kind not in ("block", "kept"):
        return None
    home = home_of(await _defined(ls, uri, *found), ls.opened[uri].path, ls.texts())
    return None if home is None else (found[1], home)


async def prepare_rename(ls: Server, params: lsp.PrepareRenameParams) -> lsp.Range | None:
    """The name that can have another one."""
    found = await _own(ls, params.text_document.uri, params.position)
    return None if found is None else ls.span(params.text_document.uri, found[0].where, len(found[0].name))


async def rename(ls: Server, params: lsp.RenameParams) -> lsp.WorkspaceEdit:
    """The changes that give a name another one, in all files. Raises JsonRpcInvalidParams where one would be wrong then."""
    found = await _own(ls, params.text_document.uri, params.position)
    if found is None:
        raise JsonRpcInvalidParams("another name is for what this file or one beside it defines: a block, a value behind keep")
    symbol, home = found
    try:
        new = await ls.ask(renamed, symbol, params.new_name, home, ls.texts())
    except InputError as error:
        raise JsonRpcInvalidParams(str(error)) from None
    except OSError as error:
        raise JsonRpcInvalidParams(f"{home.name} cannot be read: {error.strerror}") from None
    if new.layers:
        ls.window_show_message(lsp.ShowMessageParams(lsp.MessageType.Info, RENAMED_LAYERS))
    edits: dict[str, list[lsp.TextEdit]] = {}
    for where in (where for places in new.places.values() for where in places):
        if (location := ls.location(where, len(symbol.name))) is not None:
            edits.setdefault(location.uri, []).append(lsp.TextEdit(location.range, params.new_name))
    return lsp.WorkspaceEdit(edits)


async def code_actions(ls: Server, params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
    """The guesses of the problems in some lines."""
    uri = params.text_document.uri
    found = ls.current(uri)
    here = [] if found is None else [each for each in (*found.problems, *found.warnings)
                                     if Path(each.where.file).resolve() == found.path]
    return [_action(ls, uri, problem.where.line, fix) for problem in here
            if _meet(ls.span(uri, problem.where), params.range) for fix in fixes(problem)]


def _meet(one: lsp.Range, other: lsp.Range) -> bool:
    """Whether two ranges have a place in common, their ends among them."""
    return one.start <= other.end and other.start <= one.end


def _action(ls: Server, uri: str, line: int, fix: Fix) -> lsp.CodeAction:
    edit = lsp.TextEdit(ls.span(uri, Where("", line, fix.begin), fix.end - fix.begin), fix.text)
    return lsp.CodeAction(fix.title, lsp.CodeActionKind.QuickFix, is_preferred=True, edit=lsp.WorkspaceEdit({uri: [edit]}))


async def inlay_hints(ls: Server, params: lsp.InlayHintParams) -> list[lsp.InlayHint]:
    """Shapes behind the lines of a text, as they were when it had no problem."""
    uri = params.text_document.uri
    right, source, lines = ls.opened[uri].right, ls.source(uri), ls.lines(uri)
    shapes = {} if right is None else await ls.ask(shapes_beside, right, source)
    return [lsp.InlayHint(ls.span(uri, Where("", line, len(lines[line - 1].rstrip()) + 1), 0).start, told, padding_left=True)
            for line, told in shapes.items()] if ls.source(uri) == source else []


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


def _of_open_documents(answer: Callable[..., Any]) -> Callable[..., Any]:
    """The same, but nothing is answered of a document that is not open, or is closed meanwhile."""
    @wraps(answer)
    async def answered(ls: Server, params: Any) -> Any:
        uri = params.text_document.uri
        if answer is not did_open and uri not in ls.opened:
            return None
        try:
            return await answer(ls, params)
        except Exception:
            if uri in ls.opened:
                raise
            return None
    return answered


def _no_refusal(record: logging.LogRecord) -> bool:
    """Whether it is for the log: an editor shows what is refused, and pygls would write a traceback beside it."""
    return record.exc_info is None or not isinstance(record.exc_info[1], JsonRpcInvalidParams)


def serve() -> None:
    """Answers an editor on standard input and output until it hangs up. Raises InputError where one of them is closed."""
    if sys.stdin is None or sys.stdout is None:
        raise InputError("archspec lsp: standard input or output is closed, and an editor speaks over both\n"
                         "  hint: an editor starts it; docs/editors.md says how")
    logging.getLogger(json_rpc.__name__).addFilter(_no_refusal)
    server = Server()
    for name, (answer, options) in REQUESTS.items():
        server.feature(name, options)(_of_open_documents(answer))
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as answers:  # it is closed at the end, and the command line's own is not
        server.start_io(stdout=answers)
