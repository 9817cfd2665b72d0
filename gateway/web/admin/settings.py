"""The configuration this gateway runs with, to be read. What may be secret is only said to be set."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from typing import Any

from flask import Response

from gateway.web.admin.visit import Visit

SET, NOT_SET = "(set, not shown)", "(not set)"
_USERINFO = re.compile(r"://[^/@\s]*@")


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """`usual`: the value is the default."""

    name: str
    value: str
    usual: bool


Table = tuple[str, list[Row]]
"""With its header."""


def settings(visit: Visit) -> Response:
    config = visit.gateway.config
    return visit.page(
        "settings.html", tables=list(tables(config)), source=config.source, hints=[*config.hints, *config.warnings]
    )


def tables(config: Any) -> Iterator[Table]:
    """One for every table of the file that this configuration has."""
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if dataclasses.is_dataclass(value):
            yield from _table(f"[{field.name}]", field.name, value)
        elif isinstance(value, tuple) and value and dataclasses.is_dataclass(value[0]):
            for each in value:
                yield from _table(f"[[{field.name}]]", field.name, each)


def _table(header: str, path: str, table: Any) -> Iterator[Table]:
    rows, inner = [], []
    for field in dataclasses.fields(table):
        value = getattr(table, field.name)
        if dataclasses.is_dataclass(value):
            inner.append((f"[{path}.{field.name}]", value))
        elif isinstance(value, tuple) and value and dataclasses.is_dataclass(value[0]):
            inner += [(f"[[{path}.{field.name}]]", each) for each in value]
        else:
            rows.append(Row(field.name, _shown(value, field.repr), value == _default(field)))
    if path.count(".") == 0 or not all(row.usual for row in rows):
        yield header, rows
    for name, each in inner:
        yield from _table(name, name.strip("[]"), each)


def _shown(value: Any, open_to_see: bool) -> str:
    """Fields that are kept out of `repr` may carry a secret."""
    if not open_to_see:
        return SET if value else NOT_SET
    if isinstance(value, Mapping):
        return ", ".join(f"{name} = {_shown(each, True)}" for name, each in value.items()) or "{}"
    if isinstance(value, tuple):
        return ", ".join(_shown(each, True) for each in value) or "[]"
    if isinstance(value, bool):
        return str(value).lower()
    if value is None or value == "":
        return NOT_SET
    return _USERINFO.sub("://…@", str(value))


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default
