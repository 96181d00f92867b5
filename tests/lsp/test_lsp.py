"""The language server through its protocol, as an editor speaks to it: a process, standard input and output.

A server takes longer to load than most of what is asked of it, so it is forked from a process that has it loaded; one test
starts it as editors do.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from forked import FORKS
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException
from pygls.lsp.client import LanguageClient

from archspec.__main__ import main

NET = """\
archspec: 1
input: 32x32x3
classes: 10
blocks:
  mine: {description: one convolution, parameters: {width: required, stride: 1}, body: [conv: 3x3 $width /$stride]}
stem: [conv: 3x3 16]
stages: {block: mine, widths: [8, 16], strides: [1, 2]}
head: [global_avg_pool, dense: $classes]
"""


class Editor:
    """A client with the folder that it has open."""

    def __init__(self, client: LanguageClient, folder: Path) -> None:
        self.client, self.folder, self.versions = client, folder, dict[str, int]()
        self.found: dict[str, lsp.PublishDiagnosticsParams] = {}
        self.news = asyncio.Condition()

        @client.feature(lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        async def published(params: lsp.PublishDiagnosticsParams) -> None:
            async with self.news:
                self.found[params.uri] = params
                self.news.notify_all()

    def uri(self, name: str) -> str:
        return (self.folder / name).as_uri()

    async def open(self, name: str, text: str) -> list[lsp.Diagnostic]:
        self.versions[name] = 1
        self.client.text_document_did_open(lsp.DidOpenTextDocumentParams(lsp.TextDocumentItem(self.uri(name), "yaml", 1, text)))
        return await self.problems(name)

    def change(self, name: str, text: str) -> None:
        self.versions[name] += 1
        self.client.text_document_did_change(lsp.DidChangeTextDocumentParams(
            lsp.VersionedTextDocumentIdentifier(self.versions[name], self.uri(name)), [lsp.TextDocumentContentChangeWholeDocument(text)]))

    async def problems(self, name: str, when: Callable[[list[lsp.Diagnostic]], bool] = lambda found: True) -> list[lsp.Diagnostic]:
        """The problems of the newest text of a document, once they are so."""
        def there() -> bool:
            told = self.found.get(self.uri(name))
            return told is not None and told.version == self.versions[name] and when([*told.diagnostics])
        async with self.news:
            await asyncio.wait_for(self.news.wait_for(there), 30)
        return [*self.found[self.uri(name)].diagnostics]

    def at(self, name: str, line: int, column: int) -> dict[str, Any]:
        return {"text_document": lsp.TextDocumentIdentifier(self.uri(name)), "position": lsp.Position(line - 1, column - 1)}

    async def completed(self, name: str, line: int, column: int) -> list[lsp.CompletionItem]:
        """What is offered at a place."""
        found = await self.client.text_document_completion_async(lsp.CompletionParams(**self.at(name, line, column)))
        assert isinstance(found, lsp.CompletionList)
        return found.items


@asynccontextmanager
async def started(client: LanguageClient, folder: Path) -> AsyncIterator[None]:
    """A server that the client has started, as editors do. It has to end well within, and to write no log."""
    await client.start_io(sys.executable, "-m", "archspec", "lsp", cwd=folder)
    yield
    server = client._server
    assert server is not None
    assert server.stderr is not None
    assert (server.returncode, await server.stderr.read()) == (0, b"")


@asynccontextmanager
async def forked(client: LanguageClient, folder: Path) -> AsyncIterator[None]:
    """The same whose standard input and output are one socket."""
    with socket.create_server(("127.0.0.1", 0)) as heard:
        process = FORKS.Process(target=_serve, args=(heard, folder))
        process.start()
        await client.start_tcp(*heard.getsockname())
    yield
    client.protocol.writer.close()
    process.join()
    assert process.exitcode == 0


def _serve(heard: socket.socket, folder: Path) -> None:
    with heard, heard.accept()[0] as called:
        for stream in (0, 1):
            os.dup2(called.fileno(), stream)
    os.chdir(folder)
    sys.stdin, sys.stdout, sys.argv = os.fdopen(0), os.fdopen(1, "w"), ["archspec", "lsp"]
    main()


@pytest.fixture
def editing(tmp_path: Path) -> Callable[..., None]:
    """Runs what an editor that can do something does, with a server beside it."""
    async def spoken(work: Callable[[Editor], Awaitable[None]], able: lsp.ClientCapabilities | None, server: Callable[..., Any]) -> None:
        client = LanguageClient("tests", "1")
        editor = Editor(client, tmp_path)
        async with server(client, tmp_path):
            told = await client.initialize_async(lsp.InitializeParams(capabilities=able or lsp.ClientCapabilities(), root_uri=tmp_path.as_uri()))
            assert told.server_info is not None
            assert told.server_info.name == "archspec"
            client.initialized(lsp.InitializedParams())
            await work(editor)
            await client.shutdown_async(None)
            client.exit(None)
            await client.stop()
    return lambda work, able=None, server=forked: asyncio.run(spoken(work, able, server))


def test_problems_are_those_of_check_while_one_types(editing: Callable[..., None]) -> None:
    async def work(editor: Editor) -> None:
        assert await editor.open("net.yaml", NET) == []
        editor.change("net.yaml", NET.replace("block: mine", "block: mime"))
        (found,) = await editor.problems("net.yaml")
        assert (found.code, found.source, found.severity) == ("unknown-block", "archspec", lsp.DiagnosticSeverity.Error)
        assert "did you mean 'mine'?" in found.message
        line = NET.splitlines()[6].replace("mine", "mime")
        assert line[found.range.start.character:found.range.end.character] == "mime"
        editor.change("net.yaml", NET)
        assert await editor.problems("net.yaml") == []
    editing(work, server=started)


def test_signs_are_counted_as_editors_count_them(editing: Callable[..., None]) -> None:
    """UTF-16: a sign beyond the first plane is two; a line separator of Unicode ends no line."""
    async def work(editor: Editor) -> None:
        text = "description: 'a\u2028b'\nextends: resnet18\nstages: {se: 16} # \U0001F600\nstem: [conv: 3x3 8, {keep: '\U0001F600'}, conv: 3x3 8 act=rellu]\n"
        found = [each for each in await editor.open("net.yaml", text) if "rellu" in each.message]
        line = text.split("\n")[3]
        begin, end = (len(line[:line.index(word)].encode("utf-16-le")) // 2 for word in ("3x3 8 act", "]"))
        assert [(each.range.start.line, begin <= each.range.start.character < each.range.end.character <= end) for each in found] == [(3, True)]
        hint = await editor.completed("net.yaml", 4, end + 1)
        assert {"relu", "silu"} <= {each.label for each in hint}
        edit = hint[0].text_edit
        assert edit is not None
        assert (edit.range.start.character, edit.range.end.character) == (end - len("rellu"), end)
    editing(work)


def test_behind_the_last_line_a_key_begins_and_a_colon_stays(editing: Callable[..., None]) -> None:
    async def work(editor: Editor) -> None:
        await editor.open("net.yaml", "extends: resnet18\n")
        items = await editor.completed("net.yaml", 2, 1)
        stages = next(each for each in items if each.label == "stages")
        assert (stages.text_edit.range.start, stages.text_edit.range.end, stages.text_edit.new_text) == (lsp.Position(1, 0), lsp.Position(1, 0), "stages: ")
        editor.change("net.yaml", "extends: resnet18\nstage: {se: 16}\n")
        items = await editor.completed("net.yaml", 2, 3)
        stages = next(each for each in items if each.label == "stages")
        assert (stages.text_edit.range.start, stages.text_edit.range.end, stages.text_edit.new_text) == (lsp.Position(1, 0), lsp.Position(1, 5), "stages")
    editing(work)


def test_below_a_section_that_is_empty_its_keys_are_offered(editing: Callable[..., None]) -> None:
    async def work(editor: Editor) -> None:
        await editor.open("net.yaml", "extends: resnet18\nstages:\n  \n")
        assert {"se", "stage2", "repeats"} <= {each.label for each in await editor.completed("net.yaml", 3, 3)}
    editing(work)


def test_keys_that_are_there_are_not_offered_and_values_that_a_parent_keeps_are(editing: Callable[..., None]) -> None:
    async def work(editor: Editor) -> None:
        await editor.open("parent.yaml", NET.replace("[conv: 3x3 16]", "[conv: 3x3 16, keep: early]"))
        await editor.open("net.yaml", "extends: parent\nstages: {widths: [8, 8], }\nhead: [use: stem, global_avg_pool, dense: 10]\n")
        for line, column, some, none in ((2, 25, "repeats", "widths"), (3, 13, "early", "gone")):
            labels = {each.label for each in await editor.completed("net.yaml", line, column)}
            assert some in labels
            assert none not in labels
    editing(work)


def test_under_the_cursor_a_parent_tells_what_it_is_and_a_name_what_it_stands_for(editing: Callable[..., None]) -> None:
    async def work(editor: Editor) -> None:
        await editor.open("parent.yaml", f"description: never saved\n{NET}")
        blocks = "blocks: {theirs: {parameters: {width: 3}, body: [conv: 3x3 $width]}, mine: {like: theirs}}"
        await editor.open("net.yaml", f"extends: parent\n{blocks}\nstages: {{strides: 1}}\n")
        for line, column, told in ((1, 11, "**parent**: never saved"),
                                   (2, blocks.index("$") + 2, "`$width`: 8 in stage1; 16 in stage2")):
            found = await editor.client.text_document_hover_async(lsp.HoverParams(**editor.at("net.yaml", line, column)))
            assert found is not None
            assert isinstance(found.contents, lsp.MarkupContent)
            assert told in found.contents.value
    editing(work)


def test_uses_and_another_name_go_through_all_files(editing: Callable[..., None], tmp_path: Path) -> None:
    saved = "description: 'a\u2028 \U0001F600'\nextends: parent\nstem: [mine: 16]\n"
    (tmp_path / "saved.yaml").write_text(saved)

    async def work(editor: Editor) -> None:
        await editor.open("parent.yaml", NET)
        await editor.open("child.yaml", "extends: parent\nstages: {block: mine}\n")
        place = editor.at("child.yaml", 2, 18)
        used = await editor.client.text_document_references_async(lsp.ReferenceParams(lsp.ReferenceContext(True), **place))
        lines = sorted((each.uri.rpartition("/")[2], each.range.start.line) for each in used or [])
        assert lines == [("child.yaml", 1), ("parent.yaml", 4), ("parent.yaml", 6), ("saved.yaml", 2)]
        renamed = await editor.client.text_document_rename_async(lsp.RenameParams(new_name="ours", **place))
        assert renamed is not None
        edits = {uri.rpartition("/")[2]: edits for uri, edits in (renamed.changes or {}).items()}
        assert {name: len(each) for name, each in edits.items()} == {"parent.yaml": 2, "child.yaml": 1, "saved.yaml": 1}
        span = edits["saved.yaml"][0].range
        assert (span.start.line, saved.split("\n")[2][span.start.character:span.end.character]) == (2, "mine")
        (tmp_path / "saved.yaml").write_text("extends: parent\nstem: [mine: 16")
        with pytest.raises(JsonRpcException, match=r"saved.yaml, which cannot be read"):
            await editor.client.text_document_rename_async(lsp.RenameParams(new_name="ours", **place))
    editing(work, server=started)


def test_problems_of_blocks_show_in_their_file_once_a_network_that_includes_it_is_open(editing: Callable[..., None]) -> None:
    async def work(editor: Editor) -> None:
        assert await editor.open("shared.yaml", "blocks:\n  mine: {body: [conv: 3x3 8 groups=3]}\n") == []
        assert await editor.open("net.yaml", f"include: shared\n{NET.replace('  mine', '  ours').replace('block: mine', 'block: ours').replace('[conv: 3x3 16]', '[mine]')}")
        (found,) = await editor.problems("shared.yaml", bool)
        assert (found.range.start.line, found.code) == (1, "shape")
        editor.change("shared.yaml", "blocks:\n  mine: {body: [conv: 3x3 8]}\n")
        assert await editor.problems("shared.yaml", lambda found: not found) == []
        assert await editor.problems("net.yaml", lambda found: not found) == []
    editing(work)


@pytest.mark.parametrize("new", ["conv", "basic", "other", "3", "a b"])
def test_no_name_is_given_twice(new: str, editing: Callable[..., None]) -> None:
    async def work(editor: Editor) -> None:
        await editor.open("net.yaml", NET.replace("stem:", "  other: {body: [conv: 3x3 8]}\nstem:"))
        with pytest.raises(JsonRpcException, match=r"is the name of something else|is no name"):
            await editor.client.text_document_rename_async(lsp.RenameParams(new_name=new, **editor.at("net.yaml", 5, 4)))
    editing(work)


def test_a_parent_that_is_closed_is_that_on_the_disk_again(editing: Callable[..., None], tmp_path: Path) -> None:
    (tmp_path / "parent.yaml").write_text(NET)

    async def work(editor: Editor) -> None:
        assert await editor.open("child.yaml", "extends: parent\n") == []
        await editor.open("parent.yaml", NET.replace("conv: 3x3 16", "conv: 3x3 16 act=relv"))
        assert await editor.problems("child.yaml", bool)
        editor.client.text_document_did_close(lsp.DidCloseTextDocumentParams(lsp.TextDocumentIdentifier(editor.uri("parent.yaml"))))
        assert await editor.problems("child.yaml", lambda found: not found) == []
    editing(work)


def test_a_parent_that_was_never_saved_counts(editing: Callable[..., None]) -> None:
    async def work(editor: Editor) -> None:
        await editor.open("parent.yaml", NET)
        assert await editor.open("child.yaml", "extends: parent\nclasses: 7\n") == []
    editing(work)


def test_of_what_is_not_open_or_no_file_nothing_is_said(editing: Callable[..., None]) -> None:
    async def work(editor: Editor) -> None:
        assert await editor.client.text_document_hover_async(lsp.HoverParams(**editor.at("none.yaml", 1, 1))) is None
        for uri in ("file:///tmp/nul%00x.yaml", "untitled:Untitled 1.yaml"):
            editor.client.text_document_did_open(lsp.DidOpenTextDocumentParams(lsp.TextDocumentItem(uri, "yaml", 1, NET)))
        assert await editor.open("net.yaml", NET) == []
    editing(work)


def test_an_edit_of_a_parent_shows_in_its_child(editing: Callable[..., None], tmp_path: Path) -> None:
    (tmp_path / "parent.yaml").write_text(NET)

    async def work(editor: Editor) -> None:
        assert await editor.open("child.yaml", "extends: parent\nstages: {widths: [8, 8]}\n") == []
        assert await editor.open("parent.yaml", NET) == []
        editor.change("parent.yaml", NET.replace("conv: 3x3 16", "conv: 3x3 16 act=relv"))
        (found,) = await editor.problems("child.yaml", bool)
        assert "parent.yaml:6:" in found.message
        assert found.range.start.line == 0
        (place,) = found.related_information or []
        assert place.location.uri == editor.uri("parent.yaml")
        editor.change("parent.yaml", NET)
        assert await editor.problems("child.yaml", lambda found: not found) == []
    editing(work)


def test_a_guess_is_one_action(editing: Callable[..., None]) -> None:
    async def work(editor: Editor) -> None:
        (found,) = await editor.open("net.yaml", NET.replace("conv: 3x3 16", "conv: 3x3 16 act=rellu"))
        actions = await editor.client.text_document_code_action_async(lsp.CodeActionParams(
            lsp.TextDocumentIdentifier(editor.uri("net.yaml")), found.range, lsp.CodeActionContext([found])))
        (action,) = actions or []
        assert isinstance(action, lsp.CodeAction)
        assert action.title == "write 'relu'"
        assert action.edit is not None
        (edit,) = (action.edit.changes or {})[editor.uri("net.yaml")]
        assert edit.new_text == "relu"
    editing(work)


def test_completion_meaning_places_and_shapes(editing: Callable[..., None]) -> None:
    async def work(editor: Editor) -> None:
        client = editor.client
        assert await editor.open("net.yaml", NET) == []
        assert {"mine", "basic"} <= {each.label for each in await editor.completed("net.yaml", 7, 17)}
        hover = await client.text_document_hover_async(lsp.HoverParams(**editor.at("net.yaml", 6, 9)))
        assert hover is not None
        assert isinstance(hover.contents, lsp.MarkupContent)
        assert "32x32x3 → 32x32x16" in hover.contents.value
        place = await client.text_document_definition_async(lsp.DefinitionParams(**editor.at("net.yaml", 7, 18)))
        assert isinstance(place, lsp.Location)
        assert (place.range.start.line, place.range.start.character) == (4, 2)
        used = await client.text_document_references_async(lsp.ReferenceParams(lsp.ReferenceContext(True), **editor.at("net.yaml", 7, 18)))
        assert [each.range.start.line for each in used or []] == [4, 6]
        renamed = await client.text_document_rename_async(lsp.RenameParams(new_name="ours", **editor.at("net.yaml", 7, 18)))
        assert renamed is not None
        assert len((renamed.changes or {})[editor.uri("net.yaml")]) == 2
        whole = lsp.Range(lsp.Position(0, 0), lsp.Position(9, 0))
        hints = await client.text_document_inlay_hint_async(lsp.InlayHintParams(lsp.TextDocumentIdentifier(editor.uri("net.yaml")), whole))
        assert [(each.position.line, each.label) for each in hints or []] == [
            (5, "32x32x16"), (6, "32x32x8 16x16x16"), (7, "16 10")]
        editor.change("net.yaml", "# a line more\n" + NET.replace("block: mine", "block: mime"))
        assert await editor.problems("net.yaml")
        hints = await client.text_document_inlay_hint_async(lsp.InlayHintParams(lsp.TextDocumentIdentifier(editor.uri("net.yaml")), whole))
        assert [(each.position.line, each.label) for each in hints or []] == [(6, "32x32x16"), (8, "16 10")]
    editing(work)


@pytest.mark.parametrize(("formats", "kind", "told"), [
    (None, "markdown", "**classes**: "), (["markdown", "plaintext"], "markdown", "**classes**: "), (["plaintext"], "plaintext", "classes: ")])
def test_an_editor_that_shows_no_markdown_gets_none(
        editing: Callable[..., None], formats: list[str] | None, kind: str, told: str) -> None:
    """So Emacs without a mode for it."""
    able = lsp.ClientCapabilities(text_document=lsp.TextDocumentClientCapabilities(
        hover=lsp.HoverClientCapabilities(content_format=formats and [lsp.MarkupKind(each) for each in formats])))

    async def work(editor: Editor) -> None:
        await editor.open("net.yaml", NET)
        hover = await editor.client.text_document_hover_async(lsp.HoverParams(**editor.at("net.yaml", 3, 2)))
        assert hover is not None
        assert isinstance(hover.contents, lsp.MarkupContent)
        assert hover.contents.kind == kind
        assert hover.contents.value.startswith(told)
        origin = "net.yaml:3:1: 10"
        assert hover.contents.value.split("\n\n")[1] == (f"`{origin}`" if kind == "markdown" else origin)
    editing(work, able)


def test_what_a_block_takes_is_offered_first(editing: Callable[..., None]) -> None:
    """Editors sort by the alphabet what says nothing of its place."""
    async def work(editor: Editor) -> None:
        await editor.open("net.yaml", NET.replace("stride: 1}", "stride: 1, zoom: 2}").replace("strides: [1, 2]}", "strides: [1, 2], }"))
        column = NET.splitlines()[6].index("}") + 3
        found = (await editor.client.text_document_completion_async(lsp.CompletionParams(**editor.at("net.yaml", 7, column)))).items
        shown = [each.label for each in sorted(found, key=lambda each: each.sort_text or each.label)]
        assert shown[0] == "zoom"
        assert {"after", "before"} <= set(shown)
    editing(work)


def test_what_is_no_spec_has_no_problems(editing: Callable[..., None]) -> None:
    async def work(editor: Editor) -> None:
        assert await editor.open("compose.yaml", "services:\n  web: {image: nginx}\n") == []
        (found,) = await editor.open("half.yaml", "extends: resnet18\nstages: {block: [")
        assert found.code == "yaml-syntax"
    editing(work)


def test_any_text_has_an_answer_and_the_next_one_too(editing: Callable[..., None]) -> None:
    async def work(editor: Editor) -> None:
        await editor.open("net.yaml", NET)
        for text in ("stem: " + "[" * 5000, "stem: " + "{a: " * 900, "a: &a [1]\nstem: *a\n" * 50, "stem: \x00", "stem: 'open", "stages:\n\t- b", "",
                     "head: [" + "conv: 3x3 8, " * 40_000, "extends: net.yaml\n", "\ufeffextends: resnet18\n", "extends: /dev/zero\n"):
            editor.change("net.yaml", text)
            await editor.problems("net.yaml")
            line = text.count("\n") + 1
            at = editor.at("net.yaml", line, len(text.rpartition("\n")[2].encode("utf-16-le")) // 2 + 1)
            assert await editor.client.text_document_completion_async(lsp.CompletionParams(**at)) is not None
            await editor.client.text_document_hover_async(lsp.HoverParams(**at))
            await editor.client.text_document_definition_async(lsp.DefinitionParams(**at))
        editor.change("net.yaml", NET)
        assert await editor.problems("net.yaml") == []
    editing(work)


def test_a_text_that_was_never_saved(editing: Callable[..., None]) -> None:
    async def work(editor: Editor) -> None:
        (found,) = await editor.open("new.yaml", "extends: resnet18\nclases: 3\n")
        assert "did you mean 'classes'?" in found.message
        assert not (editor.folder / "new.yaml").exists()
    editing(work)


@pytest.mark.parametrize("closed", ["<&- >answers", ">&- </dev/null"])
def test_without_an_end_to_speak_to_it_says_so(closed: str, tmp_path: Path) -> None:
    command = f"{shlex.quote(sys.executable)} -m archspec lsp {closed}"
    ended = subprocess.run(["sh", "-c", command], cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr.partition("\n")[0]) == (
        2, "archspec lsp: standard input or output is closed, and an editor speaks over both")
