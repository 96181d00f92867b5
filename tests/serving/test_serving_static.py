"""What is said of a version without running it: each rule broken, and told alone."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
from small_saved import saved

from archspec.errors import InputError
from archspec.serving import extras, graphs, layout
from archspec.serving.contract import check, unsafe
from archspec.serving.rules import RULES, Fault

Edit = Callable[[Callable[[Any], None]], Path]


def static(version: Path) -> list[Fault]:
    graph, faults = graphs.read_graph(version)
    return faults if graph is None else [*graphs.meta(graph), *graphs.signatures(graph)]


def told(faults: list[Fault]) -> list[tuple[str, str, str]]:
    return [(each.code, each.where, each.message) for each in faults]


def test_nothing_is_said_of_what_is_right(base: Path, version: Path) -> None:
    assert static(version) == []
    assert [*layout.layout(base), *layout.files(version), *layout.variables(version, needed=True), *extras.labels(version),
            *extras.configs(base)] == []


def _signature(meta: Any, name: str = "serving_default") -> Any:
    return meta.signature_def[name]


def _into_function(meta: Any, op: str) -> None:
    """Adds an operation to the function that computes serving_default."""
    inner = next(each for each in meta.graph_def.library.function if "default" in each.signature.name and "signature" not in each.signature.name)
    inner.node_def.add(name="added", op=op)


def _compiled(meta: Any) -> None:
    for each in meta.graph_def.library.function:
        if "inference_default" in each.signature.name:
            each.attr["_XlaMustCompile"].b = True


def _on_gpu(meta: Any) -> None:
    _into_function(meta, "NoOp")
    for each in meta.graph_def.library.function:
        for node in each.node_def:
            if node.name == "added":
                node.device = "/device:GPU:0"


def _renamed(side: str, old: str, new: str) -> Callable[[Any], None]:
    def change(meta: Any) -> None:
        infos = getattr(_signature(meta), side)
        infos[new].CopyFrom(infos[old])
        del infos[old]
    return change


def _set(**values: Any) -> Callable[[Any], None]:
    return lambda meta: [setattr(_signature(meta).outputs["scores"], key, value) for key, value in values.items()]


DEFAULT_OUT = "serving_default, output scores"


@pytest.mark.parametrize(("change", "expected"), [
    (lambda meta: meta.meta_info_def.tags.append("gpu"), [("meta.tags", "saved_model.pb", "its meta graphs are gpu+serve")]),
    (lambda meta: meta.signature_def.pop("serving_default"), [("signature.default", "", "there are classify, image_bytes")]),
    (lambda meta: setattr(meta.meta_info_def, "stripped_default_attrs", False), [("meta.stripped", "", "they are all written out")]),
    (lambda meta: setattr(_signature(meta), "method_name", "other"), [("signature.method", "serving_default", "its method is other")]),
    (lambda meta: _signature(meta).outputs["scores"].tensor_shape.ClearField("dim"), [("signature.batch", DEFAULT_OUT, "is a scalar")]),
    (lambda meta: setattr(_signature(meta).outputs["scores"].tensor_shape.dim[0], "size", 4),
     [("signature.batch", DEFAULT_OUT, "has a batch of 4 alone")]),
    (lambda meta: setattr(_signature(meta).inputs["images"].tensor_shape.dim[1], "size", -1),
     [("signature.shapes", "serving_default, input images", "has axes of any size: requests of different sizes cannot be batched")]),
    (lambda meta: setattr(_signature(meta).inputs["images"].tensor_shape, "unknown_rank", True),
     [("signature.shapes", "serving_default, input images", "may have any number of axes")]),
    (lambda meta: _signature(meta, "image_bytes").inputs["image_bytes"].tensor_shape.dim.add(size=-1),
     [("signature.shapes", "image_bytes, input image_bytes", "are strings with 2 axes")]),
    (_set(dtype=19), [("signature.numbers", DEFAULT_OUT, "is half")]),
    (_set(dtype=9999), [("signature.numbers", DEFAULT_OUT, "is unknown")]),
    (lambda meta: setattr(_signature(meta).outputs["scores"].coo_sparse, "values_tensor_name", "x"),
     [("signature.tensors", DEFAULT_OUT, "is no dense tensor")]),
    (_renamed("inputs", "images", "keras_tensor_57"), [("signature.keys", "serving_default, input keras_tensor_57", "looks made up by a tool")]),
    (_renamed("outputs", "scores", "output_0"), [("signature.keys", "serving_default, output output_0", "looks made up by a tool")]),
    (_renamed("inputs", "images", "b64"), [("signature.b64", "serving_default, input b64", "is called so")]),
    (lambda meta: setattr(_signature(meta, "classify").outputs["scores"], "dtype", 2),
     [("signature.classify", "classify", "scores are not float32")]),
    (lambda meta: setattr(_signature(meta), "method_name", graphs.CLASSIFY), [
        ("signature.classify", "serving_default", "its inputs are images"),
        ("signature.classify", "serving_default", "its outputs are classes, labels, probabilities, scores"),
        ("signature.classify", "serving_default", "classes are not strings")]),
])
def test_a_signature_or_meta_graph(change: Callable[[Any], None], expected: list[tuple[str, str, str]], edited: Edit) -> None:
    assert told(static(edited(change))) == expected


@pytest.mark.parametrize(("op", "code"), [("EagerPyFunc", "signature.python"), ("AssignVariableOp", "signature.pure"),
                                          ("RandomUniform", "signature.pure"), ("MyOwnOp", "meta.operations"), *(
                                              (op, "meta.files") for op in ("WriteFile", "SnapshotDatasetV2", "SqlDataset", "CreateSummaryDbWriter",
                                                                            "RestoreV2", "ImmutableConst", "ReaderReadUpToV2", "RpcCall", "RemoteCall",
                                                                            "DecodeProtoV2", "GenerateVocabRemapping", "FixedUnigramCandidateSampler"))])
def test_an_operation_that_a_signature_reaches(op: str, code: str, edited: Edit) -> None:
    """The three signatures call one function, and each is told."""
    found = told(static(edited(lambda meta: _into_function(meta, op))))
    assert {each[0] for each in found} == {code}
    assert all(op in each[2] for each in found)
    assert [each[1] for each in found] in (["classify", "image_bytes", "serving_default"], [""])


def test_an_operation_that_none_reaches(edited: Edit) -> None:
    assert static(edited(lambda meta: meta.graph_def.node.add(name="far", op="EagerPyFunc"))) == []


def test_what_xla_has_compiled_elsewhere_is_not_run(edited: Edit) -> None:
    found = told(static(edited(lambda meta: _into_function(meta, "XlaCallModule"))))
    assert {each[0] for each in found} == {"signature.xla", "meta.files"}


@pytest.mark.parametrize(("change", "where"), [
    (lambda meta: meta.signature_def["__saved_model_init_op"].outputs["__saved_model_init_op"].__setattr__("name", "evil"), "initialising"),
    (lambda meta: meta.signature_def["__saved_model_else"].outputs["x"].__setattr__("name", "evil:0"), "initialising"),
    (lambda meta: meta.collection_def["saved_model_main_op"].node_list.value.append("evil"), "initialising"),
    (lambda meta: meta.collection_def["legacy_init_op"].node_list.value.append("evil"), "initialising"),
    (lambda meta: next(each for each in meta.graph_def.node if each.name == meta.saver_def.restore_op_name).input.append("^evil"),
     "restoring the variables")])
def test_what_is_run_when_it_is_loaded_is_looked_at(change: Callable[[Any], None], where: str, edited: Edit) -> None:
    def evil(meta: Any) -> None:
        meta.graph_def.node.add(name="evil", op="NoOp", input=["^written"])
        meta.graph_def.node.add(name="written", op="WriteFile")
        change(meta)
    assert told(static(edited(evil))) == [("meta.files", where, "WriteFile")]


def test_variables_are_restored_from_the_versions_own_files_alone(edited: Edit) -> None:
    def elsewhere(meta: Any) -> None:
        meta.graph_def.node.add(name="other", op="Const")
        call = next(each for each in meta.graph_def.node if each.name == meta.saver_def.restore_op_name)
        call.input[0] = "other"
    assert told(static(edited(elsewhere))) == [("meta.files", "restoring the variables", "RestoreV2")]


def test_a_function_that_tensorflow_may_take_instead(edited: Edit) -> None:
    def twin(meta: Any) -> None:
        other = meta.graph_def.library.function.add()
        other.signature.name = "other"
        other.node_def.add(name="w", op="WriteFile")
        for each in meta.graph_def.library.function:
            if "inference_default" in each.signature.name or each is other:
                each.attr["api_implements"].s = b"same"
    assert {(each.code, each.message) for each in static(edited(twin))} == {("meta.files", "WriteFile")}


class Words(tf.Module):
    """Looks words up in a file of its own."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        whole, line = tf.lookup.TextFileIndex.WHOLE_LINE, tf.lookup.TextFileIndex.LINE_NUMBER
        self.table = tf.lookup.StaticHashTable(tf.lookup.TextFileInitializer(str(path), tf.string, whole, tf.int64, line), -1)
        self.one = tf.Variable(1.0)

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.string, "words")])
    def look(self, words: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"scores": tf.cast(self.table[words], tf.float32) * self.one}


TOUCHED = ["InitializeTableFromTextFileV2"]


@pytest.fixture(scope="module")
def _words(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("words")
    (folder / "words.txt").write_text("a\nb\n")
    module = Words(folder / "words.txt")
    return saved(module, {"serving_default": module.look}, folder / "1")


@pytest.fixture
def words(_words: Path, tmp_path: Path) -> Path:
    """A version that reads a file of its own; may be changed."""
    return Path(shutil.copytree(_words, tmp_path / "1"))


def _secret(meta: Any, variable: str) -> None:
    """The name of another file, too, for a variable."""
    meta.graph_def.node.add(name="secret", op="Const")
    meta.graph_def.node.add(name="again", op="AssignVariableOp", input=[variable, "secret"])


def _nameless(meta: Any) -> None:
    """To TensorFlow two variables without shared_name are one."""
    next(each for each in meta.graph_def.node if each.name == "Variable").attr["shared_name"].s = b""
    meta.graph_def.node.add(name="other", op="VarHandleOp")
    _secret(meta, "other")


def _forged(meta: Any) -> None:
    """A handle that is a constant."""
    meta.graph_def.node.add(name="handle", op="Const").attr["dtype"].type = 20
    _secret(meta, "handle")


def _early(meta: Any) -> None:
    """While variables are restored assets have the names that stand in the graph."""
    next(each for each in meta.graph_def.node if each.name == meta.saver_def.restore_op_name).input.append("^Variable/Assign")


@pytest.mark.parametrize(("change", "expected"), [
    (lambda meta: None, []),
    (lambda meta: meta.asset_file_def[0].__setattr__("filename", "../../secret"), TOUCHED),
    (lambda meta: meta.asset_file_def[0].__setattr__("filename", "/etc/hostname"), TOUCHED),
    (lambda meta: meta.asset_file_def[0].__setattr__("filename", "gone.txt"), TOUCHED),
    (lambda meta: meta.asset_file_def.add(filename="/etc/hostname").tensor_info.__setattr__("name", "asset_path_initializer:00"), TOUCHED),
    (lambda meta: _secret(meta, "Variable"), TOUCHED),
    (lambda meta: _secret(meta, "Variable:00"), TOUCHED),
    (_nameless, TOUCHED),
    (_forged, TOUCHED),
    (_early, TOUCHED),
])
def test_a_table_may_be_filled_from_an_asset(change: Callable[[Any], None], expected: list[str], words: Path) -> None:
    graph, _ = graphs.read_graph(words)
    assert graph is not None
    change(graph.meta)
    assert [each.message for each in graphs.meta(graph)] == expected


def test_tensorflows_loader_for_python_runs_more_than_a_servers(words: Path) -> None:
    assert [(each.where, each.message) for each in unsafe(words)] == [("making objects", "InitializeTableFromTextFileV2")]


def test_an_asset_that_is_a_link_out_of_the_folder_is_not_its_own(words: Path, tmp_path: Path) -> None:
    asset = next((words / "assets").iterdir())
    asset.unlink()
    asset.symlink_to(tmp_path / "words.txt")
    assert [(each.code, each.message) for each in unsafe(words)][:2] == [
        ("files.inside", f"assets/{asset.name} leads out of the folder"), ("meta.files", "InitializeTableFromTextFileV2")]


def test_a_function_that_has_to_be_compiled(edited: Edit) -> None:
    assert {each.code for each in static(edited(_compiled))} == {"signature.xla"}


def test_a_device(edited: Edit) -> None:
    found = static(edited(_on_gpu))
    assert {(each.code, each.message) for each in found} == {("signature.devices", "/device:GPU:0")}


def test_printing_into_a_file_is_writing(edited: Edit) -> None:
    def change(meta: Any) -> None:
        _into_function(meta, "PrintV2")
        for each in meta.graph_def.library.function:
            for node in each.node_def:
                if node.op == "PrintV2":
                    node.attr["output_stream"].s = b"file:///tmp/x"
    assert {(each.code, each.message) for each in static(edited(change))} == {("meta.files", "PrintV2 into a file")}


@pytest.mark.parametrize("data", [b"no protobuf at all", b"\x0a\xff\xff\xff\xff\x0f"])
def test_bytes_that_are_no_saved_model(data: bytes, version: Path) -> None:
    (version / "saved_model.pb").write_bytes(data)
    assert [each.code for each in static(version)] == ["files.graph"]


def test_a_graph_for_which_there_is_no_memory(version: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphs, "free_memory", lambda: 100)
    assert told(static(version)) == [("files.graph", "saved_model.pb", f"has {(version / 'saved_model.pb').stat().st_size:,} bytes, "
                                      "for which there is no memory here")]


def _half(base: Path) -> None:
    (base / "4").mkdir()


def _file(base: Path) -> None:
    (base / "5").touch()


def _twice(base: Path) -> None:
    (base / "03").symlink_to("3")


def _below_zero(base: Path) -> None:
    (base / "3").rename(base / "-3")


@pytest.mark.parametrize(("change", "expected"), [
    (_half, [("layout.whole", "4", "is called by a number and holds no saved_model.pb: the server takes it for a version")]),
    (_file, [("layout.whole", "5", "is called by a number and holds no saved_model.pb: the server takes it for a version")]),
    (_twice, [("layout.names", "03", "is no plain number"), ("layout.names", "3", "is the same version as 03: one of them is ignored")]),
    (_below_zero, [("layout.names", "-3", "is no plain number")]),
    (lambda base: (base / ".tmp-4").mkdir(), []),
])
def test_the_layout(change: Callable[[Path], None], expected: list[tuple[str, str, str]], base: Path) -> None:
    change(base)
    assert told(list(layout.layout(base))) == expected


def test_a_saved_model_one_level_too_high(version: Path) -> None:
    assert list(layout.layout(version)) == []
    moved = version.rename(version.with_name("net"))
    assert told(list(layout.layout(moved))) == [
        ("layout.versions", "", "saved_model.pb lies in net, which is no number: a server that is given this folder, or the one above it, "
         "waits for a version for ever")]


def test_where_there_is_no_saved_model(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        check(tmp_path, 1)
    assert str(error.value) == (f"{tmp_path} holds no SavedModel: neither saved_model.pb nor NUMBER/saved_model.pb is there\n"
                                "  hint: name the folder of a model or of one version, such as models/NAME")


def test_where_there_are_models(base: Path) -> None:
    with pytest.raises(InputError) as error:
        layout.saved_models(base.parent)
    assert str(error.value) == f"{base.parent} holds models, not versions of one\n  hint: name one of {base}"


def _data(version: Path) -> Path:
    return version / "variables/variables.data-00000-of-00001"


@pytest.mark.parametrize(("change", "expected"), [
    (lambda version: (version / "export.meta").touch(), [("files.format", "export.meta", "is there")]),
    (lambda version: (version / "model.tflite").touch(), [("files.tflite", "model.tflite", "is there")]),
    (lambda version: (version / "saved_model.pb").write_bytes(b""), [("files.graph", "saved_model.pb", "has 0 bytes")]),
    (lambda version: (version / "assets.extra/labels.txt").chmod(0o600), [("files.readable", "", "not everybody may read assets.extra/labels.txt")]),
    (lambda version: (version / "assets.extra/hosts").symlink_to("/etc/hosts"), [("files.inside", "", "assets.extra/hosts leads out of the folder")]),
    (lambda version: (version / "variables/variables.index").unlink(), [("files.variables", "variables/variables.index", "is not there")]),
    (lambda version: _data(version).rename(version / "variables/variables.data-00000-of-00002"),
     [("files.variables", "variables", "of the data files there are variables.data-00000-of-00002")]),
    (lambda version: _data(version).unlink(), [("files.variables", "variables", "of the data files there are none")]),
    (lambda version: _data(version).write_bytes(b""), [("files.variables", "variables/variables.data-00000-of-00001", "is empty, or no file")]),
    (lambda version: (version / "assets.extra/labels.txt").write_text("a\n\nc\n"), [("labels", "labels.txt:2", "is empty")]),
    (lambda version: (version / "assets.extra/labels.txt").write_text("a\nb\na\n"), [("labels", "labels.txt", "names twice a")]),
])
def test_the_files_of_a_version(change: Callable[[Path], None], expected: list[tuple[str, str, str]], version: Path) -> None:
    change(version)
    assert told([*layout.files(version), *layout.variables(version, needed=True), *extras.labels(version)]) == expected


def test_a_graph_of_constants_needs_no_variables(version: Path) -> None:
    for name in os.listdir(version / "variables"):
        (version / "variables" / name).unlink()
    assert list(layout.variables(version, needed=False)) == []


CONFIG = 'model_config_list {{ config {{ name: "small" base_path: "/models/small" model_platform: "tensorflow" {0} }} }}'


@pytest.mark.parametrize(("name", "text", "expected"), [
    ("batching.config", "max_batch_size { value: 8 } allowed_batch_sizes: [1, 4]",
     [("batching", "batching.config", "allowed_batch_sizes are 1, 4, max_batch_size is 8")]),
    ("batching.config", "max_batch_size: { value: 8 }, allowed_batch_sizes: [1, 8]", []),
    ("batching.config", "allowed_batch_sizes: 4 allowed_batch_sizes: 1", [("batching", "batching.config", "allowed_batch_sizes are 4, 1, max_batch_size is 1000")]),
    ("3/batching_params.pbtxt", "max_batch_size { value: x }", [("batching", "batching_params.pbtxt", "'x' is no number")]),
    ("batching.config", "max_batch_size { value: 0x10 } allowed_batch_sizes: 010 allowed_batch_sizes: 16", []),
    ("model.config", CONFIG.format("model_version_policy { specific { versions: latest } }"), [("config", "model.config, small", "'latest' is no number")]),
    ("model.config", CONFIG.format('version_labels { key: "stable" value: 0x3 }'), []),
    ("batching.config", "max_batch_size { value: 8", [("batching", "batching.config", "it ends in the middle")]),
    ("batching.config", "}", [("batching", "batching.config", "a bracket is closed that was not opened")]),
    ("model.config", "\n@", [("config", "model.config", "line 2 is no protobuf text")]),
    ("model.config", "model_config_list { }", [("config", "model.config", "its models are none")]),
    ("model.config", 'model_config_list { config { name: "a/b" base_path: "models/a" } }', [
        ("config", "model.config, a/b", "is no name that can stand in an address"), ("config", "model.config, a/b", "model_platform is not tensorflow"),
        ("config", "model.config, a/b", "base_path models/a is not absolute")]),
    ("model.config", CONFIG.format("model_version_policy { specific { versions: 2 versions: 3 } }"),
     [("config", "model.config, small", "there is no version 2")]),
    ("model.config", CONFIG.format('version_labels { key: "stable" value: 2 }'), [("config", "model.config, small", "labels name versions that are not served: 2")]),
    ("model.config", CONFIG.format('model_version_policy { all { } } version_labels { key: "stable" value: 3 }'), []),
])
def test_configurations_beside_the_versions(name: str, text: str, expected: list[tuple[str, str, str]], base: Path) -> None:
    (base / name).write_text(text)
    assert told(list(extras.configs(base))) == expected


def test_what_to_do_about_versions_that_are_not_there(base: Path) -> None:
    (base / "model.config").write_text(CONFIG.format('model_version_policy { specific { versions: 2 versions: 3 } }'))
    (missing,) = extras.configs(base)
    assert missing.hint == "name versions in `specific` that are there (3), or put back the folder 2"
    (base / "model.config").write_text(CONFIG.format('version_labels { key: "stable" value: 2 }'))
    (unserved,) = extras.configs(base)
    assert unserved.hint == "let version_labels name what is served (3), or name the others in `specific`, too"


def test_every_rule_has_its_words() -> None:
    assert all(rule.says and rule.hint and not rule.says.endswith(".") for rule in RULES.values())
