"""What is said of a version that is loaded and asked, and what the process is allowed that does it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from small_saved import Small, saved

from archspec.cli import run
from archspec.io.confine import landlock
from archspec.serving import contract, trials
from archspec.serving.contract import Line, check
from archspec.serving.rules import Fault, Seen
from archspec.serving.trial import faults
from archspec.serving.trial import trials as all_trials
from archspec.serving.wire import fields

Spec = tf.TensorSpec((None, 8, 8, 1), tf.float32, "images")


def found(version: Path) -> list[tuple[str, str, str]]:
    """In this process, for speed: rule, where, and how it is broken."""
    return [(broken, where, message) for code, where, work in all_trials(version) for broken, message in faults(code, work)]


def of(function: Callable[[tf.Tensor], tf.Tensor], folder: Path, spec: tf.TensorSpec = Spec) -> list[tuple[str, str, str]]:
    """Of a version whose serving_default gives what a function makes of its only input."""
    module = tf.Module()
    module.served = tf.function(lambda x: {"probabilities": function(x)}, input_signature=[spec], autograph=False)
    return found(saved(module, {"serving_default": module.served}, folder / "1"))


def test_nothing_is_said_of_what_is_right(version: Path) -> None:
    assert found(version) == []


def test_all_that_is_asked(version: Path) -> None:
    """So that the test above speaks of something."""
    asked = [(code, where) for code, where, work in all_trials(version) if list(faults(code, work)) == []]
    assert [where for code, where in asked if code == "run.answers"] == ["classify", "image_bytes", "serving_default"]
    assert [where for code, where in asked if code == "run.rows"] == ["classify", "image_bytes", "serving_default"]
    assert [where.partition(", ")[2] for code, where in asked if code == "run.refuses" and where.startswith("serving_default")] == [
        "no row", "no batch", "an axis too many", "axis 1 halved", "axis 2 halved"]
    assert [where.partition(", ")[2] for code, where in asked if code == "run.refuses" and where.startswith("image_bytes")] == [
        "no row", "empty bytes", "no image", "a broken image", "another row axis"]
    assert asked[-1] == ("warmup", "")


def _mean(x: tf.Tensor) -> tf.Tensor:
    x = tf.reshape(tf.ensure_shape(x, (None, 8, 8, 1)), (-1, 64))[:, :3]
    return x - tf.reduce_mean(x, axis=0)


def _unchecked(x: tf.Tensor) -> tf.Tensor:
    return tf.reshape(x, (-1, 64))[:, :3]


@pytest.mark.parametrize(("function", "expected"), [
    (lambda x: tf.fill((tf.shape(tf.ensure_shape(x, (None, 8, 8, 1)))[0], 3), np.nan),
     [("run.answers", "serving_default", "probabilities holds what is no finite number")]),
    (lambda x: tf.ensure_shape(x, (None, 8, 8, 1))[:1, :, 0, 0], [("run.answers", "serving_default", "probabilities has the shape [1, 8] for 3 row(s)")]),
    (_mean, [("run.rows", "serving_default", "a row alone and the same among 3 are answered otherwise")]),
    (_unchecked, [("run.refuses", f"serving_default, {case}", "is answered as if it were right") for case in ("no batch", "an axis too many")]),
    (lambda x: tf.fill((tf.shape(tf.ensure_shape(x, (None, 8, 8, 1)))[0], 3), b"\xff"), [("run.text", "serving_default", "probabilities holds bytes that are no UTF-8")]),
    (lambda x: tf.random.uniform((tf.shape(tf.ensure_shape(x, (None, 8, 8, 1)))[0], 3)),
     [("run.repeats", "serving_default", "the same request was answered otherwise"),
      ("run.rows", "serving_default", "a row alone and the same among 3 are answered otherwise")]),
])
def test_what_answers_wrongly(function: Callable[[tf.Tensor], tf.Tensor], expected: list[tuple[str, str, str]], tmp_path: Path) -> None:
    assert of(function, tmp_path) == expected


def test_bytes_that_are_no_image_have_to_be_an_error(tmp_path: Path) -> None:
    spec = tf.TensorSpec((None,), tf.string, "image_bytes")
    said = of(lambda x: tf.one_hot(tf.strings.length(tf.ensure_shape(x, (None,))), 3), tmp_path, spec)
    assert said == [("run.refuses", f"serving_default, {case}", "is answered as if it were right") for case in ("empty bytes", "no image", "a broken image")]


def test_weights_that_are_there_twice(tmp_path: Path) -> None:
    module = Small()
    module.again = tf.Variable(tf.fill((40, 40), 2.0)), tf.Variable(tf.fill((40, 40), 2.0))
    assert found(saved(module, {"serving_default": module.default}, tmp_path / "1")) == [
        ("files.once", "", "6,400 of 12,800 bytes of weights are copies of others")]


def test_a_damaged_file_of_weights(version: Path) -> None:
    path = version / "variables/variables.data-00000-of-00001"
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)
    codes = {code for code, _, _ in found(version)}
    assert codes == {"files.variables", "run.loads"}


@pytest.mark.parametrize(("labels", "message"), [
    ("dog\n", "there are 1 names for 3 probabilities"),
    ("owl\ncat\ndog\n", "the graph calls the most probable class otherwise than labels.txt does")])
def test_labels_that_are_another_networks(labels: str, message: str, version: Path) -> None:
    (version / "assets.extra/labels.txt").write_text(labels)
    assert [each[1:] for each in found(version) if each[0] == "labels"] == [("image_bytes", message), ("serving_default", message)]


def _record(**changes: Any) -> bytes:
    from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog
    log = PredictionLog()
    request = log.predict_log.request
    request.model_spec.name = "small"
    request.model_spec.signature_name = changes.get("signature", "serving_default")
    request.inputs[changes.get("key", "images")].CopyFrom(tf.make_tensor_proto(changes.get("value", np.zeros((2, 8, 8, 1), np.float32))))
    return bytes(log.SerializeToString())


def _classify() -> bytes:
    from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog
    log = PredictionLog()
    log.classify_log.request.model_spec.signature_name = "classify"
    image = tf.io.encode_png(tf.zeros((4, 4, 1), tf.uint8)).numpy()
    example = log.classify_log.request.input.example_list.examples.add()
    example.features.feature["image/encoded"].bytes_list.value.append(image)
    return bytes(log.SerializeToString())


def _session_run() -> bytes:
    from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog
    log = PredictionLog()
    log.session_run_log.request.model_spec.name = "small"
    return bytes(log.SerializeToString())


@pytest.mark.parametrize(("records", "message"), [
    ([_record(), _classify(), _record(signature="")], ""),
    ([], "there are no records"),
    ([_record(signature="other")], "record 0: there is no signature 'other'"),
    ([_record(), _record(key="pixels")], "the inputs are ['pixels'], those of the signature ['images']"),
    ([_session_run()], "record 0: holds session_run_log, which no server plays"),
    ([b""], "record 0: holds nothing, which no server plays"),
    ([b"\xff\xff"], "it is no protobuf message"),
])
def test_warm_up_records(records: list[bytes], message: str, version: Path) -> None:
    with tf.io.TFRecordWriter(str(version / "assets.extra/tf_serving_warmup_requests")) as file:
        for record in records:
            file.write(record)
    assert found(version) == ([("warmup", "", message)] if message else [])


def test_warm_up_records_of_another_shape_and_broken_files(version: Path) -> None:
    path = version / "assets.extra/tf_serving_warmup_requests"
    with tf.io.TFRecordWriter(str(path)) as file:
        file.write(_record(value=np.zeros((2, 4, 8, 1), np.float32)))
    (code, _, _), = found(version)
    assert code == "warmup"
    path.write_bytes(b"no records " * 10)
    assert [(code, "truncated" in message or "corrupted" in message) for code, _, message in found(version)] == [("warmup", True)]


@pytest.mark.parametrize("data", [b"\x08", b"\x0a\x05abc", b"\xff" * 11, b"\x0b", b"\x0d\0"])
def test_what_is_no_protobuf_message(data: bytes) -> None:
    with pytest.raises(ValueError, match="it is no protobuf message"):
        list(fields(data))


# what the process does, in the place of which a program stands that says what it is told to
SAYS = "import json, sys; say = lambda *row: print(sys.argv[1] + json.dumps(row), flush=True); skipped = sys.argv[3:]\n"


def played(program: str, version: Path, monkeypatch: pytest.MonkeyPatch, seconds: float = 60) -> Seen:
    monkeypatch.setattr(trials, "PROGRAM", ("-c", SAYS + program))
    return trials.tried(version, seconds)


def _told(trial: Seen) -> list[tuple[str, str, str]]:
    return [(each.code, each.where, each.message) for each in trial.faults]


def test_what_ends_the_process_is_told_and_the_rest_is_tried_without_it(version: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = """
for case in ("a", "b", "c"):
    if f"run.refuses:{case}" not in skipped:
        say("tries", "run.refuses", case, "")
        if case == "b":
            import os; os.abort()
        if case == "c":
            say("fault", "run.refuses", case, "is answered as if it were right")
        say("tried", "run.refuses", case, "")
"""
    trial = played(program, version, monkeypatch)
    assert _told(trial) == [("run.refuses", "b", "ends the process (SIGABRT)"), ("run.refuses", "c", "is answered as if it were right")]
    assert trial.unseen == {}


@pytest.mark.parametrize(("rule", "told"), [("run.loads", "run.loads"), ("files.variables", "run.loads"), ("run.rows", "run.rows")])
def test_what_has_no_end_is_ended_and_more_time_is_the_hint(rule: str, told: str, version: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trial that is too short says nothing of the files that were being read."""
    monkeypatch.setattr(trials, "_once", lambda *_: ([("tries", rule, "", "")], None))
    trial = trials.tried(version, 0.0)
    assert trial.faults == [Fault(told, "", "took too long, and was ended", trials.LONGER)]
    assert trials.LONGER == "--timeout SECONDS gives it longer, if it is only large or slow"
    assert set(trial.unseen.values()) == {f"its time was up: {trials.LONGER}"}
    assert Line("1", told, False, tuple(trial.faults)).to_json()["hint"] == trials.LONGER


def test_the_time_of_a_trial_has_an_end(version: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trial = played("import time; time.sleep(1000)", version, monkeypatch, 0.1)
    assert trial.faults == []
    assert set(trial.unseen.values()) == {f"the process that was to load it took too long, and was ended: {trials.LONGER}"}


def test_what_takes_all_memory_is_refused_it(version: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trials, "MOST_MEMORY", 256 << 20)
    program = """
if not skipped:
    say("tries", "run.answers", "f", "")
    x = bytearray(1 << 30)
    say("tried", "run.answers", "f", "")
"""
    assert _told(played(program, version, monkeypatch)) == [("run.answers", "f", "ends the process (exit code 1)")]


def test_nothing_is_imported_from_the_folder_that_is_looked_at(version: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (version / "json.py").write_text("raise SystemExit(3)")
    monkeypatch.chdir(version)
    assert played("", version, monkeypatch).unseen == {}


def test_what_a_graph_prints_is_not_believed(version: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = """print(json.dumps(["fault", "labels", "", "forged"]), flush=True)\nprint("token" + json.dumps(["tries", "x", "", ""]))"""
    trial = played(program, version, monkeypatch)
    assert (_told(trial), trial.unseen) == ([], {})


@pytest.mark.parametrize("folder", [".", "../3"])
def test_one_version_is_judged_among_those_beside_it(folder: str, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trials, "PROGRAM", ("-c", SAYS))
    (base / "2").symlink_to("3")
    (base / "2/batching_params.pbtxt").write_text("max_batch_size { value: 8 } allowed_batch_sizes: 4")
    (base / "model.config").write_text('model_config_list { config { name: "small" base_path: "/models/small" model_platform: "tensorflow" '
                                       "model_version_policy { specific { versions: 2 versions: 3 } } } }")
    monkeypatch.chdir(base / "3")
    found = {line.code: line for line in check(Path(folder), 60).lines if not line.version}
    assert (found["config"].holds, found["config"].why, found["batching"].holds) == (True, "", False)
    assert {line.version for line in check(base, 60).lines} == {"", "2", "3"}


@pytest.mark.slow
def test_the_command_with_its_process(base: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = run(["serve-check", str(base), "--strict", "--json"])
    document = json.loads(capsys.readouterr().out)["serve-check"]
    assert (code, document["ok"], {line["ok"] for line in document["lines"]}) == (0, True, {True})
    assert {line["version"] for line in document["lines"]} == {"", "3"}


@pytest.mark.slow
def test_what_reads_other_files_is_refused_them(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even where the look at the graph had let it through, by the kernel: the files of the version can be read, and no others."""
    monkeypatch.setattr(contract, "UNSAFE", ())
    secret = str(tmp_path / "secret.txt")
    Path(secret).write_text("1")
    module = tf.Module()
    module.own, module.other = (tf.function(lambda x, name=name: {"scores": x[:, 0, 0] + tf.strings.to_number(tf.io.read_file(name))},
                                            input_signature=[Spec], autograph=False) for name in (str(base / "4/assets.txt"), secret))
    saved(module, {"serving_default": module.own, "other": module.other}, base / "4")
    (base / "4/assets.txt").write_text("1")
    told = [(fault.where, fault.message) for line in check(base / "4", 300).lines for fault in line.faults if line.code == "run.answers"]
    assert told == ([("other", f"{secret}; Permission denied")] if landlock() else [])


def test_the_command(base: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A should that is broken is told, and counts where asked to."""
    program = """
for kind in ("tries", "fault", "tried"):
    say(kind, "labels", "image_bytes", "there are 2 names for 3 probabilities")
"""
    monkeypatch.setattr(trials, "PROGRAM", ("-c", SAYS + program))
    (base / "3/assets.extra/labels.txt").write_text("cat\ndög\n")
    assert run(["serve-check", str(base / "3")]) == 0
    said = capsys.readouterr().out
    assert "  NOT should labels             labels.txt names each class once, in the order of the probabilities\n" \
        "        image_bytes: there are 2 names for 3 probabilities\n" in said
    assert said.endswith("a server can serve it; 1 should is not seen to hold\n")
    assert "  --  must   warmup             each record of warm-up requests can be played: there is none\n" in said
    assert run(["serve-check", str(base / "3"), "--strict"]) == 1


@pytest.mark.parametrize("seconds", ["inf", "nan", "1e300", "0", "-1", "soon"])
def test_what_is_no_time(seconds: str, base: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["serve-check", str(base), "--timeout", seconds]) == 2
    assert f"'{seconds}' is no number of seconds above 0, and at most 604800 (a week)" in capsys.readouterr().err


@pytest.mark.parametrize(("said", "line"), [
    ("Graph execution error:\n\nDetected at node 'a/b' defined at (most recent call last):\n<stack traces unavailable>\nNode: 'a/b'\n"
     "Key cat not found in checkpoint\n\t [[{{node a/b}}]]\n\nOriginal stack trace for 'a/b':\n", "Key cat not found in checkpoint"),
    ("Graph execution error:\n\nDetected at node a defined at (most recent call last):\n<stack traces unavailable>\n"
     "No such file\n\t [[{{node a}}]]", "No such file"),
    ("Graph execution error:", "Graph execution error:"), ("Read less bytes than requested\nmore", "Read less bytes than requested")])
def test_the_line_of_an_error_that_says_it(said: str, line: str) -> None:
    def fails() -> Iterator[tuple[str, str]]:
        raise ValueError(said)
        yield
    assert list(faults("run.loads", fails)) == [("run.loads", line)]


def test_the_command_where_nothing_can_be_loaded(base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (base / "3/saved_model.pb").write_bytes(b"nothing")
    assert run(["serve-check", str(base)]) == 1
    said = capsys.readouterr().out
    assert "  NOT must   files.graph " in said
    assert "  ?   must   run.loads          the version is loaded as the server does it\n        not checked: there is no graph to look at\n" in said
    assert run(["serve-check", str(tmp_path / "gone")]) == 2
    assert run(["serve-check", str(tmp_path)]) == 2
