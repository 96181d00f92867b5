"""The server as a browser meets it: a process, HTTP, and who may ask."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from archspec.cli import run

NET = "archspec: 1\nextends: resnet18\ndescription: mine\n"
JSON = {"Content-Type": "application/json"}


class Studio:
    """A server in a folder of its own."""

    def __init__(self, folder: Path, *arguments: str, state: Path) -> None:
        self.folder, self.state = folder, state
        environment = {**os.environ, "XDG_STATE_HOME": str(state)}
        self.process = subprocess.Popen([sys.executable, "-m", "archspec", "studio", *arguments, "--no-browser"], cwd=folder, env=environment,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.line = self.process.stdout.readline()
        if not self.line:
            pytest.fail(f"no address: {self.process.communicate(timeout=120)[1]}")
        at = urlsplit(self.line.split()[-1])
        assert at.hostname and at.port
        self.host, self.port, self.root = at.hostname, at.port, at.path

    def ask(self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None, *, whole: bool = False) -> tuple[HTTPResponse, bytes]:
        connection = HTTPConnection(self.host, self.port, timeout=120)
        connection.request(method, path if whole else self.root + path, body, headers or {})
        response = connection.getresponse()
        found = response.read()
        connection.close()
        assert b"Traceback" not in found
        return response, found

    def post(self, asked: str, status: int = 200, **body: Any) -> Any:
        response, found = self.ask("POST", f"api/{asked}", json.dumps(body).encode(), JSON)
        assert response.status == status, found
        return json.loads(found)

    @contextmanager
    def listening(self, query: str) -> Iterator[Iterator[tuple[str, Any]]]:
        """The events of a tab."""
        connection = HTTPConnection(self.host, self.port, timeout=120)
        connection.request("GET", f"{self.root}events?{query}")
        response = connection.getresponse()
        assert response.getheader("content-type", "").startswith("text/event-stream")

        def events() -> Iterator[tuple[str, Any]]:
            name = ""
            for line in iter(response.readline, b""):
                key, _, value = line.decode().strip().partition(": ")
                if key == "event":
                    name = value
                elif key == "data":
                    yield name, json.loads(value)
        try:
            yield events()
        finally:
            response.close()
            connection.close()

    def end(self, with_signal: signal.Signals = signal.SIGINT) -> tuple[int, str]:
        """Exit code, and what it said on standard error."""
        self.process.send_signal(with_signal)
        told = self.process.communicate(timeout=120)[1]
        return self.process.returncode, told


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    folder = tmp_path_factory.mktemp("folder")
    (folder / "net.yaml").write_text(NET)
    found = Studio(folder, "net.yaml", state=tmp_path_factory.mktemp("state"))
    yield found
    assert found.end() == (0, "")


# -- who may ask ---------------------------------------------------------------------------------------------------------

def test_the_address_is_one_line_and_of_this_machine(studio: Studio) -> None:
    assert studio.line == f"archspec studio: http://127.0.0.1:{studio.port}{studio.root}\n"
    assert len(studio.root) == 24
    listening = [socket.inet_ntoa(bytes.fromhex(row.split()[1].split(":")[0])[::-1]) for row in Path("/proc/net/tcp").read_text().splitlines()[1:]
                 if row.split()[3] == "0A" and int(row.split()[1].split(":")[1], 16) == studio.port]
    assert listening == ["127.0.0.1"]


def test_all_answers_have_the_headers(studio: Studio) -> None:
    for method, path, whole in (("GET", "", False), ("GET", "config", False), ("GET", "none.js", False), ("POST", "api/check", False), ("GET", "/", True)):
        response, _ = studio.ask(method, path, whole=whole)
        policy = response.getheader("content-security-policy", "")
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self' 'nonce-")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert [response.getheader(name) for name in ("x-content-type-options", "referrer-policy", "cross-origin-opener-policy",
                                                      "cross-origin-resource-policy", "cache-control", "server")] == [
            "nosniff", "no-referrer", "same-origin", "same-origin", "no-store", None]
        assert response.getheader("access-control-allow-origin") is None
    assert len({studio.ask("GET", "config")[0].getheader("content-security-policy") for _ in range(3)}) == 3


@pytest.mark.parametrize("path", ["/", "/api/check", "/x/config", "/config", "/../config", "//config", "/%00/config", "/%C3%A4/config", "/%ff/config"])
def test_without_the_token_there_is_nothing(path: str, studio: Studio) -> None:
    response, found = studio.ask("GET", path, whole=True)
    assert (response.status, found) == (404, b"")
    response, found = studio.ask("GET", studio.root.rstrip("/"), whole=True)
    assert (response.status, found) == (404, b"")


@pytest.mark.parametrize(("headers", "status"), [
    ({"Host": "localhost:{port}"}, 200), ({"Host": "evil.example:{port}"}, 421), ({"Host": "127.0.0.1"}, 421), ({"Host": "localhost"}, 421),
    ({"Host": "127.0.0.1:1"}, 421), ({"Host": "127.0.0.1:{port}.evil.example"}, 421), ({"Origin": "http://localhost:{port}"}, 200),
    ({"Origin": "http://127.0.0.1:{port}"}, 200), ({"Origin": "https://127.0.0.1:{port}"}, 403), ({"Origin": "http://evil.example"}, 403),
    ({"Origin": "null"}, 403), ({"Origin": "http://127.0.0.1:1"}, 403), ({"Sec-Fetch-Site": "cross-site"}, 403), ({"Sec-Fetch-Site": "same-site"}, 403),
    ({"Sec-Fetch-Site": "same-origin"}, 200), ({"Sec-Fetch-Site": "none"}, 200)], ids=str)
def test_other_hosts_and_origins_are_refused(headers: dict[str, str], status: int, studio: Studio) -> None:
    sent = {name: value.format(port=studio.port) for name, value in headers.items()}
    assert studio.ask("GET", "config", headers=sent)[0].status == status
    assert studio.ask("POST", "api/open", b"{}", {**JSON, **sent})[0].status == status


@pytest.mark.parametrize(("body", "kind", "status"), [
    (b"{}", "text/plain", 415), (b"{}", "", 415), (b"{}", "application/x-www-form-urlencoded", 415), (b"{}", "application/json; charset=utf-8", 200),
    (b"", "application/json", 400), (b"[]", "application/json", 400), (b"[" * 100_000, "application/json", 400), (b"\xff", "application/json", 400),
    (b'{"file": 3}', "application/json", 400), (b'{"file": "' + b"a" * 2_000_000 + b'"}', "application/json", 413), (b'{"file": "../x.yaml"}', "application/json", 422),
    (b'{"file": "none.yaml"}', "application/json", 404), (b'{"file": "\\ud800.yaml"}', "application/json", 422), (b'{"file": null}', "application/json", 200)])
def test_a_request_is_json_and_bounded(body: bytes, kind: str, status: int, studio: Studio) -> None:
    response, found = studio.ask("POST", "api/open", body, {"Content-Type": kind} if kind else {})
    assert response.status == status, found
    if status in (400, 404, 413, 422):
        assert json.loads(found).keys() == {"error", "hint"}


def test_what_is_not_there_is_404_and_methods_are_what_they_are(studio: Studio) -> None:
    assert studio.ask("POST", "api/none", b"{}", JSON)[0].status == 404
    assert studio.ask("GET", "api/check")[0].status == 405
    assert studio.ask("POST", "config", b"{}", JSON)[0].status == 405
    for path in ("../server.py", "..%2fserver.py", "%2e%2e/guard.py", "index.html", "none.js", "runs/a/image/confusion.png", "runs/..%2f..%2fetc/image/passwd"):
        assert studio.ask("GET", path)[0].status == 404


def test_a_missing_or_odd_field_is_told(studio: Studio) -> None:
    for body, said in (({}, "text is missing"), ({"text": 3}, "text is a text"), ({"text": "", "view": 3}, "view is an object"),
                       ({"text": "", "batch": True}, "batch is a whole number"), ({"text": "", "version": 1 << 60}, "version is a whole number")):
        assert studio.post("check", 400, **body)["error"] == f"check: {said}"


# -- working -------------------------------------------------------------------------------------------------------------

def test_open_check_and_ask(studio: Studio) -> None:
    config = json.loads(studio.ask("GET", "config")[1])
    assert (config["file"], config["folder"]) == ("net.yaml", str(studio.folder))
    opened = studio.post("open", file="net.yaml")
    assert (opened["text"], opened["saved"], opened["read_only"], opened["draft"]) == (NET, NET, False, None)
    found = studio.post("check", tab="a", path="net.yaml", text=opened["text"], version=7, view={"kind": "network"})
    assert (found["version"], found["problems"], found["picture"]["kind"]) == (7, [], "network")
    assert studio.post("at", tab="a", path="net.yaml", text=NET, line=2, column=12)["card"]["definition"]["file"] == "shipped:resnet18.yaml"
    assert studio.post("complete", tab="a", path="net.yaml", text=NET + "st", line=4, column=3)["options"]
    assert studio.post("view-file", file="shipped:resnet18.yaml")["read_only"]
    assert studio.post("zoo", query="resnet18")["specs"]
    assert studio.post("runs")["runs"] == []
    assert studio.post("export", path="net.yaml", text=NET, view={}, format="command")["text"] == "archspec draw net.yaml\n"
    assert studio.post("stop", tab="a") == {}
    for name in ("zoo", "export"):
        studio.post(name, 422, **({"query": "price < 3"} if name == "zoo" else {"path": "net.yaml", "text": "a: [", "format": "svg"}))
    assert studio.post("check", 422, path="../x.yaml", text="")["error"].startswith("'../x.yaml' lies outside")


def test_saving_and_a_conflict(studio: Studio) -> None:
    path = studio.folder / "saved.yaml"
    first = studio.post("save", path="saved.yaml", text=NET)
    path.write_text(NET.replace("mine", "theirs"))
    found = studio.post("save", path="saved.yaml", text=NET.replace("mine", "ours"), digest=first["digest"])
    assert (found["conflict"], found["disk"]) == (True, NET.replace("mine", "theirs"))
    assert {"-description: theirs", "+description: ours"} <= {*found["difference"]}
    again = studio.post("save", path="saved.yaml", text=NET.replace("mine", "ours"), digest=found["digest"])
    assert path.read_text() == NET.replace("mine", "ours")
    path.unlink()
    gone = studio.post("save", path="saved.yaml", text=NET, digest=again["digest"])
    assert (gone["disk"], gone["digest"]) == (None, None)
    assert studio.post("save", 422, path="a<b.yaml", text=NET)["hint"]
    assert studio.post("save", 422, path="half.yaml", text="a: \ud800")["error"].startswith("line 1: half of a sign")


def test_tabs_are_told_of_one_another_and_of_the_disk(studio: Studio) -> None:
    path = studio.folder / "watched.yaml"
    path.write_text(NET)
    digest = studio.post("open", file="watched.yaml")["digest"]
    as_opened = {"digest": digest, "gone": False}
    with studio.listening("tab=a&path=watched.yaml&name=") as first:
        assert [next(first) for _ in range(3)] == [("tabs", {"tab": "a", "others": 0}), ("disk", {"tab": "a", **as_opened}), ("alive", {})]
        with studio.listening("tab=b&path=watched.yaml&name=&tab=c&path=&name=new&tab=d&path=watched.yaml&name=") as second:  # three of one browser
            assert [next(second) for _ in range(5)] == [("tabs", {"tab": "b", "others": 2}), ("disk", {"tab": "b", **as_opened}),
                                                        ("tabs", {"tab": "c", "others": 0}),
                                                        ("tabs", {"tab": "d", "others": 2}), ("disk", {"tab": "d", **as_opened})]
            assert next(event for event in first if event[0] != "alive") == ("tabs", {"tab": "a", "others": 2})
            studio.post("leave", tab="d")
            assert next(event for event in first if event[0] != "alive") == ("tabs", {"tab": "a", "others": 1})
        assert next(event for event in first if event[0] != "alive") == ("tabs", {"tab": "a", "others": 0})
        path.write_text(NET + "# more\n")
        name, data = next(event for event in first if event[0] != "alive")
        assert (name, data["tab"], data["gone"], data["digest"] != digest, len(data["digest"])) == ("disk", "a", False, True, 64)
        path.unlink()
        assert next(event for event in first if event[0] != "alive") == ("disk", {"tab": "a", "digest": None, "gone": True})
        (studio.folder / "runs" / "new").mkdir(parents=True)
        (studio.folder / "runs" / "new" / "manifest.json").write_text("{}")
        assert next(event for event in first if event[0] != "alive") == ("runs", {})
    found = studio.post("runs")["runs"]
    assert [(each["name"], "cannot be read" in each["refused"]) for each in found] == [("new", True)]
    (studio.folder / "runs" / "new" / "confusion.png").write_bytes(b"\x89PNG\r\n\x1a\nrest")
    response, image = studio.ask("GET", "runs/new/image/confusion.png")
    assert (response.getheader("content-type"), image[:4]) == ("image/png", b"\x89PNG")
    (studio.folder / "runs" / "new" / "confusion.png").write_bytes(b"<svg/>")
    assert studio.ask("GET", "runs/new/image/confusion.png")[0].status == 404


def test_a_file_that_is_no_text_is_told_of_where_it_becomes_another(studio: Studio) -> None:
    path = studio.folder / "bytes.yaml"
    path.write_bytes(b"\xff")
    with studio.listening("tab=a&path=bytes.yaml&name=") as stream:
        assert [next(stream)[0] for _ in range(2)] == ["tabs", "alive"]
        path.write_text(NET)
        assert next(event for event in stream if event[0] != "alive")[1]["gone"] is False
        path.write_bytes(b"\xff")
        assert next(event for event in stream if event[0] != "alive") == ("disk", {"tab": "a", "digest": "", "gone": False})


def test_a_budget_is_kept_for_the_user_wherever_the_studio_is(studio: Studio) -> None:
    assert studio.post("budget") == {"budget": {}}
    assert studio.post("budget", budget={"trainable": 25e6, "macs": True, "activations": "many", "other": 1}) == {"budget": {"trainable": 25e6}}
    file = studio.state / "archspec" / "studio" / "budget.json"
    assert json.loads(file.read_text()) == {"trainable": 25e6}
    for nothing in ("", "[]", '{"trainable": NaN}'):
        file.write_text(nothing)
        assert studio.post("budget") == {"budget": {}}
    file.unlink()
    file.mkdir()
    assert "the budget is not kept" in studio.post("budget", 422, budget={"macs": 1})["error"]
    file.rmdir()


# -- beginning and ending ------------------------------------------------------------------------------------------------

def test_an_unsaved_text_survives_a_killed_server(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    first = Studio(tmp_path / "folder", state=tmp_path / "state")
    variant = first.post("open", zoo="resnet18")
    first.post("check", tab="a", name=variant["name"], text=variant["text"] + "classes: 7\n")
    kept = tmp_path / "state" / "archspec" / "studio"
    while not (kept.is_dir() and [*kept.glob("*.json")]):  # the first text is written at once, beside its check
        time.sleep(0.01)
    assert first.end(signal.SIGKILL)[0] == -signal.SIGKILL
    second = Studio(tmp_path / "folder", state=tmp_path / "state")
    (draft,) = second.post("open")["drafts"]
    assert (draft["path"], draft["name"]) == (None, variant["name"])
    assert second.post("open", name=draft["name"])["text"].endswith("classes: 7\n")
    assert second.post("draft/drop", name=draft["name"]) == {}
    second.post("check", tab="a", name="other", text="classes: 9\n")
    assert second.end(signal.SIGTERM) == (0, "")  # what waits is written
    third = Studio(tmp_path / "folder", state=tmp_path / "state")
    assert [each["name"] for each in third.post("open")["drafts"]] == ["other"]
    with third.listening("tab=a&path=x.yaml&name=") as events:
        next(events)
        assert third.end() == (0, "")


@pytest.mark.parametrize(("arguments", "said"), [
    (["folder"], "is a folder"), (["none/net.yaml"], "there is no folder"), (["bytes.yaml"], "bytes.yaml:1: the file is not UTF-8 text"), (["pipe.yaml"], "cannot be read"),
    (["http://x/net.yaml"], "an address"), (["resnet50"], "resnet50 ships"), (["net"], "archspec studio net.yaml"), (["--port", "1"], "port 1 of 127.0.0.1 cannot be had") if os.getuid() else (["--port", "99999"], "99999")])
def test_what_cannot_be_opened_is_a_message(arguments: list[str], said: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "bytes.yaml").write_bytes(b"\xff")
    os.mkfifo(tmp_path / "pipe.yaml")
    done = subprocess.run([sys.executable, "-m", "archspec", "studio", "--no-browser", *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_what_it_needs_is_told_where_it_is_missing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("archspec.io.packages.find_spec", lambda name: None)
    assert run(["studio"]) == 2
    assert capsys.readouterr().err == ("archspec studio needs starlette and uvicorn, which are not installed\n"
                                       "  hint: pip install 'archspec-keras[studio]'\n")
