"""Commands as scripts use them: exit codes, what goes to which stream, and the JSON of docs/commands.md."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import click
import pytest

from archspec.cli import COMMANDS, Commands, run
from archspec.io.places import shipped
from archspec.network import load, lower

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def archspec(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command: exit code, standard output, standard error."""
    def call(*arguments: str) -> tuple[int, str, str]:
        code = run(list(arguments))
        return code, *capsys.readouterr()
    return call


@pytest.fixture
def broken(tmp_path: Path) -> str:
    path = tmp_path / "broken.yaml"
    path.write_text("input: 32x32x3\nclasses: 10\nstem: [conv: 3x3 $widht]\nhaed: []\nhead: [global_avg_pool, dense: 10]\n")
    return str(path)


def test_summary_prints_a_row_a_stage_and_totals(archspec: Run) -> None:
    code, out, err = archspec("summary", "resnet50")
    assert (code, err) == (0, "")
    rows = [line.split()[0] for line in out.splitlines()[2:9]]
    assert rows == ["stem", "stage1", "stage2", "stage3", "stage4", "head", "total"]
    assert "25,610,152" in out
    assert "4,089,184,256" in out


def test_summary_json_is_the_document_that_scripts_rely_on(archspec: Run) -> None:
    document = json.loads(archspec("summary", "resnet50", "--json")[1])
    assert {key: document[key] for key in ("name", "input", "classes", "macs", "depth")} == {
        "name": "resnet50", "input": [224, 224, 3], "classes": 1000, "macs": 4089184256, "depth": 50}
    assert document["parameters"] == {"total": 25610152, "trainable": 25557032, "non_trainable": 53120}
    assert document["features"]["P2"] == {"stage": "stage1", "stride": 4, "channels": 256}
    assert document["layers"][1] == {"name": "stem_conv", "op": "conv", "output": [112, 112, 64], "parameters": 9408,
                                     "macs": 118013952}
    assert document["stages"][0]["output"] == [56, 56, 64]
    assert document["memory"]["weights_bytes"] == 4 * 25610152


@pytest.mark.parametrize("line", ["summary resnet50 --json", "check resnet50 --json", "show resnet50", "diff resnet50 resnet50.yaml --json",
                                  "new sub/mine --from resnet50", "sweep vary.yaml --json", "draw resnet50 -o it.svg"])
def test_a_shipped_name_with_a_file_of_that_name_beside_is_told(line: str, archspec: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("resnet50.yaml").write_text("extends: resnet50\nclasses: 7\n", encoding="utf-8")
    Path("vary.yaml").write_text("base: resnet50\nvary: {stages.se: [none, 16]}\n", encoding="utf-8")
    code, out, err = archspec(*line.split())
    note = "note: resnet50 is the spec that ships; for the file here write resnet50.yaml\n"
    assert (code, err.count("note: "), err.startswith(note)) == (0, 1, True)
    assert "note: " not in out
    if "--json" in line:
        json.loads(out)
    monkeypatch.chdir(shipped())
    assert archspec("check", "resnet50")[2] == ""  # the file here is the one that ships


def test_a_file_by_its_own_name_is_told_of_by_nothing(archspec: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("resnet50.yaml").write_text("extends: resnet50\nclasses: 7\n", encoding="utf-8")
    Path("mine.yaml").write_text("extends: resnet50\n", encoding="utf-8")
    assert archspec("summary", "resnet50.yaml")[2] == ""
    assert json.loads(archspec("summary", "mine.yaml", "--json")[1])["classes"] == 7


def test_open_sizes_are_null(archspec: Run) -> None:
    document = json.loads(archspec("summary", "resnet50", "--set", "input=?x?x3", "--json")[1])
    assert document["input"] == [None, None, 3]
    assert document["macs"] is None
    assert document["memory"]["training_bytes"] is None
    assert document["parameters"]["trainable"] == 25557032


def test_training_memory_grows_by_the_activations_of_each_image(archspec: Run) -> None:
    memory = [json.loads(archspec("summary", "resnet50", "--json", "--batch", size)[1])["memory"] for size in ("1", "33")]
    assert memory[1]["training_bytes"] - memory[0]["training_bytes"] == 32 * memory[0]["activations_bytes_per_image"]


def test_check_finds_every_problem_and_exits_2(archspec: Run, broken: str) -> None:
    code, out, err = archspec("check", "resnet50", broken)
    assert code == 2
    assert out.startswith("resnet50: no problems")
    assert f"{broken}:3:18: the name 'widht' is not defined here" in out
    assert f"{broken}:4:1: a spec has no section 'haed'" in out
    assert err == "2 problems; what they mean: archspec explain expression unknown-key\n"


def test_check_json(archspec: Run, broken: str) -> None:
    code, out, _ = archspec("check", broken, "--json")
    document = json.loads(out)
    assert (code, document["ok"]) == (2, False)
    first = document["problems"][0]
    assert (first["file"], first["line"], first["column"], first["path"]) == (broken, 3, 18, "stem[0].conv")
    assert set(first) >= {"code", "message", "hint"}


def test_a_broken_spec_goes_to_standard_error(archspec: Run, broken: str) -> None:
    code, out, err = archspec("summary", broken)
    assert (code, out) == (2, "")
    assert "hint: did you mean 'head'?" in err


@pytest.mark.parametrize(("arguments", "message"), [
    (["sumary", "resnet50"], "did you mean 'summary'?"),
    (["summary", "resnet51"], "did you mean 'resnet50'?"),
    (["summary"], "Missing argument 'SPEC'"),
    (["summary", "resnet50", "--sett", "a=b"], "No such option"),
    (["summary", "resnet50", "--set", "stages.se"], "write key.path=value"),
    (["show", "resnet50", "--explain", "stages.widhts"], "did you mean"),
])
def test_mistakes_in_arguments_exit_2_with_a_hint(archspec: Run, arguments: list[str], message: str) -> None:
    code, out, err = archspec(*arguments)
    assert (code, out) == (2, "")
    assert message in err


def test_a_bug_exits_3_and_leaves_the_traceback_in_a_file(archspec: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archspec.cli.options.load", lambda *_: 1 / 0)
    code, out, err = archspec("summary", "resnet50")
    assert (code, out, err.count("\n")) == (3, "", 1)
    path = Path(err.rpartition(" ")[2].strip())
    assert "ZeroDivisionError" in path.read_text()
    path.unlink()


def test_a_bug_is_told_whatever_the_arguments_and_the_disk(archspec: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("archspec.cli.options.load", lambda *_: 1 / 0)
    code, _, err = archspec("summary", "resnet50", "--set", "name=\udce9")
    path = Path(err.rpartition(" ")[2].strip())
    assert (code, path.read_text().splitlines()[0]) == (3, r"archspec summary resnet50 --set name=\udce9")
    path.unlink()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "none"))
    code, _, err = archspec("summary", "resnet50")
    assert (code, err.splitlines()[-1]) == (3, "archspec: a bug: ZeroDivisionError: division by zero")


def test_a_closed_output_is_no_bug(archspec: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", None)
    assert archspec("check", "resnet18")[0] == 0


def test_an_interrupt_exits_130(archspec: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt
    monkeypatch.setattr("archspec.cli.options.load", interrupt)
    assert archspec("summary", "resnet50")[0] == 130


def test_warnings_go_to_standard_error(archspec: Run, tmp_path: Path) -> None:
    (tmp_path / "slip.yaml").write_text("extends: mobilenet_v2\nlet: {alhpa: 0.5}\n")
    for command in ("summary", "show"):
        code, out, error = archspec(command, str(tmp_path / "slip.yaml"))
        assert code == 0
        assert "slip.yaml:2:7: nothing reads the name 'alhpa'" in error
        assert "nothing reads" not in out


def test_show_prints_a_spec_that_means_the_same(archspec: Run, tmp_path: Path) -> None:
    for option in ([], ["--expand"]):
        path = tmp_path / f"copy{len(option)}.yaml"
        path.write_text(archspec("show", "se_resnext101_32x4d", *option)[1])
        prints = {json.loads(archspec("summary", spec, "--json")[1])["fingerprint"]
                  for spec in ("se_resnext101_32x4d", str(path))}
        assert len(prints) == 1
        assert "extends" not in path.read_text()


@pytest.mark.parametrize(("key", "last", "overridden"), [
    ("stages.repeats", "resnext101_32x4d.yaml", 1), ("stages.widths", "resnet50.yaml", 0), ("stages.se", "--set:1:1: 8", 1),
    ("stages.expansion", "the default of the block bottleneck", 0)])
def test_explain_says_where_a_value_came_from(archspec: Run, key: str, last: str, overridden: int) -> None:
    code, out, _ = archspec("show", "se_resnext101_32x4d", "--set", "stages.se=8", "--explain", key)
    assert code == 0
    assert last in out.splitlines()[0]
    assert out.count("instead of") == overridden


@pytest.mark.parametrize(("key", "said"), [
    ("train.seed", "0, the default: fixes the weights, the order of the images and what augmentation draws\n"),
    ("train.init.partial", "false, the default: take what fits, and start afresh what is missing\n"),
    ("export.formats", "[savedmodel, tflite], the default: what is made for serving; keras is the model.keras that each run has\n"),
    ("defaults.unit", "conv-norm-act, the default: how convolution, norm and activation follow each other, see units\n"),
])
def test_explain_says_the_default_of_a_key_that_nothing_sets(archspec: Run, key: str, said: str) -> None:
    assert archspec("show", "resnet50", "--explain", key)[:2] == (0, said)


@pytest.mark.parametrize(("key", "message"), [
    ("train.lr", "nothing sets 'train.lr'\n  hint: did you mean train.schedule.learning_rate?\n"),
    ("train.sed", "nothing sets 'train.sed'\n  hint: did you mean 'train.seed'?\n"),
    ("train.init", "nothing sets 'train.init', and it has no default\n"),
    ("let", "nothing sets 'let'; where it is left out: none\n"), ("blocks", "nothing sets 'blocks'; where it is left out: the shipped ones only\n"),
    ("export", "nothing sets 'export'; where it is left out: its defaults\n  hint: --explain export.KEY says each: formats tolerance weights quantize accuracy_drop calibration integers pixels\n"),
    ("defaults.conv.bias", "nothing sets 'defaults.conv.bias'; where it is left out: false; true in unit `conv-act`\n"),
    ("defaults.act", "nothing sets 'defaults.act'; where it is left out: relu\n"),
    ("stages.memory", "nothing sets 'stages.memory'; where it is left out: the spec's `memory`\n"),
])
def test_explain_of_a_key_that_has_no_value(archspec: Run, key: str, message: str) -> None:
    assert archspec("show", "resnet50", "--explain", key) == (2, "", message)


def test_list_shows_every_spec_and_block(archspec: Run) -> None:
    document = json.loads(archspec("list", "--json")[1])
    found = {entry["name"]: entry for entry in document["specs"]}
    assert (found["vgg16"]["family"], found["vgg16"]["parameters"]) == ("vgg", 138357544)
    assert {"bottleneck", "se", "dense_layer"} <= {entry["name"] for entry in document["blocks"]}
    assert "resnet_2015" in document["recipes"]
    table = archspec("list")[1]
    assert all(name in table for name in found)


def test_blocks_are_listed_below_the_file_that_holds_them(archspec: Run) -> None:
    files = [line for line in archspec("list", "--blocks")[1].splitlines() if not line.startswith(" ")]
    assert len(files) > 10
    assert all(Path(file).is_file() for file in files)


def test_help_says_the_first_sentence_of_each_command_whole(archspec: Run) -> None:
    code, out, _ = archspec("--help")
    assert code == 0
    for name, (_, sentence) in COMMANDS.items():
        command = Commands().get_command(click.Context(Commands()), name)
        assert command is not None
        assert " ".join(str(command.help).split()).startswith(sentence)
        assert sentence in " ".join(out.split())


def test_version_says_which_frameworks_are_installed(archspec: Run) -> None:
    code, out, _ = archspec("--version")
    assert (code, out) == (0, f"archspec {version('archspec-keras')}, TensorFlow {version('tensorflow')}, "
                              f"Keras {version('keras')}, Python {platform.python_version()}\n")


def test_verify_reports_every_spec_that_cannot_be_read(archspec: Run, broken: str) -> None:
    code, out, err = archspec("verify", "nofile", "resnet18x", broken)
    assert (code, out) == (2, "")
    assert [line for line in err.splitlines() if line.startswith(("nofile", "resnet18x", broken))] == [
        f"{broken}:3:18: the name 'widht' is not defined here", f"{broken}:4:1: a spec has no section 'haed'",
        "nofile:1:1: there is no such file, and no shipped spec of that name",
        "resnet18x:1:1: there is no such file, and no shipped spec of that name"]


@pytest.mark.parametrize(("typed", "meant"), [
    ("snap.yaml", "did you mean 'snaps.yaml'?"), ("specs/snap.yaml", "did you mean 'specs/snapy.yml'?"), ("snaps", "did you mean 'snaps.yaml'?"),
    ("resnet19", "did you mean 'resnet18'?"), ("xsnapsx", "did you mean 'snaps.yaml'?"), ("resnet5", "did you mean 'resnet50'?"), ("runs/snap", "`archspec list` shows the specs that ship with archspec")])
def test_a_spec_that_is_meant_is_written_as_it_has_to_be_typed(typed: str, meant: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                               capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("specs", "runs/snaps"):
        Path(folder).mkdir(parents=True)
    for name in ("snaps.yaml", "specs/snapy.yml", "net.yaml"):
        Path(name).touch()
    assert run(["train", typed]) == 2
    assert capsys.readouterr().err.endswith(f"\n  hint: {meant}\n")


@pytest.mark.slow
def test_verify_exits_1_where_a_figure_differs(archspec: Run) -> None:
    assert archspec("verify", "cifar_resnet20")[0] == 0
    code, out, _ = archspec("verify", "cifar_resnet20", "--set", "published.params=269723", "--set", "published.macs=4.06e7")
    assert code == 1
    assert "trainable parameters: 269,722, published 269,723" in out
    assert "multiply-adds: 40,551,040, as published" in out


def test_without_a_terminal_there_are_no_colours(archspec: Run) -> None:
    assert "\x1b" not in archspec("summary", "resnet50")[1] + archspec("list")[1]


def test_list_shows_what_has_a_word(archspec: Run) -> None:
    code, out, _ = archspec("list", "VGG1", "--json")
    assert {entry["name"] for entry in json.loads(out)["specs"]} >= {"vgg11", "se_vgg16", "keras_vgg19"}
    assert all("vgg1" in entry["name"] for entry in json.loads(out)["specs"])
    assert archspec("list", "highway", "--blocks")[1].startswith("specs/blocks/highway.yaml\n")
    code, out, err = archspec("list", "resnet5o")
    assert (code, out) == (2, "")
    assert err == "no spec has 'resnet5o' in its name, family or description\n  hint: did you mean 'resnet50'?\n"


def test_list_of_blocks_shows_what_each_takes(archspec: Run) -> None:
    assert archspec("list", "highway", "--blocks")[1].splitlines()[1] == "  highway_conv: width gate_bias=-2"
    assert archspec("list", "botleneck", "--blocks") == (
        2, "", "no block has 'botleneck' in its name, family or description\n  hint: did you mean 'bottleneck'?\n")


COPIED = "blocks:\n  mine: {like: basic, edit: {conv2: {replace: []}}}  # shorter\n"
OTHERS = "  two:\n    body:\n      - act\n\n      # behind it\n      - norm\n  three: {body: [act]}\n"
NET = "input: 32x32x3\nclasses: 10\nstem: [two, three]\nstages: {block: mine, width: 16}\nhead: [global_avg_pool, dense: 10]\n"


def test_show_prints_a_block_as_it_is_written(archspec: Run, tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(COPIED + OTHERS + NET)
    net = str(tmp_path / "net.yaml")
    assert archspec("show", net, "--block", "mine")[:2] == (0, COPIED)
    assert archspec("show", net, "--block", "two")[1] == "blocks:\n  two:\n    body:\n      - act\n\n      # behind it\n      - norm\n"
    assert archspec("show", "--block", "highway_conv")[1].splitlines()[1] == (shipped() / "blocks/highway.yaml").read_text().partition("blocks:\n")[2].splitlines()[0]
    changed = archspec("show", net, "--block", "three", "--set", "blocks.three.body=[act, norm]")[1]
    assert changed == "blocks:\n  three:\n    body: [act, norm]\n"


@pytest.mark.parametrize("block", ["mine", "resnext_grouped"])
def test_show_prints_a_block_with_what_it_copies(archspec: Run, tmp_path: Path, block: str) -> None:
    (tmp_path / "net.yaml").write_text(COPIED + OTHERS + NET)
    (tmp_path / "included.yaml").write_text(archspec("show", str(tmp_path / "net.yaml"), "--block", block, "--expand")[1])
    (tmp_path / "other.yaml").write_text(f"include: included\n{NET}".replace("two, three", "act").replace("mine", block))
    spec = load(tmp_path / "other.yaml")
    assert "like" not in (tmp_path / "included.yaml").read_text()
    assert block in spec.blocks.included
    (tmp_path / "other.yaml").write_text(COPIED + NET.replace("two, three", "act").replace("mine", block))
    assert lower(spec).fingerprint == lower(load(tmp_path / "other.yaml")).fingerprint


@pytest.mark.parametrize(("arguments", "message"), [
    (["--block", "bottlneck"], "there is no block 'bottlneck'\n  hint: did you mean 'bottleneck'?\n"),
    ([], "say which SPEC, or --block NAME for a block that ships"),
    (["--block", "basic", "--set", "classes=3"], "--explain and --set are of a SPEC"),
    (["resnet50", "--block", "basic", "--explain", "classes"], "--explain and --set are of a SPEC")])
def test_show_of_no_block(arguments: list[str], message: str, archspec: Run) -> None:
    code, out, err = archspec("show", *arguments)
    assert (code, out) == (2, "")
    assert message in err


def test_summary_a_row_a_layer(archspec: Run) -> None:
    code, out, _ = archspec("summary", "vgg11", "--layers")
    rows = [line.split() for line in out.splitlines()]
    assert code == 0
    assert ["stage1_block1_conv", "conv", "224x224x64", "1,792", "86,704,128"] in rows
    assert ["total", "132,863,336", "7,609,090,048"] in rows


def test_a_current_folder_that_is_gone(archspec: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert archspec("check", "vgg11") == (2, "", "archspec check: the current folder is no longer there: go to another one\n")
    monkeypatch.chdir(tmp_path)


def test_what_a_description_says_is_shown_as_it_is(archspec: Run, tmp_path: Path) -> None:
    path = tmp_path / "odd.yaml"
    path.write_text('description: "x [/b] \\e[2J"\ninput: 8x8x3\nclasses: 3\nhead: [global_avg_pool, dense: 3]\n')
    code, out, err = archspec("summary", str(path))
    assert (code, err) == (0, "")
    assert out.startswith("odd: x [/b] \\x1b[2J\n")


def test_bytes_of_a_command_line_that_are_no_text_are_escaped_in_json(archspec: Run) -> None:
    code, out, _ = archspec("check", "--json", "resnet20_digits", "--set", "\udce9=1")
    assert (code, json.loads(out)["problems"][0]["path"]) == (2, "\udce9")
    assert '"path": "\\udce9"' in out


def test_recipes_are_listed_with_what_they_reach(archspec: Run) -> None:
    lines = archspec("list", "vgg", "--recipes")[1].splitlines()
    assert lines[:6] == [
        "vgg_2014: 74 epochs, batch 256, learning rate 0.01 per 256", "    ImageNet as the VGG paper trains",
        "    reached: net D (VGG-16) 25.6 / 8.1, net E (VGG-19) 25.5 / 8.0 % top-1 / top-5 error",
        "    measured: dense evaluation of the whole image, shorter side 384, averaged over it and its mirror",
        "    source: Simonyan & Zisserman 2015, 1409.1556, sections 3.1 to 3.3",
        "    not found: at which epochs the rate was divided; whether the momentum is Nesterov's"]
    assert archspec("list", "--recipes", "vgg_2015") == (2, "", "no recipe has 'vgg_2015' in its name or description\n  hint: did you mean 'vgg_2014'?\n")
    assert archspec("list", "--recipes", "--blocks")[0] == 2


def test_recipes_in_json(archspec: Run) -> None:
    document = json.loads(archspec("list", "rsb", "--json")[1])
    assert document["recipes"] == [entry["name"] for entry in document["recipe_entries"]] == ["rsb_a1", "rsb_a2", "rsb_a3"]
    assert document["recipe_entries"][0]["epochs"] == 600


def test_show_has_the_recipe_merged_and_the_rate_that_results(archspec: Run) -> None:
    shown = archspec("show", "resnext50_32x4d", "--set", "train.batch=1024")[1]
    assert "recipe" not in shown
    assert "milestones: [30, 60, 90]" in shown
    assert shown.endswith("# train: learning rate 0.4 (0.1 per 256, batch 1024)\n")
    assert archspec("show", "resnet20_digits")[1].splitlines()[-1] != "# train: learning rate 0.1"


def test_check_says_the_rate_that_results(archspec: Run) -> None:
    assert archspec("check", "resnet50", "--set", "train.batch=1024", "--set", "train.schedule.scaling=sqrt")[1] == (
        "resnet50: no problems; learning rate 0.2 (0.1 per 256, batch 1024, sqrt)\n")
    assert archspec("check", "resnet20_digits")[1] == "resnet20_digits: no problems\n"


def test_explain_knows_that_a_recipe_makes_void_what_stood_before(archspec: Run) -> None:
    """The ResNet's milestones were the base's; of a warm-up the recipe says nothing."""
    assert archspec("show", "resnext50_32x4d", "--explain", "train.schedule.milestones")[1].count("\n") == 1
    assert archspec("show", "resnet50", "--set", "train.recipe=rsb_a1", "--explain", "train.epochs")[1].startswith("specs/recipes/rsb_a1.yaml:")


def test_an_option_that_is_a_key_is_told_as_that(archspec: Run) -> None:
    for option, said in (("--epochs", "--set train.epochs=VALUE"), ("--batch-size", "--set train.batch=VALUE"),
                         ("--lr", "--set train.schedule.learning_rate=VALUE"),
                         ("--warmup", "--set train.ema.warmup=VALUE or --set train.schedule.warmup=VALUE")):
        code, _, err = archspec("train", "resnet20_digits", option, "3")
        assert (code, err.splitlines()[-1]) == (2, f"  hint: {said}")
    assert "hint" not in archspec("train", "resnet20_digits", "--sigma", "3")[2]
    assert "hint" not in archspec("list", "--epochs")[2]


def test_where_stretched_points_come_to_lie_is_said(archspec: Run) -> None:
    code, out, _ = archspec("check", "resnet20_digits", "--set", "train.epochs=6")
    assert (code, out) == (0, "resnet20_digits: no problems; learning rate 0.1; points for 24 epochs stretched to 6: "
                              "warmup 0.25, milestones 3 4.5\n")
