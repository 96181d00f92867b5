"""`archspec evaluate` of networks with drawn weights: ReaL's labels, and several labels an image, against counting by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from archspec.artifact.artifact import Artifact, shapes
from archspec.artifact.folder import write
from archspec.cli import run as command
from archspec.export.reference import reference
from archspec.network import load, lower
from archspec.predict.images import Image
from archspec.predict.local import pixels
from archspec.preprocess.rule import Preprocess, Squash

RULE = Preprocess(height=8, width=8, channels=3, resize=Squash(), offset="floor", interpolation="bilinear", antialias=True,
                  origin="centre", decoder="accurate", order="rgb", background=255.0, mean=(120.0,), std=(60.0,))
SPEC = "archspec: 1\nname: drawn\ninput: 8x8x3\nclasses: {}\nstem: [conv: 3x3 8 act=relu]\nhead: [global_avg_pool, dense: $classes]\n"
SYNSETS = tuple(f"n{number:08}" for number in range(1000))
RNG = np.random.default_rng(6)


def drawn(classes: tuple[str, ...], several: bool = False) -> Artifact:
    """A network of these classes."""
    Path("drawn.yaml").write_text(SPEC.format(len(classes)))
    spec = load("drawn.yaml")
    graph = lower(spec)
    weights = {key: (RNG.normal(0, 0.5, shape) if key[1] == "kernel" else RNG.uniform(0.5, 1, shape)).astype(np.float32)
               for key, shape in shapes(graph).items()}
    return Artifact(spec.to_yaml(expand=True), graph, weights, classes, RULE, {}, {}, "0", several=several)


def photo(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Pillow.fromarray(RNG.integers(0, 256, (3, 4, 3), np.uint8)).resize((24, 18)).save(path, "JPEG")


def said(network: Artifact, paths: list[Path]) -> np.ndarray:
    seen: Any = pixels([Image(str(each), each.read_bytes) for each in paths], RULE, 0.0)
    return reference(network)(np.stack(seen).astype(np.float32))


def evaluated(*arguments: str) -> dict[str, Any]:
    assert command(["evaluate", *arguments]) == 0
    (found,) = json.loads(Path("out/report.json").read_text())["evaluate"]
    return dict(found)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_re_assessed_labels_count_where_there_are_some(capsys: pytest.CaptureFixture[str]) -> None:
    """Outputs in another order than the synsets, and one more; images in other folders than their order."""
    network = drawn(("background", *SYNSETS[::-1]))
    write(network, Path("run"))
    paths = [Path(f"photos/{SYNSETS[7 * number % 3]}/ILSVRC2012_val_{number:08}.JPEG") for number in range(1, 7)]
    for path in paths:
        photo(path)
    likeliest = 1000 - said(network, paths).argmax(axis=1)  # as synsets count; 1000 would be the background
    entries = [[int(likeliest[0])], [], [(int(likeliest[2]) + 1) % 1000], [3, int(likeliest[3]), 5], [0], [int(likeliest[5])], [1, 2]]
    hits = [label in entry for label, entry in zip(likeliest, entries, strict=False) if entry]
    Path("real.json").write_text(json.dumps(entries))
    found = evaluated("run", "--data", "photos", "--real", "real.json", "-o", "out")
    assert found["results"]["real_top1"] == pytest.approx(np.mean(hits)) and 3 <= sum(hits) <= 4
    low, high = found["intervals"]["real_top1"]
    assert low <= np.mean(hits) <= high
    assert {key: found["data"]["real"][key] for key in ("file", "images", "without_labels")} == {"file": "real.json", "images": 5, "without_labels": 1}
    out = capsys.readouterr().out
    assert "ReaL top1, %" in out and "5 images have labels in real.json, 1 have none" in out
    assert "| 0 |" not in Path("out/report.md").read_text().partition("## Classes")[0]
    assert Path("out/pairs.png").is_file() and not Path("out/confusion.png").exists()
    Path("list.txt").write_text("1\n2\n")  # an image with labels, and the one without
    assert command(["evaluate", "run", "--data", "photos", "--real", "real.json", "--leave-out", "list.txt", "--json"]) == 0
    (fewer,) = json.loads(capsys.readouterr().out)["evaluate"]
    assert fewer["results"]["real_top1"] == pytest.approx(np.mean(hits[1:]))
    assert (fewer["data"]["examples"], fewer["data"]["real"]["without_labels"]) == (4, 0)


def test_of_no_image_with_labels_there_is_no_share(capsys: pytest.CaptureFixture[str]) -> None:
    write(drawn(SYNSETS), Path("run"))
    photo(Path(f"photos/{SYNSETS[1]}/ILSVRC2012_val_00000001.JPEG"))
    photo(Path(f"photos/{SYNSETS[2]}/ILSVRC2012_val_00000002.JPEG"))
    Path("real.json").write_text("[[], []]")
    assert evaluated("run", "--data", "photos", "--real", "real.json", "-o", "out")["results"]["real_top1"] is None


def test_a_model_of_other_classes_has_no_re_assessed_labels(capsys: pytest.CaptureFixture[str]) -> None:
    write(drawn(("cat", "dog")), Path("run"))
    photo(Path("photos/cat/ILSVRC2012_val_00000001.JPEG"))
    photo(Path("photos/dog/ILSVRC2012_val_00000002.JPEG"))
    Path("real.json").write_text("[[0], [1]]")
    assert command(["evaluate", "run", "--data", "photos", "--real", "real.json"]) == 2
    assert "run calls 0 of its 2 classes by one: cat, dog\n  hint: it is for a network that tells all of them apart; --labels FILE" in capsys.readouterr().err


def test_of_several_labels_each_class_has_its_areas() -> None:
    network = drawn(("cat", "dog", "owl"), several=True)
    write(network, Path("run"))
    labels = ["cat;dog", "dog", "", "cat", "dog;cat", "cat", "dog"]
    paths = [Path(f"photos/{number}.jpg") for number in range(len(labels))]
    for path in paths:
        photo(path)
    rows = [f"{path},{each}" for path, each in zip(paths, labels, strict=True) if each]
    Path("table.csv").write_text("path,label\n" + "\n".join(rows) + "\nphotos/2.jpg,owl\n")
    found = evaluated("run", "--data", "{source: csv, path: table.csv, test: table.csv, separator: ';'}", "-o", "out", "-v")
    scores = said(network, paths[:2] + paths[3:] + paths[2:3])
    for number, name in enumerate(("cat", "dog", "owl")):
        true = np.array([name in each.split(";") for each in [*labels[:2], *labels[3:], "owl"]])
        row = found["classes"][number]
        pairs = [(above > below) + (above == below) / 2 for above in scores[true, number] for below in scores[~true, number]]
        assert row["auc"] == pytest.approx(np.mean(pairs))
        assert row["average_precision"] == pytest.approx(np.mean(
            [true[scores[:, number] >= score].mean() for score in scores[true, number]]))
        assert (row["images"], row["accuracy"]) == (true.sum(), pytest.approx(((scores[:, number] > 0.5) == true).mean()))
    assert found["results"]["auc"] == pytest.approx(np.mean([row["auc"] for row in found["classes"]]))
    assert "calibration" not in found and "confusion" not in found
    page = Path("out/report.md").read_text()
    assert "AUC, %" in page and not Path("out/calibration.png").exists() and Path("out/worst.png").is_file()
    assert all(isinstance(each["true"], list) for each in found["worst"])
