"""Section 6: what an expression is worth, and that nothing else can be one."""

from __future__ import annotations

import tracemalloc

import pytest
from work import at_most

from archspec.spec.expressions import ExpressionError, evaluate

NAMES = {"a": 7, "half": 0.5, "word": "same", "nothing": None, "yes": True, "no": False}


@pytest.mark.parametrize(("text", "value"), [
    ("$a", 7), ("$nothing", None), ("$(a)", 7), ("$( a )", 7), ("$(1 + 2 * 3)", 7), ("$(7 // 2)", 3), ("$(-7 // 2)", -4),
    ("$(7 / 2)", 3.5), ("$(8 / 2)", 4.0), ("$(7 % 4)", 3), ("$(2 ** 10)", 1024), ("$(+a - -a)", 14), ("$(1e-4)", 1e-4),
    ("$(.5 + 5.)", 5.5), ("$('x')", "x"), ('$("x y")', "x y"), ("$(none)", None), ("$(true)", True), ("$(false)", False),
    ("$(a > 3)", True), ("$(1 < a < 5)", False), ("$(a != 7)", False), ("$(word == 'same')", True), ("$('a' < 'b')", True),
    ("$(nothing == none)", True), ("$(a == none)", False), ("$(word != none)", True), ("$(yes == true)", True),
    ("$(yes and not no)", True), ("$(no or a > 6)", True), ("$(yes or a < 'x')", True), ("$(1 if yes else 2)", 1),
    ("$(1 if no else 2)", 2), ("$(a if a == none else -a)", -7), ("$(min(3, a))", 3), ("$(max(1, 2, a))", 7),
    ("$(round(2.5))", 2), ("$(round(3.5))", 4), ("$(int(2.9))", 2), ("$(int(-2.9))", -2), ("$(abs(-a))", 7),
    ("$(ceil(2.1))", 3),
    ("$(floor(-2.1))", -3), ("$(sqrt(9))", 3.0), ("$(divisible(100))", 104), ("$(divisible(24 * 0.75))", 24),
    ("$(divisible(3))", 8),
    ("$(divisible(37, 4))", 36), ("$(divisible(11))", 16), ("$(divisible(12))", 16), ("$(divisible(20))", 24),
    ("$(divisible(19))", 24),
])
def test_value(text: str, value: object) -> None:
    found = evaluate(text, NAMES)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("text", [
    "$", "$()", "a$b", "$a b", "$a.b", "$(a", "$(a.real)", "$(a())", "$(open('x'))", "$(min)", "$(min(1))", "$(min(a=1, b=2))",
    "$(min(*a))", "$([1, 2])", "$({})", "$((1, 2))", "$(lambda: 1)", "$([x for x in a])", "$(f'{a}')", "$(b'x')", "$(a := 3)",
    "$(a is a)", "$(a in word)", "$(a @ a)", "$(a << 2)", "$(~a)", "$(a & 1)", "$(word[0:1])", "$(1_000)", "$(0x10)", "$(1j)",
    "$(None)", "$(True)", "$(...)", "$(word + 'x')", "$(yes + 1)", "$(nothing + 1)", "$(-word)", "$(word * 99)", "$(a > 'x')",
    "$(yes == 1)", "$(yes < no)", "$(none < none)", "$(a and yes)", "$(not a)", "$(1 if a else 2)", "$(a[0])", "$(a # b)",
    "$(__import__('os'))", "$(().__class__)", "$(sqrt(-1))", "$((-8) ** 0.5)", "$(1 / 0)", "$(1 % 0)", "$(1 // 0)",
    "$(0 ** -1)",
    "$(divisible(8, 0))", "$(divisible(8, 0.5))", "$(missing)", "$(await a)", "$(a; a)", "$(a) + $(a)", "$(if)",
    "$(\uff41)", "$(\ufb01)", "$(a + \xe9)",
])
def test_nothing_else_is_an_expression(text: str) -> None:
    with pytest.raises(ExpressionError):
        evaluate(text, NAMES)


@pytest.mark.parametrize("text", [
    "$(9**9**9)", "$(9**9**9**9)", "$(10**15 * 10**15)", "$(1e999)", "$(" + "9" * 390 + ")", "$((10**15)**64)",
    "$(1e300 * 1e300)",
    "$(" + "-" * 390 + "1)", "$(" + "not " * 90 + "yes)", "$(" + "1+" * 190 + "1)",
    "$(" + "a" * 500 + ")", "$(2 ** 64 ** 64)", "$(0.5 ** -9999)",
])
def test_numbers_size_and_work_are_bounded(text: str) -> None:
    tracemalloc.start()
    with at_most(calls=10_000), pytest.raises(ExpressionError):
        evaluate(text, NAMES)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


@pytest.mark.parametrize(("name", "given", "hint"), [
    ("wdth", "width", "did you mean 'width'?"), ("wdth", "inner", "known here: channels inner map_height map_width"),
    ("chanels", "inner", "did you mean 'channels'?"), ("map_widht", "wide", "did you mean 'map_width'?"), ("hight", "height", "did you mean 'height'?")])
def test_names_that_were_given_come_before_those_of_the_place(name: str, given: str, hint: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        evaluate(f"${name}", {"map_height": 8, "map_width": 8, "channels": 3, given: 4})
    assert caught.value.hint == hint
