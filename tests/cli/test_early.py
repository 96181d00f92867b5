"""What is wrong with a command about trained networks is told before TensorFlow is loaded, which takes seconds."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from artifacts import artifact

from archspec.artifact.folder import write

PROGRAM = """\
import contextlib, io, json, sys
from archspec.cli import run
sys.modules['tensorflow'] = None  # whoever loads it gets an error that is told as a bug, code 3
for arguments in json.load(sys.stdin):
    with contextlib.redirect_stderr(io.StringIO()) as said:
        code = run(arguments)
    print(json.dumps([code, said.getvalue()]))
"""
WRONG = {
    "predict models photo.png": "models holds models, not versions of one",
    "predict empty photo.png": "empty holds neither a trained network nor a SavedModel",
    "predict net.yaml photo.png": "a spec has learned nothing yet: archspec train net.yaml, and name the run that it makes",
    "predict resnet18 photo.png": "a spec has learned nothing yet: archspec train resnet18, and",
    "serve-check models": "models holds models, not versions of one",
    "serve-check empty": "empty holds no SavedModel",
    "evaluate ruin": "ruin: no such file or folder\n  hint: did you mean 'run'?",
    "evaluate run --labels none.txt": "none.txt: No such file or directory",
    "evaluate run --labels two.txt": "two.txt has 2 names, one a line, but the network tells 3 classes apart",
    "evaluate run --data nothere": "--data nothere: no such file or folder, and no source of data",
    "evaluate run --leave-out none.txt": "--leave-out none.txt: No such file or directory",
    "evaluate run --real two.txt": "two.txt:1:1: is no JSON",
    "evaluate alone/model.tflite --crops dense": "only a run or its model.keras is evaluated densely",
    "evaluate http://localhost:1/v1/models/m": "a server does not say how an image becomes the pixels that it takes",
    "evaluate http://localhost:1/v1/models/m --like nothere": "--like nothere: no such file or folder",
    "explain-image run photo.png --class oul": "--class oul: run knows no such class\n  hint: did you mean 'owl'?",
    "explain-image models/m photo.png": "a SavedModel holds no blocks, and gives no gradients",
    "explain-image nothere photo.png": "nothere: no such file or folder",
    "export nothere --to out": "nothere: there is no such run, .keras file or spec",
    "export resnet18 --to out": "resnet18 is a spec: it has no numbers",
    "export run --to out --format tflite,savedmodle": "--format:1:8: export.formats needs one of savedmodel tflite keras onnx, this is the text 'savedmodle'",
    "export run --to out --quantize int4": "--quantize:1:1: export.quantize needs one of float16 dynamic int8 int16x8, this is the text 'int4'\n    1 | int4\n      | ^\n  hint: did you mean 'int8'?",
    "export run --to out --accuracy-drop five": "--accuracy-drop:1:1: export.accuracy_drop needs a share",
    "export run --to out --set export.formats=[x]": "--set:1:17: export.formats needs one of",
    "export run --to out --name 7": "the model's name '7' is a number",
    "export run --to out --weights emma": "--weights emma: of a run there are raw, ema, best",
    "export run --to out --set head=null": "run is exported as it was trained",
    "export run --to out --formats tflite": "hint: --format or --set export.formats=VALUE",
    "export models/m --to out": "models/m holds exports already",
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, str]]:
    """By command: exit code, and what was said. All in one process, which cannot load TensorFlow."""
    place = tmp_path_factory.mktemp("early")
    write(artifact(), place / "run")
    for folder in ("empty", "alone", "models/m/1/assets.extra"):
        (place / folder).mkdir(parents=True)
    (place / "models/m/1/saved_model.pb").write_bytes(b"")
    (place / "alone/model.tflite").write_bytes(b"")
    for beside in ("alone", "models/m/1/assets.extra"):
        (place / beside / "artifact.json").write_bytes((place / "run/artifact.json").read_bytes())
        (place / beside / "labels.txt").write_text("cat\ndög\nowl\n")
    (place / "net.yaml").write_text("extends: resnet18\n")
    (place / "two.txt").write_text("cat\ndog\n")
    (place / "photo.png").write_bytes(b"")
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=place, input=json.dumps([each.split() for each in WRONG]),
                          capture_output=True, text=True)
    assert not done.returncode, done.stderr
    assert not (place / "out").exists()
    return {each: json.loads(line) for each, line in zip(WRONG, done.stdout.splitlines(), strict=True)}


@pytest.mark.parametrize("wrong", WRONG)
def test_it_is_told_at_once(wrong: str, told: dict[str, tuple[int, str]]) -> None:
    code, said = told[wrong]
    assert WRONG[wrong] in said
    assert code == 2
