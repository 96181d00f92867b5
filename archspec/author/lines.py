"""The compact form of an operation as a regular expression, which editors and JSON Schema know too.

It lets through what `spec/compact.py` reads, and a little more: the words of a line, whose values are checked as far as a
single word shows.
"""

from __future__ import annotations

from collections.abc import Iterator

from archspec.schema.keys import Key
from archspec.schema.kinds import Choice, Flag, Form, Kind, Number, OrNone, Whole
from archspec.spec.operations import FLAGS, OPERATIONS, PADDINGS, SHORTCUTS, SHORTHANDS, Signature

NESTED = r"\((?:[^()]|\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))*\)"
"""What stands in parentheses, four deep."""
ATOM = rf"""(?:[^\s()\[\]'"]|{NESTED}|\[[^\[\]]*\]|'[^']*'|"[^"]*")"""
WORD = f"{ATOM}+"
"""A word of a line: spaces part words, but for those in parentheses, brackets and quotes."""
EXPRESSION = rf"""(?:{ATOM}*\${WORD}|'[^']*\$[^']*'|"[^"]*\$[^"]*")"""
NUMERAL = r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
IDENTIFIER = r"[A-Za-z][A-Za-z0-9_]{0,63}"
STAGE_NAME = r"[A-Za-z0-9][A-Za-z0-9_]{0,63}"
SIDE = r"(?:\?|[1-9][0-9]{0,6})"
SIZE = r"[1-9][0-9]{0,6}"
SWITCH = "|none|true|false"
"""Values of a main argument by which an operation is left out, or stands without it."""
LISTED = r"\[[^\[\]]*\]"


def line_pattern(signature: Signature) -> str:
    """The lines that say the arguments of an operation."""
    words = "|".join(_words(signature))
    return rf"^\s*(?:{words})(?:\s+(?:{words}))*\s*$"


def _words(signature: Signature) -> Iterator[str]:
    takes = signature.arguments
    yield from (flag for flag in FLAGS if all(part in takes for part in SHORTHANDS.get(flag, (flag,))))
    if "padding" in takes:
        yield from PADDINGS
    if "kernel" in takes and signature.main != "to":
        yield "[0-9]+x[0-9]+"
    if "stride" in takes:
        yield f"/(?:{SIZE}(?:x{SIZE})?|{EXPRESSION})"
    for name, key in takes.items():
        yield f"{name}=(?:{_value(key)}{SWITCH if name == signature.main else ''})"
    yield f"if={WORD}"
    yield f"name={IDENTIFIER}"
    if signature.main is not None:
        yield _value(takes[signature.main]) + SWITCH


def _value(key: Key) -> str:
    """A single word that is the value of an argument."""
    return f"{_plain(key.kind)}|{EXPRESSION}"


def _plain(kind: Kind) -> str:
    match kind:
        case Whole(least=least):
            return "[-+]?[0-9]+" if least < 0 else r"\+?[0-9]+" if least == 0 else "[0-9]*[1-9][0-9]*"
        case Number():
            return NUMERAL
        case OrNone():
            return f"none|{NUMERAL}"
        case Flag():
            return "true|false"
        case Choice() as choice:
            return "|".join(choice.spelled())
        case Form(name=name):
            return FORMS.get(name, WORD)
    return WORD


def _kinds(part: str) -> str:
    choice = OPERATIONS[part].arguments["kind"].kind
    assert isinstance(choice, Choice)
    return "|".join(choice.spelled())


FORMS = {
    "pair": rf"{SIZE}x{SIZE}|{SIZE}|{LISTED}", "pads": rf"[0-9]+|{LISTED}", "margins": rf"-?[0-9]+|{LISTED}",
    "padding": rf"{'|'.join(PADDINGS)}|[0-9]+|{LISTED}", "sizes": rf"{SIDE}x{SIDE}x{SIDE}|{LISTED}",
    "split": rf"true|false|{LISTED}", "kept": IDENTIFIER, "name": STAGE_NAME, "names": rf"{STAGE_NAME}|{LISTED}",
    "shortcut": rf"{'|'.join(SHORTCUTS)}|{LISTED}", "items": rf"none|{LISTED}", "paths": LISTED,
    "norm": rf"""{_kinds('norm')}|['"][^'"]*['"]""",
    "act": rf"""{_kinds('act')}|['"][^'"]*['"]""",
}
"""A word of each form of the language."""
