"""What lies beside the versions of a model: right for a server, and never in place of what its user wrote."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from artifacts import artifact

from archspec.export import configs, server_config
from archspec.export.exportable import Exportable
from archspec.export.guide import guide
from archspec.export.versions import versions

MADE = Exportable(artifact(), batches=(8, 1, 32))


def test_what_is_written(tmp_path: Path) -> None:
    base = tmp_path / "small"
    assert configs.write(base, base, MADE, 3) == ()
    assert versions(base) == {}
    texts = {path.name: path.read_text() for path in base.iterdir()}
    assert sorted(texts) == ["README.md", "batching.config", "model.config", "monitoring.config"]
    assert [line for line in texts["model.config"].splitlines() if "#" not in line] == [
        "model_config_list {", "  config {", '    name: "small"', '    base_path: "/models/small"', '    model_platform: "tensorflow"',
        "    model_version_policy { latest { num_versions: 1 } }", "  }", "}"]
    assert [line for line in texts["batching.config"].splitlines() if "#" not in line] == [
        "max_batch_size { value: 32 }", "batch_timeout_micros { value: 1000 }", "max_enqueued_batches { value: 1000 }",
        "allowed_batch_sizes: 1", "allowed_batch_sizes: 8", "allowed_batch_sizes: 32"]
    assert texts["monitoring.config"].splitlines()[1:] == ['prometheus_config { enable: true path: "/monitoring/prometheus/metrics" }']


def test_what_a_user_changed_stays(tmp_path: Path) -> None:
    base = tmp_path / "small"
    configs.write(base, base, MADE, 3)
    changed = (base / "model.config").read_text().replace("latest { num_versions: 1 }", "specific { versions: 2 versions: 3 }")
    (base / "model.config").write_text(changed)
    (base / "batching.config").write_bytes(b"\xff")
    assert configs.write(base, base, MADE, 4) == (base / "model.config", base / "batching.config")
    assert (base / "model.config").read_text() == changed
    assert "Version 4: small, fingerprint" in (base / "README.md").read_text()


def shell(text: str) -> list[str]:
    return re.findall(r"```sh\n(.*?)```", text, flags=re.DOTALL)


def test_the_page_shows_the_lines_of_the_readme() -> None:
    shown = shell((Path(__file__).parents[2] / "docs/serving.md").read_text())
    assert len(shown) == 2
    for lines in shown:
        assert lines.removeprefix("cd models/flowers\n") in shell(guide(MADE, "flowers", 7))


def test_the_lines_of_the_readme_run(tmp_path: Path) -> None:
    """With a docker and a curl that tell what they were given."""
    base = tmp_path / "small"
    configs.write(base, base, MADE, 3)
    for name in ("docker", "curl"):
        (tmp_path / name).write_text(f'#!/bin/sh\necho {name} "$@"\ncase "$*" in *"-d @-"*) cat;; esac\n')
        (tmp_path / name).chmod(0o755)
    (base / "photo.jpg").write_bytes(os.urandom(200_000))
    said = [subprocess.run(["sh", "-ec", lines], cwd=base, env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}, check=True,
                           capture_output=True, text=True).stdout for lines in shell((base / "README.md").read_text())]
    assert said[0] == (f"docker run --rm -p 8500:8500 -p 8501:8501 -v {base}:/models/small:ro tensorflow/serving "
                       "--model_config_file=/models/small/model.config --monitoring_config_file=/models/small/monitoring.config "
                       "--enable_batching --batching_parameters_file=/models/small/batching.config\n")
    asked = [json.loads(each.partition("\n")[2]) for each in said if ":predict" in each]
    assert (asked[0]["signature_name"], list(asked[0]["instances"][0])) == ("image_bytes", ["b64"])
    assert np.shape(asked[1]["instances"]) == (1, 8, 8, 4)


@pytest.mark.parametrize("text", ["top-1 75.00%", "3 classes", "more than 32 images", "files/", "are promised to read it",
                                  "| `features` | `images` (n, 8, 8, 4) float32, 0 to 255 |"])
def test_the_readme_speaks_of_this_model(text: str) -> None:
    assert text in guide(MADE, "small", 3)


def test_the_readme_goes_back_for_all_requests(tmp_path: Path) -> None:
    """Labels are those of clients that name one; what it says of all others is what a server is given."""
    text = guide(MADE, "small", 3)
    assert "requests that name a label: exchange the numbers of the `version_labels`" in text
    assert "all others go to the highest version that is served, whatever the labels say" in text
    assert "(`mv 3 3.bad`)" in text
    policy = re.search(r"`(model_version_policy .*)`", text)
    assert policy
    base = tmp_path / "small"
    configs.write(base, base, MADE, 3)
    written = (base / "model.config").read_text()
    (base / "model.config").write_text(written.replace("model_version_policy { latest { num_versions: 1 } }", policy[1]))
    assert server_config.named(base) == {2}


def test_the_readme_has_the_shapes_of_levels() -> None:
    found = artifact("archspec: 1\nname: small\ninput: 8x8x4\nclasses: 3\nstem: [conv: 3x3 8, conv: 3x3 6 /2]\n"
                     "head: [global_avg_pool, dense: $classes]\n")
    text = guide(Exportable(found, levels=("P1",)), "small", 3)
    assert "`embedding`, what the last layer takes, `P1` (n, 4, 4, 6) |" in text
