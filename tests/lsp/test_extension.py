"""The extension of VS Code: which archspec it starts, tried in node with a stand-in for the editor."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXTENSION = ROOT / "docs/editors/vscode"
NODE = shutil.which("node")
VSCODE = """\
const told = JSON.parse(process.env.TOLD);
const happened = [];
exports.happened = happened;
exports.told = told;
exports.workspace = {
  workspaceFolders: told.folder ? [{ uri: { fsPath: told.folder } }] : undefined,
  getConfiguration: () => ({ get: () => told.setting }),
  onDidChangeConfiguration: (changed) => { exports.changed = changed; },
};
exports.window = { showErrorMessage: async (text, button) => { happened.push(["message", text]); return button; } };
exports.commands = { executeCommand: async (...words) => happened.push(words) };
"""
CLIENT = """\
const { happened } = require("vscode");
exports.LanguageClient = class {
  constructor(id, server, options) { Object.assign(this, { server, options }); }
  async start() {
    const schemes = this.options.documentSelector.map(({ scheme }) => scheme);
    happened.push(["start", this.server.command, this.server.args, this.server.options.cwd ?? null, schemes]);
  }
  async stop() { happened.push(["stop"]); }
};
"""
RUN = """\
const vscode = require("vscode");
const extension = require(process.argv[1]);
(async () => {
  await extension.activate({ subscriptions: [] });
  if (vscode.told.later) {
    vscode.told.setting = vscode.told.later;
    await vscode.changed({ affectsConfiguration: (name) => name === "archspec.command" });
  }
  setImmediate(() => console.log(JSON.stringify(vscode.happened)));
})();
"""
Happened = list[list[Any]]


@pytest.fixture
def activated(tmp_path: Path) -> Callable[..., Happened]:
    """What happens in the editor when the extension is activated, with a setting and a later one."""
    if NODE is None:
        pytest.skip("node is not installed")
    modules = tmp_path / "modules"
    (modules / "vscode-languageclient").mkdir(parents=True)
    (modules / "vscode.js").write_text(VSCODE, encoding="utf-8")
    (modules / "vscode-languageclient/node.js").write_text(CLIENT, encoding="utf-8")

    def run(folder: Path | None, setting: list[str], path: Path = tmp_path, later: list[str] | None = None) -> Happened:
        told = {"folder": folder and str(folder), "setting": setting, "later": later}
        done = subprocess.run(
            [NODE, "-e", RUN, str(EXTENSION / "extension.js")], capture_output=True, check=True, text=True, timeout=60,
            env={"NODE_PATH": str(modules), "PATH": str(path), "TOLD": json.dumps(told)})
        happened: Happened = json.loads(done.stdout)
        return happened
    return run


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(0o755)
    return path


def test_the_folders_own_archspec_comes_before_that_on_the_path(tmp_path: Path, activated: Callable[..., Happened]) -> None:
    program(tmp_path / "bin/archspec")
    path, schemes = tmp_path / "bin", ["file", "untitled"]
    (tmp_path / "nets").mkdir()
    assert activated(tmp_path / "nets", [], path) == [["start", "archspec", ["lsp"], str(tmp_path / "nets"), schemes]]
    assert activated(None, [], path) == [["start", "archspec", ["lsp"], None, schemes]]
    own = program(tmp_path / "nets/.venv/bin/archspec")
    assert activated(tmp_path / "nets", [], path) == [["start", str(own), ["lsp"], str(tmp_path / "nets"), schemes]]


def test_the_setting_comes_before_both_and_may_begin_at_the_folder(tmp_path: Path, activated: Callable[..., Happened]) -> None:
    program(tmp_path / ".venv/bin/archspec")
    program(tmp_path / "env/bin/archspec")
    (started,) = activated(tmp_path, ["env/bin/archspec", "lsp"])
    assert started[:3] == ["start", "env/bin/archspec", ["lsp"]]


def test_where_there_is_none_the_setting_is_named_and_a_new_one_starts_it(tmp_path: Path, activated: Callable[..., Happened]) -> None:
    own = str(program(tmp_path / "env/bin/archspec"))
    message, opened, started = activated(tmp_path, [], later=[own, "lsp"])
    assert message[0] == "message"
    assert "archspec.command" in message[1]
    assert opened == ["workbench.action.openSettings", "archspec.command"]
    assert started[:2] == ["start", own]
    again = activated(tmp_path, [own, "lsp"], later=[own, "lsp", "--stdio"])
    assert [each[0] for each in again] == ["start", "stop", "start"]
    assert again[2][2] == ["lsp", "--stdio"]


def test_in_a_folder_that_is_not_trusted_nothing_is_started() -> None:
    """By the editor itself: else a stranger's .venv, or settings, would say what is run."""
    declared = json.loads((EXTENSION / "package.json").read_text(encoding="utf-8"))
    assert declared["capabilities"]["untrustedWorkspaces"]["supported"] is False


def test_the_setting_is_declared_as_it_is_read() -> None:
    declared = json.loads((EXTENSION / "package.json").read_text(encoding="utf-8"))["contributes"]["configuration"]["properties"]
    assert {name: each["default"] for name, each in declared.items()} == {"archspec.command": []}
