"""How the server answers: in threads, which end when nobody waits for them any more."""

from __future__ import annotations

import asyncio
from pathlib import Path
from threading import Event

import pytest
from lsprotocol.types import TextDocumentItem
from pygls.workspace import Workspace

from archspec.errors import Problem
from archspec.io.stopping import Stopped, go_on
from archspec.lsp.server import Opened, Server, path_of
from archspec.schema.tree import MappingTree
from archspec.spec.source import read


def test_what_nobody_waits_for_any_more_ends() -> None:
    begun, ended = Event(), Event()

    def endless() -> None:
        begun.set()
        try:
            while True:
                go_on()
        except Stopped:
            ended.set()
            raise

    async def work() -> None:
        server = Server()
        for executor in (None, server.checker):
            begun.clear()
            ended.clear()
            asked = asyncio.create_task(server.ask(endless, executor=executor))
            await asyncio.to_thread(begun.wait)
            asked.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asked
            assert await asyncio.to_thread(ended.wait, 30)
            assert await server.ask(len, "abc", executor=executor) == 3
    asyncio.run(work())


def test_a_text_that_is_no_spec_is_read_once_for_all_that_is_asked_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large one takes a second to read."""
    reads: list[Path] = []

    def counted(path: Path, problems: list[Problem]) -> MappingTree:
        reads.append(path)
        return read(path, problems)
    monkeypatch.setattr("archspec.lsp.server.read", counted)

    async def work() -> None:
        server, path = Server(), tmp_path / "compose.yaml"
        server.protocol._workspace = Workspace(None)
        server.opened[path.as_uri()] = Opened(path)
        for text, told in (("services: {web: {image: nginx}}\n", True), ("services: [", False)):
            server.workspace.put_text_document(TextDocumentItem(path.as_uri(), "yaml", 1, text))
            assert [await server.tree(path.as_uri()) is not None for _ in range(3)] == [told] * 3
    asyncio.run(work())
    assert len(reads) == 2


def test_a_text_without_a_file_is_told_by_the_editors_name_for_it() -> None:
    assert path_of("untitled:Untitled-3") == Path.cwd() / "untitled_Untitled_3.yaml"
    assert path_of("git:/nets/net.yaml?ref=HEAD").name == "untitled_git_nets_net_yaml_ref_HEAD.yaml"
