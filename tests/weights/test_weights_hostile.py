"""Files of weights from strangers: nothing in them is run or followed, and none costs more than it says."""

from __future__ import annotations

import errno
import io
import json
import pickle
import re
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
from programs import archive, call, mapping, named, number, row, several, storage, tensor, text

from archspec.errors import InputError
from archspec.weights import apart, archives, files, pickles
from archspec.weights.files import open_weights
from archspec.weights.torch_file import HINT

FILES = Path(__file__).with_name("files")


def refusal(path: Path) -> str:
    """What is said of a file that is refused, without its name, once everything in it has been asked for."""
    with pytest.raises(InputError) as error, open_weights(path) as file:
        for stored in file.tensors.values():
            stored.read()
    assert str(error.value).startswith(f"{path}: ")
    return str(error.value).removeprefix(f"{path}: ")


# -- pickles -----------------------------------------------------------------------------------------------------------

class Harm:
    """Unpickled, it would leave a file behind."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> object:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("protocol", [2, 4, 5])
@pytest.mark.parametrize("legacy", [False, True])
def test_a_pickle_is_not_run(legacy: bool, protocol: int, tmp_path: Path) -> None:
    program = pickle.dumps({"weight": Harm(tmp_path / "harm")}, protocol)
    path = tmp_path / "a.pth"
    if legacy:
        path.write_bytes(b"".join(pickle.dumps(part, 2) for part in (0x1950A86A20F9469CFC6C, 1001, {})) + program
                         + pickle.dumps([], 2))
    else:
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("archive/data.pkl", program)
    assert refusal(path).startswith("this state dict is not read: there are no tensors in it where checkpoints keep them but ")
    assert not (tmp_path / "harm").exists()


NOT_DESCRIBED = "a tensor is not described as PyTorch does"
HOSTILE = {
    "beyond": (mapping(w=tensor((5,), (1,))), "a tensor reaches beyond its storage"),
    "beyond by its offset": (mapping(w=tensor((4,), (1,), offset=1)), "a tensor reaches beyond its storage"),
    "beyond by its strides": (mapping(w=tensor((2, 2), (2, 2))), "a tensor reaches beyond its storage"),
    "negative": (mapping(w=tensor((2,), (1,), offset=-1)), NOT_DESCRIBED),
    "a stride too few": (mapping(w=tensor((2, 2), (1,))), NOT_DESCRIBED),
    "many axes": (mapping(w=tensor((1,) * 17, (1,) * 17)), NOT_DESCRIBED),
    "numbers of many digits": (mapping(w=named("torch._utils", "_rebuild_tensor_v2") + several(
        storage(4), number(0), several(b"\x8b" + (3000).to_bytes(4, "little") + bytes(2999) + b"\1"), several(number(1))) + b"R"),
        NOT_DESCRIBED),
    "changed afterwards": (mapping(w=row() + mapping(shape=several(number(64))) + b"b"), "storage 0 is cut short"),
    "no dictionary": (b"]", "it is a list, not a dictionary of tensors"),
    "a whole model": (call("nets", "Net"), "it is a nets.Net, not a dictionary of tensors"),
    "twice": (b")2\x86", "its pickle has the instruction DUP, which no state dict needs"),
    "an extension": (b"\x82\x01", "its pickle has the instruction EXT1, which no state dict needs"),
    "an instance": (b"(inets\nNet\n", "its pickle has the instruction INST, which no state dict needs"),
    "below the mark": (b")(\x85", "its pickle is damaged (it takes more than it has)"),
    "no mark": (b"t", "its pickle is damaged (a mark is missing)"),
    "never kept": (b"h\x01", "its pickle is damaged (it recalls what it never kept)"),
    "an odd entry": (b"}(" + text("w") + b"u", "its pickle is damaged (it fills what is no dictionary)"),
    "a text appended to": (text("w") + b"Na", "its pickle is damaged (it appends to what is no list)"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_pickles(case: str, tmp_path: Path) -> None:
    program, message = HOSTILE[case]
    path = archive(tmp_path / "a.pth", program, n0=np.zeros(4 if case.startswith("beyond") else 1, "<f4"))
    assert refusal(path).startswith(f"this state dict is not read: {message}")
    assert refusal(path).endswith(f"\n  hint: {HINT}")


def test_nothing_that_is_named_can_be_changed(tmp_path: Path) -> None:
    before = pickles._tensor.__doc__
    target = named("torch._utils", "_rebuild_tensor_v2") + b"N" + mapping(__doc__=text("changed")) + b"\x86b"
    archive(tmp_path / "a.pth", mapping(a=target, w=row()), n0=np.zeros(4, "<f4"))
    with open_weights(tmp_path / "a.pth") as file:
        assert list(file.tensors) == ["w"]
    assert pickles._tensor.__doc__ == before


@pytest.mark.parametrize("key", [b")" + b"q\x00" + b"h\x00h\x00\x86q\x00" * 60, number(1), b"N", b"G" + bytes(8)])
def test_keys_are_texts_and_others_are_never_hashed(key: bytes, tmp_path: Path) -> None:
    program = b"}(" + key + b"N" + text("w") + row() + b"u"
    with open_weights(archive(tmp_path / "a.pth", program, n0=np.zeros(4, "<f4"))) as file:
        assert list(file.tensors) == ["w"]


def test_a_program_is_no_longer_than_a_network_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pickles, "MOST_INSTRUCTIONS", 1000)
    assert "its pickle has more than 1,000 instructions" in refusal(archive(tmp_path / "a.pth", b"(" * 1000))
    monkeypatch.setattr(pickles, "MOST_BYTES", 1000)
    assert "archive/data.pkl in it has 1,003 bytes, more than 1,000" in refusal(archive(tmp_path / "b.pth", b"N" * 1000))


def test_what_is_named_again_and_again_costs_nothing_again(tmp_path: Path) -> None:
    pairs = b"](" + b"".join(text(f"k{number}") + b"N\x86" for number in range(1000)) + b"e"
    program = named("collections", "OrderedDict") + b"q\x00" + pairs + b"q\x01" + b"](" + b"h\x00h\x01\x85R" * 100 + b"e."
    made = pickles.read_pickle(io.BytesIO(program)).value
    assert sum(map(len, made)) == 1000
    long = named("torch", "A" * 1025)
    assert "its pickle has a name of more than 1,024 characters" in refusal(archive(tmp_path / "a.pth", long))
    long = text("torch") + text("A" * 1025) + b"\x93"
    assert "its pickle has a name of more than 1,024 characters" in refusal(archive(tmp_path / "b.pth", long))


@pytest.mark.parametrize("index", [b"r\xff\xff\xff\xff", b"q\xff"])
def test_an_index_of_the_memo_reserves_nothing(index: bytes, tmp_path: Path) -> None:
    with open_weights(archive(tmp_path / "a.pth", mapping(w=row()) + index, n0=np.zeros(4, "<f4"))) as file:
        assert list(file.tensors) == ["w"]


@pytest.mark.parametrize("name", ["a\x1b[2J", "a\nb", "a" * 2000])
def test_names_that_cannot_be_printed(name: str, tmp_path: Path) -> None:
    path = archive(tmp_path / "a.pth", b"}(" + text(name) + row() + b"u", n0=np.zeros(4, "<f4"))
    assert refusal(path) == f"a tensor in it has no name to print of up to 1,024 characters: {ascii(name)[1:-1][:60]}"


def test_more_tensors_than_any_network_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST_TENSORS", 2)
    assert refusal(archive(tmp_path / "a.pth", mapping(a=row(), b=row(), c=row()))) == "it has 3 tensors, more than 2"


# -- archives ----------------------------------------------------------------------------------------------------------

def test_a_compressed_pickle_is_refused(tmp_path: Path) -> None:
    assert "archive/data.pkl in it is compressed, which torch.save never does" in refusal(
        archive(tmp_path / "a.pth", b"}", zipfile.ZIP_DEFLATED))


def test_members_that_overlap(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.pth", mapping(w=row()), n0=np.zeros(4096, "<f4"))
    data = path.read_bytes()
    start = data.rindex(b"PK\1\2")
    end = data.index(b"PK\5\6")
    entry, size = data[start:end], len(data[start:end])
    directory = int.from_bytes(data[end + 12:end + 16], "little")
    counted = data[end:end + 8] + (5).to_bytes(2, "little") * 2 + (directory + 3 * size).to_bytes(4, "little") + data[end + 16:]
    path.write_bytes(data[:end] + entry * 3 + counted)
    assert refusal(path) == "this archive is damaged (its members overlap)"


def test_a_list_of_members_that_is_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_DIRECTORY", 100)
    assert refusal(archive(tmp_path / "a.pth", b"}", n0=np.zeros(1))) == (
        "this archive is damaged (the list of its members is too long)")


def keras_archive(path: Path, config: bytes, weights: bytes, compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as file:
        file.writestr("config.json", config)
        file.writestr("model.weights.h5", weights)
    return path


def empty_h5() -> bytes:
    buffer = io.BytesIO()
    h5py.File(buffer, "w").close()
    return buffer.getvalue()


def test_archives_of_keras_that_unpack_to_more(tmp_path: Path) -> None:
    path = keras_archive(tmp_path / "a.keras", b"{}", bytes(10 << 20))
    assert re.fullmatch(r"this archive is damaged \(model\.weights\.h5 unpacks from 10,[12]\d\d to 10,485,760 bytes\)", refusal(path))
    path = keras_archive(tmp_path / "b.keras", b" " * (9 << 20), empty_h5(), zipfile.ZIP_STORED)
    assert refusal(path) == "this archive is damaged (config.json unpacks from 9,437,184 to 9,437,184 bytes)"


@pytest.mark.parametrize("config", [
    b"[" * 100_000, b"{", b"[]", b"\xff", json.dumps({"config": {"layers": [{"class_name": 1, "config": {"name": "a"}}]}}).encode(),
    json.dumps({"config": {"layers": [{"class_name": "A", "config": {"name": 1}}]}}).encode(),
])
def test_configurations_of_keras(config: bytes, tmp_path: Path) -> None:
    path = keras_archive(tmp_path / "a.keras", config, empty_h5(), zipfile.ZIP_STORED)
    assert refusal(path).startswith(("its configuration is not that of a model of layers", "a name in it is no text"))


# -- HDF5 --------------------------------------------------------------------------------------------------------------

def layer(file: h5py.File, place: str = "layers/conv2d", array: object = None) -> h5py.Group:
    """A layer as Keras 3 writes it."""
    group = file.create_group(f"{place}/vars")
    group.attrs["name"] = "conv"
    group["0"] = np.ones(2, "float32") if array is None else array
    return group


def test_a_circle_of_links_and_a_chain_of_groups_linked_twice(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.weights.h5", "w") as file:
        layer(file)
        group = file.create_group("layers/deep")
        for _ in range(25):
            inner = group.create_group("a")
            group["b"] = inner
            group = inner
        group["up"] = file["layers"]
    with open_weights(tmp_path / "a.weights.h5") as found:
        assert list(found.tensors) == ["conv/kernel"]


def test_groups_nested_without_end(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.weights.h5", "w") as file:
        file.create_group("/".join("a" * 50))
    assert refusal(tmp_path / "a.weights.h5") == "its groups are nested more than 32 deep"


@pytest.mark.parametrize("link", [h5py.ExternalLink("/etc/passwd", "x"), h5py.SoftLink("/layers")])
def test_links_are_not_followed(link: object, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.weights.h5", "w") as file:
        layer(file, array=link)
    assert refusal(tmp_path / "a.weights.h5") == "0 in it is missing or a link, which may lead to any file"


def test_arrays_that_are_elsewhere_or_larger_than_they_say(tmp_path: Path) -> None:
    virtual = h5py.VirtualLayout((2,), "float32")
    virtual[:] = h5py.VirtualSource("other.h5", "x", (2,))
    makers = {
        "is kept in another file": lambda group: group.create_dataset("1", (2,), "f4", external=[("/etc/passwd", 0, 8)]),
        " is kept in another file": lambda group: group.create_virtual_dataset("1", virtual),
        "holds no numbers": lambda group: group.create_dataset("1", data="text"),
        "is compressed, which Keras never does\n  hint: h5repack -f NONE unpacks it":
            lambda group: group.create_dataset("1", data=np.zeros(1000), compression="gzip"),
        "is kept in pieces larger than itself":
            lambda group: group.create_dataset("1", (2,), "f4", maxshape=(None,), chunks=(1 << 20,)),
    }
    for index, (message, make) in enumerate(makers.items()):
        with h5py.File(tmp_path / f"{index}.h5", "w") as file:
            make(layer(file))
        assert refusal(tmp_path / f"{index}.h5") == f"/layers/conv2d/vars/1 in it {message.strip()}"


@pytest.mark.parametrize(("names", "message"), [
    ([1, 2], "layer_names in it is no list of up to 100,000 names"),
    (3, "layer_names in it is no list of up to 100,000 names"),
    ([b"\xff\xfe"], r"a name in it is not UTF-8: '\udcff\udcfe'"),
    ([b"a" * 2000], "a name in it is no text of up to 1,024 bytes: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
    ([b"../conv"], "../conv in it is missing or a link, which may lead to any file"),
])
def test_lists_of_names(names: object, message: str, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.attrs["layer_names"] = names
    assert refusal(tmp_path / "a.h5") == message


def test_a_file_over_which_the_library_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "SECONDS", 4)
    path = tmp_path / "a.h5"
    path.write_bytes((FILES / "hangs.h5").read_bytes())
    assert refusal(path) == "this HDF5 file is damaged (its library does not come to an end over it)"


def test_a_file_for_which_the_library_asks_for_gigabytes(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    path.write_bytes((FILES / "grows.h5").read_bytes())
    assert refusal(path).startswith("this HDF5 file is damaged (OSError: Can't synchronously read data")


def test_a_full_disk_is_no_damage(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="full"), archives.explained(tmp_path):
        raise OSError(errno.ENOSPC, "full")
