"""Declared keys as JSON Schema (draft 2020-12): what editors complete, describe and underline while a spec is typed.

`null` is let through wherever a key of a section stands: it takes away what an extended file says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from archspec.schema.keys import REQUIRED, Key, ListOf, Named, OneOf, Section, Sub, to_json
from archspec.schema.kinds import Each, Form, JsonSchema, Kind, Table

LINK = re.compile(r"\[([^]]*)\]\([^)]*\)")
"""A link of the documentation; what stands in its brackets is shown."""
SEE = re.compile(r",? ?(\(see \[[^]]*\]\([^)]*\)\)|see \[[^]]*\]\([^)]*\))")
"""Words that only lead elsewhere on a page."""

Forms = Callable[[Form], JsonSchema]
"""The forms of the language that are not read where they are declared, by who knows them."""


def without_links(doc: str) -> str:
    """A line of documentation without links and the words that only lead to them."""
    return LINK.sub(r"\1", SEE.sub("", doc))


def plain_text(doc: str) -> str:
    """The same without signs of Markdown."""
    return without_links(doc).replace("`", "").strip(" ,;")


def described(key: Key) -> str:
    """What an editor shows beside a key: what it is, its unit, and what holds where it is left out."""
    parts = [plain_text(key.doc), key.unit and f"in {key.unit}", key.follows and f"if left out: {plain_text(key.follows)}"]
    text = "; ".join(part for part in parts if part)
    return text[:1].upper() + text[1:]


def keys_schema(keys: Mapping[str, Key], forms: Forms) -> dict[str, JsonSchema]:
    """The properties that declared keys are."""
    return {name: key_schema(key, forms) for name, key in keys.items()}


def key_schema(key: Key, forms: Forms, *, null: bool = True) -> JsonSchema:
    """A key with its description and default; `null`: whether that may stand there."""
    found: JsonSchema = {"description": described(key)} if described(key) else {}
    if key.default not in (REQUIRED, None) and not key.follows:
        default = to_json(key.default)
        found["default"] = default if isinstance(default, int | float | str | bool | list | dict) else str(default)
    return {**found, "anyOf": [*_alternatives(kind_schema(key.kind, forms)), *[{"type": "null"}] * null]}


def kind_schema(kind: Kind, forms: Forms) -> JsonSchema:
    """What a kind takes."""
    match kind:
        case Form():
            return forms(kind)
        case Sub(section=section):
            return _with_main(section, section_schema(section, forms), forms)
        case OneOf(tag=tag) as choice:
            words = {"enum": [*choice.kinds()]}
            return {"anyOf": [words, *(section_schema(each, forms, tag) for each in choice.kinds().values())]}
        case Named() as named:
            return _named(named, forms)
        case ListOf(item=item, most=most):
            return {"anyOf": [{"type": "array", "items": kind_schema(item, forms), "maxItems": most}, {"const": "none"}]}
        case Each() as each:
            return _each(each, forms)
        case Table(kind=value, bare=bare):
            table = {"type": "object", "additionalProperties": kind_schema(value, forms)}
            return {"anyOf": [kind_schema(value, forms), table]} if bare else table
    return kind.json_schema()


def section_schema(section: type[Section], forms: Forms, tag: str = "") -> JsonSchema:
    """A mapping with the keys of a section; `tag` is the key that says which section it is, without a default of its own.

    No key is required: a file may extend one that says it.
    """
    properties = keys_schema({**section.merged, **section.declared}, forms)
    if tag:
        properties[tag] = {"description": properties[tag].get("description", ""), "const": section.declared[tag].default}
    about = {"description": plain_text((section.__doc__ or "").split("\n")[0])}
    return {**about, "type": "object", "properties": properties, "additionalProperties": False}


def _with_main(section: type[Section], whole: JsonSchema, forms: Forms) -> JsonSchema:
    """A section, or the value of its main key alone."""
    if not section.main:
        return whole
    return {"anyOf": [*_alternatives(kind_schema(section.declared[section.main].kind, forms)), whole]}


def _named(named: Named, forms: Forms) -> JsonSchema:
    """One word, alone or with what it takes."""
    words = {word: {**_with_main(section, section_schema(section, forms), forms),
                    "description": plain_text((section.__doc__ or "").split("\n")[0])}
             for word, section in named.kinds().items()}
    return {"anyOf": [{"enum": [*words]}, {"type": "object", "properties": words, "additionalProperties": False,
                                           "minProperties": 1, "maxProperties": 1}]}


def _each(each: Each, forms: Forms) -> JsonSchema:
    item = kind_schema(each.kind, forms)
    found: JsonSchema = {"type": "array", "items": item, "minItems": each.least, "maxItems": each.most}
    if each.unique:
        found["uniqueItems"] = True
    return {"anyOf": [*_alternatives(item), found]} if each.bare else found


def _alternatives(schema: JsonSchema) -> list[JsonSchema]:
    """What a schema lets through, each by itself."""
    return list(schema["anyOf"]) if [*schema] == ["anyOf"] else [schema]
