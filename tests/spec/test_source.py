"""Section 6: YAML is read strictly; section 7.4: a document is data from a stranger."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from work import at_most

from archspec.errors import SpecError
from archspec.schema.tree import MappingTree, plain
from archspec.spec import source
from archspec.spec.source import document, read


def codes(text: str) -> list[str]:
    with pytest.raises(SpecError) as caught:
        document(text, "x.yaml")
    return [problem.code for problem in caught.value.problems]


@pytest.mark.parametrize(("text", "value"), [
    ("1", 1), ("-1", -1), ("+1", 1), ("0", 0), ("1.5", 1.5), ("1e-4", 1e-4), ("4.089e9", 4.089e9), (".5", 0.5), ("true", True),
    ("false", False), ("null", None), ("~", None), ("no", "no"), ("off", "off"), ("yes", "yes"), ("on", "on"), ("True", "True"),
    ("FALSE", "FALSE"), ("Null", "Null"), ("010", "010"), ("0x3", "0x3"), ("0o7", "0o7"), ("1_000", "1_000"), (".nan", ".nan"),
    (".inf", ".inf"), ("1:30", "1:30"), ("2020-01-01", "2020-01-01"), ("'1'", "1"), ('"true"', "true"), ("none", "none"),
    ("1e", "1e"), ("e1", "e1"), ("-", "-"), ("224x224x3", "224x224x3"), ("= 3", "= 3"),
])
def test_scalars(text: str, value: object) -> None:
    found = plain(document(f"a: {text}" if text != "-" else 'a: "-"', "x.yaml"))
    assert found == {"a": value}
    assert type(found["a"]) is type(value)  # type: ignore[index]


def test_every_part_knows_its_place() -> None:
    tree = document("a:\n  - b\n  - {c: d}\n", "x.yaml")
    inner = tree.entries["a"].items[1]  # type: ignore[union-attr]
    assert isinstance(inner, MappingTree)
    assert (inner.key("c").line, inner.key("c").column, inner.key("c").path) == (3, 6, "a[1].c")


@pytest.mark.parametrize(("text", "code"), [
    ("a: !!python/object:os.system {}", "tag"), ("a: !!str 1", "tag"), ("a: !x 1", "tag"), ("a: 1\na: 2", "duplicate-key"),
    ("a: {b: 1, b: 1}", "duplicate-key"), ("a: &b {c: 1}\nd: {<<: *b}", "merge-key"), ("a: 1\n---\nb: 2", "second-document"),
    ("a: *b", "alias"), ("a: &a [*a]", "alias"), ("a:", "empty-value"), ("? [a]\n: 1", "key"), ("- 1", "not-a-mapping"),
    ("", "empty"),
    ("a: [1", "yaml-syntax"), ("a: b: c", "yaml-syntax"), ("\ta: 1", "yaml-syntax"), ("a: \x01", "yaml-syntax"),
    ("a: [$(min(1, 2))]", "open-expression"), ("a: 1e999", "number-size"), ("a: " + "1" * 5000, "number-size"),
    ("a: " + "[" * 9999, "too-large"), ("a: " + "{" * 9999, "too-large"), ("a: " + "[ {" * 9999, "too-large"), ("a: " + "{b: " * 9999, "too-large"), ("a: [" + "1, " * 100_001 + "]", "too-large"),
])
def test_refused(text: str, code: str) -> None:
    assert codes(text)[-1] == code


@pytest.mark.parametrize("loader", ["CSafeLoader", "SafeLoader"])
def test_brackets_are_counted_alike_by_every_yaml_parser(loader: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "_Loader", getattr(yaml, loader))
    with pytest.raises(SpecError, match=r"x\.yaml:1:64: the document is nested deeper than 60 levels"):
        document("a: " + "[" * 9999, "x.yaml")


def test_aliases_are_counted_unfolded() -> None:
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{n}: &a{n} [" + ", ".join([f"*a{n - 1}"] * 9) + "]" for n in range(1, 30)]
    with at_most(calls=20_000):
        assert codes("\n".join(lines)) == ["too-large"]


def test_levels_of_aliases_are_counted_unfolded() -> None:
    deep = ["a0: &a0 [[[[[[[[[[1]]]]]]]]]]"] + [f"a{n}: &a{n} [[[[[[[[[[*a{n - 1}]]]]]]]]]]" for n in range(1, 20)]
    assert codes("\n".join(deep)) == ["too-large"]


def test_an_alias_stands_for_what_its_anchor_names() -> None:
    assert plain(document("a: &x [1, 2]\nb: *x", "x.yaml")) == {"a": [1, 2], "b": [1, 2]}


def test_all_problems_of_the_syntax_at_once() -> None:
    assert codes("a: !!str 1\nb:\nc: 1e999\nc: 2") == ["tag", "empty-value", "number-size", "duplicate-key"]


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="cannot be read"):
        read(tmp_path)


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("#" * 1_000_001)
    with pytest.raises(SpecError, match="larger than 1000000 bytes"):
        read(path)


def test_a_byte_order_mark_and_windows_line_ends_are_fine(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    assert plain(read(path)) == {"a": 1, "b": 2}


def test_bytes_that_are_no_text_are_a_problem_of_the_text() -> None:
    """As a command line gives them: Python makes lone surrogates of them."""
    with pytest.raises(SpecError, match=r"x\.yaml:1:7: this is not YAML: surrogates not allowed\n.*\n.*\n  hint: write it as UTF-8 text$"):
        document("name: \udce9", "x.yaml")


def test_a_problem_at_the_end_of_a_file_without_a_line_end_stands_in_its_last_line() -> None:
    with pytest.raises(SpecError, match=r"x\.yaml:2:6: this is not YAML: did not find expected ',' or '\]'\n    2 \| b: \[1\n"):
        document("a: 1\nb: [1", "x.yaml")


@pytest.mark.parametrize("after", ["", "\n", "\n\n\n", "\nb: 2\n"])
def test_a_key_without_a_colon_is_told_of_where_it_stands(after: str) -> None:
    told = r"x\.yaml:3:3: this is not YAML: could not find expected ':'\n    3 \|   se\n.*\n  hint: a key has a colon and its value"
    with pytest.raises(SpecError, match=told):
        document(f"stages:\n  repeats: [2]\n  se{after}", "x.yaml")
