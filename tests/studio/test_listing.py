"""The specs of the folder, as the studio lists them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from archspec.studio import listing
from archspec.studio.documents import Folder
from archspec.studio.listing import specs_in


def test_specs_of_the_folder_are_listed_and_nothing_else(tmp_path: Path) -> None:
    root = tmp_path / "work"
    for name, text in (("net.yaml", "extends: resnet50\n"), ("sub/deep.yml", "# a net\n\nstem: []\nstages: {}\n"), ("other.yaml", "services: 1\n"),
                       ("other2.yaml", "input: 1\nservices: 1\nversion: 3\n"), ("child.yaml", "\ufeffextends: net # it\nfoo: 1\nbar: 1\n"), ("none.yaml", "extends: gone\nfoo: 1\n"),
                       (".hidden/net.yaml", "stem: []\n"), ("runs/first/spec.yaml", "stem: []\n"), ("net.txt", "stem: []\n"),
                       ("a/b/c/d/e/net.yaml", "stem: []\n")):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (tmp_path / "outside.yaml").write_text("stem: []\n")
    (root / "link.yaml").symlink_to(tmp_path / "outside.yaml")
    (root / "loop").symlink_to(root)
    os.mkfifo(root / "pipe.yaml")
    Path(os.fsdecode(os.fsencode(root) + b"/\xff.yaml")).write_text("stem: []\n")
    assert specs_in(Folder(root)) == {"files": ["child.yaml", "net.yaml", "sub/deep.yml"], "more": False}


def test_of_many_files_some_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(9):
        (tmp_path / f"net{number}.yaml").write_text("stem: []\n")
    monkeypatch.setattr(listing, "MOST", 3)
    assert specs_in(Folder(tmp_path)) == {"files": ["net0.yaml", "net1.yaml", "net2.yaml"], "more": True}
    monkeypatch.setattr(listing, "MOST_LOOKED_AT", 2)
    assert specs_in(Folder(tmp_path))["more"]
