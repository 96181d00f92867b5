"""A small model's folder that keeps to every rule, to be broken."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from small_saved import LABELS, Small, saved
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

Edit = Callable[[Callable[[Any], None]], Path]


@pytest.fixture(scope="session")
def _whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    module = Small()
    version = tmp_path_factory.mktemp("serving") / "small/3"
    saved(module, {"serving_default": module.default, "image_bytes": module.image_bytes, "classify": module.classify}, version)
    (version / "assets.extra").mkdir()
    (version / "assets.extra/labels.txt").write_text("".join(f"{name}\n" for name in LABELS))
    base = version.parent
    (base / "batching.config").write_text("max_batch_size { value: 8 }\nallowed_batch_sizes: 1\nallowed_batch_sizes: 8  # sizes\n")
    (base / "model.config").write_text('model_config_list { config { name: "small" base_path: "/models/small" model_platform: "tensorflow" } }')
    return base


@pytest.fixture
def base(_whole: Path, tmp_path: Path) -> Path:
    """The folder of the model, with version 3; may be changed."""
    return Path(shutil.copytree(_whole, tmp_path / "small"))


@pytest.fixture
def version(base: Path) -> Path:
    return base / "3"


@pytest.fixture
def edited(version: Path) -> Edit:
    """Changes the version's meta graph."""
    def edit(change: Callable[[Any], None]) -> Path:
        saved_model = SavedModel.FromString((version / "saved_model.pb").read_bytes())
        change(saved_model.meta_graphs[0])
        (version / "saved_model.pb").write_bytes(saved_model.SerializeToString())
        return version
    return edit
