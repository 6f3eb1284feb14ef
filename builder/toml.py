"""TOML files of people: read within bounds, checked, and explained where something in them is wrong."""

import difflib
import itertools
import json
import tomllib
from collections.abc import Collection, Iterable, Iterator
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from builder.errors import LandsBetweenError, StudyError

_MOST_DOTS_SQUARED = 10**7
"""Summed over the lines: tomllib takes time and memory quadratic in the parts of a dotted key."""

_RULES = {
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "dict_type": "must be a table",
    "tuple_type": "must be a list",
    "string_type": "must be a text in quotes",
}
"""Rules of values in words, by pydantic's type of error or by the pattern that does not match."""

_Model = TypeVar("_Model", bound=BaseModel)


def pattern(regex: str, rule: str) -> str:
    """A pattern for a pydantic field; `rule` is what an error says of a text that does not match."""
    _RULES[regex] = rule
    return regex


def parse_toml(
    content: bytes, source: str, what: str = "study file", error: type[LandsBetweenError] = StudyError
) -> dict[str, Any]:
    """The keys of a TOML file; `source` names it in errors, `what` says what it should be.

    Raises:
        StudyError (or `error`): it is no UTF-8 or no TOML, or has what no such file has: keys of a thousand parts,
            numbers of a thousand digits, tables a thousand deep.
    """
    try:
        text = content.decode("utf-8-sig")  # some editors begin a file with a byte-order mark
        if sum(line.count(".") ** 2 for line in text.splitlines()) > _MOST_DOTS_SQUARED:
            raise error(f"{source}: too many dots in a line; this is no {what}")
        return tomllib.loads(text)
    except UnicodeDecodeError as fault:
        raise error(f"{source}: is not UTF-8 text: byte {fault.start} is {content[fault.start]:#04x}") from fault
    except tomllib.TOMLDecodeError as fault:
        raise error(f"{source}: not valid TOML: {fault}") from fault
    except (RecursionError, ValueError) as fault:
        raise error(f"{source}: not a {what}: nested too deep, or a number of too many digits") from fault


def check(
    model: type[_Model], keys: dict[str, Any], source: str, error: type[LandsBetweenError] = StudyError
) -> _Model:
    """The keys of a file as `model`; `source` names them in errors.

    Raises:
        StudyError (or `error`): each key that is unknown or has a value that is not allowed, with the value and what is
            allowed, a line each.
    """
    try:
        return model.model_validate(keys)
    except ValidationError as fault:
        lines = [_explanation(detail, model) for detail in _details(fault)]
        raise error("\n  ".join([f"{source}:", *lines])) from None


def check_table(table: str, model: type[_Model], keys: Any) -> _Model:
    """The keys of a table within another, whose own model raises the error; `check` names a fault by its whole key.

    Raises:
        PydanticCustomError: they are not what `model` allows.
    """
    if isinstance(keys, dict):
        refuse_unknown(keys, model.model_fields, table=f"{table}.")
    try:
        return model.model_validate(keys)
    except ValidationError as fault:
        raise PydanticCustomError("nested", "is not valid", {"within": (table,), "error": fault}) from None


def refuse_unknown(keys: Iterable[str], allowed: Collection[str], also: Iterable[str] = (), table: str = "") -> None:
    """Checks that every key of a table is in `allowed` or in `also`; `table` names it in the error, with a final dot.

    Raises:
        PydanticCustomError: for the first that is not.
    """
    also = list(also)
    for key in keys:
        if key not in allowed and key not in also:
            hint = f"{table}{key}: {_unknown_key(key, list(dict.fromkeys([*also, *allowed])))}"
            raise PydanticCustomError("unknown_key", "{hint}", {"hint": hint})


def first_difference(a: Any, b: Any, key: str = "") -> tuple[str, Any, Any] | None:
    """The first key, in the order of `a`, at which two tables differ, with both values (None: absent)."""
    if a == b:
        return None
    if isinstance(a, dict) and isinstance(b, dict):
        names = [*a, *(name for name in b if name not in a)]
        parts = [(f"{key}.{name}" if key else name, a.get(name), b.get(name)) for name in names]
    elif isinstance(a, list) and isinstance(b, list):
        parts = [(f"{key}[{index}]", *values) for index, values in enumerate(itertools.zip_longest(a, b))]
    else:
        return key, a, b
    return next(difference for part, ours, other in parts if (difference := first_difference(ours, other, part)))


def literal(value: Any) -> str:
    """A value as JSON for an error, cut to 80 characters."""
    try:
        text = json.dumps(value, default=str)
    except (ValueError, RecursionError):
        return "a value of too many digits or too deep"
    return text if len(text) <= 80 else text[:77] + "..."


def _details(error: ValidationError, location: tuple[str | int, ...] = ()) -> Iterator[ErrorDetails]:
    """The details of an error; those of an error within one at their full location."""
    for detail in error.errors(include_url=False):
        context = detail.get("ctx", {})
        detail["loc"] = (*location, *detail["loc"], *context.get("within", ()))
        within = context.get("error")
        if isinstance(within, ValidationError):
            yield from _details(within, detail["loc"])
        else:
            yield detail


def _explanation(detail: ErrorDetails, model: type[BaseModel]) -> str:
    """One line: key, value, what is allowed."""
    key = ""
    for part in detail["loc"]:
        key += f"[{part}]" if isinstance(part, int) else f".{part}" if key else part
    if detail["type"] == "extra_forbidden":
        return f"{key}: {_unknown_key(str(detail['loc'][-1]), _keys_beside(detail, model))}"
    if detail["type"] == "unknown_key":
        return f"{key}.{detail['msg']}" if key else detail["msg"]
    if detail["type"] == "missing":
        return f"{key}: is missing"
    message = detail["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    message = _RULES.get(detail.get("ctx", {}).get("pattern", detail["type"]), message)
    if not key:
        return message
    return f"{key} = {literal(detail['input'])}: {message}"


def _unknown_key(key: str, keys: list[str]) -> str:
    near = difflib.get_close_matches(key, keys, n=1)
    return "unknown key; " + (f"did you mean {near[0]}?" if near else f"known here: {', '.join(keys) or 'none'}")


def _keys_beside(detail: ErrorDetails, model: type[BaseModel]) -> list[str]:
    """The keys of the table that an unknown key stands in."""
    table: Any = model
    for part in detail["loc"][:-1]:
        table = table.model_fields[part].annotation
    return list(table.model_fields)
