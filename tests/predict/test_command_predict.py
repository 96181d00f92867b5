"""`archspec predict` as scripts use it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from served import Servable, rest, rest_server

from archspec.cli import run

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def archspec(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: object) -> tuple[int, str, str]:
        code = run(["predict", *map(str, arguments)])
        return code, *capsys.readouterr()
    return call


def test_a_line_an_image_and_the_bad_ones_aside(archspec: Run, run_folder: Path, photos: Path) -> None:
    code, out, err = archspec(run_folder / "model.tflite", photos / "a.jpg", photos / "broken.jpg", photos / "gone.jpg", photos / "c.jpg",
                              "--top", "2")
    assert code == 2
    assert [line.partition(": ")[0] for line in out.splitlines()] == [str(photos / "a.jpg"), str(photos / "c.jpg")]
    (first, share), (second, rest_of_it) = (word.split(" ") for word in out.splitlines()[0].partition(": ")[2].split(", "))
    assert {first, second} <= {"cat", "dög", "owl"}
    assert float(share.rstrip("%")) > float(rest_of_it.rstrip("%"))
    assert err.splitlines() == [f"{photos / 'broken.jpg'}: cannot be read as an image (Truncated File Read)",
                                f"{photos / 'gone.jpg'}: cannot be read as an image (No such file or directory)"]


def test_json_is_the_document_that_scripts_rely_on(archspec: Run, run_folder: Path, photos: Path) -> None:
    code, out, err = archspec(run_folder / "saved_model", photos / "a.jpg", photos / "c.jpg", "--json")
    document = json.loads(out)
    assert (code, err, list(document)) == (0, "", ["predict"])
    assert [list(each) for each in document["predict"]] == [["image", "top"]] * 2
    assert document["predict"][0]["image"] == str(photos / "a.jpg")
    assert [list(each) for each in document["predict"][0]["top"]] == [["index", "class", "probability"]] * 3
    assert sum(each["probability"] for each in document["predict"][0]["top"]) == pytest.approx(1, abs=1e-5)


def test_json_tells_what_was_refused_and_stays_a_document(archspec: Run, run_folder: Path, photos: Path, tmp_path: Path) -> None:
    bad = tmp_path / b"\xe9.txt".decode("utf-8", "surrogateescape")
    bad.write_text("no image")
    code, out, _ = archspec(run_folder / "model.tflite", bad, "--json")
    assert (code, json.loads(out)) == (2, {"predict": [], "refused": [{"image": str(bad), "message": "a text"}]})


def test_a_server_that_fails_in_between_ends_the_document(archspec: Run, servable: Servable, photos: Path) -> None:
    right = rest(servable)
    with rest_server(lambda method, *rest_of_it: right(method, *rest_of_it) if method == "GET" else (500, {}, b"")) as server:
        code, out, err = archspec(f"{server}/v1/models/small", photos / "a.jpg", "--json")
    assert (code, json.loads(out)) == (2, {"predict": []})
    assert err == f"{server}/v1/models/small: the server answers 500: nothing\n"


def test_labels_and_names_from_files(archspec: Run, run_folder: Path, photos: Path, tmp_path: Path) -> None:
    (tmp_path / "names").write_text("one\ntwo\nthree\n")
    (tmp_path / "list").write_text(f"{photos / 'a.jpg'}\n")
    code, out, _ = archspec(run_folder / "model.tflite", "--from", tmp_path / "list", "--labels", tmp_path / "names", "--top", "1")
    assert (code, out.partition(": ")[2].partition(" ")[0] in ("one", "two", "three")) == (0, True)
    (tmp_path / "names").write_text("one, or two\n3\n4\n")
    assert '"one, or two" ' in archspec(run_folder / "model.tflite", photos / "a.jpg", "--labels", tmp_path / "names")[1]
    (tmp_path / "names").write_text("one\n\n")
    assert archspec(run_folder / "model.tflite", photos, "--labels", tmp_path / "names")[::2] == (
        2, f"{tmp_path / 'names'}:2: the name of a class is missing\n  hint: remove the line, or write the name into it\n")
    (tmp_path / "list").write_text("")
    assert archspec(run_folder, "--from", tmp_path / "list")[2] == f"--from {tmp_path / 'list'}: no image is named in it\n"


def test_a_folder_or_pattern_without_images_ends_nothing(archspec: Run, run_folder: Path, photos: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    code, out, err = archspec(run_folder / "model.tflite", tmp_path / "empty", tmp_path / "*.bmp", photos / "a.jpg", "--top", "1")
    assert (code, out.partition(":")[0]) == (2, str(photos / "a.jpg"))
    assert err.splitlines() == [f"{tmp_path / 'empty'}: cannot be read as an image (no images in it)",
                                f"{tmp_path / '*.bmp'}: cannot be read as an image (no file matches (seen from {Path.cwd()}))"]
    assert archspec(run_folder / "model.tflite", tmp_path / "empty") == (2, "", f"{tmp_path / 'empty'}: no images in it\n")


@pytest.mark.parametrize("seconds", ["inf", "nan", "1e300", "0"])
def test_what_is_no_time_to_wait(seconds: str, archspec: Run, photos: Path) -> None:
    code, _, err = archspec("http://127.0.0.1:1/v1/models/small", photos / "a.jpg", "--timeout", seconds)
    assert (code, f"'{seconds}' is no number of seconds above 0, and at most 604800 (a week)" in err) == (2, True)


def test_the_home_of_nobody(archspec: Run, photos: Path) -> None:
    code, _, err = archspec("~nosuchuser/x", photos / "a.jpg")
    assert (code, err.partition("\n")[0]) == (2, "~nosuchuser/x: no such file or folder")


def test_what_a_server_does_not_name_is_a_number(archspec: Run, servable: Servable, photos: Path) -> None:
    with rest_server(rest(servable)) as server:
        out = archspec(f"{server}/v1/models/small", photos / "a.jpg")[1]
        document = json.loads(archspec(f"{server}/v1/models/small", photos / "a.jpg", "--json")[1])
    last = document["predict"][0]["top"][2]
    assert last["class"] is None
    assert f", class {last['index']} " in out


def test_a_server_over_rest_is_asked_without_tensorflow(servable: Servable, photos: Path) -> None:
    code = ("import sys; from archspec.cli import run; code = run(['predict', *sys.argv[1:]]); "
            "print(code, {'tensorflow', 'keras'} & set(sys.modules))")
    with rest_server(rest(servable)) as server:
        done = subprocess.run([sys.executable, "-c", code, f"{server}/v1/models/small", photos / "a.jpg"], check=True, capture_output=True,
                              text=True)
    assert done.stdout.splitlines()[-1] == "0 set()"
