"""The schema of dragoman.toml: a whole document becomes dataclasses, or every fault with its path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from marshmallow import ValidationError

from gateway.config import model
from gateway.config.problems import Problem
from gateway.config.substitution import join
from schemas import config_tables as tables
from schemas.config_cross import cross_check
from schemas.config_fields import Section
from schemas.config_upstreams import UpstreamTable
from schemas.faults import Table


class ConfigTable(Table):
    target = model.Config
    homes: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(("host", "port", "bind", "workers", "log_level"), "[server]"),
        **dict.fromkeys(("api_key", "api_keys", "admin_key"), "[auth]"),
        **dict.fromkeys(("strategy", "rotation_count", "max_attempts"), "[routing]"),
        **dict.fromkeys(("accounts", "base_urls", "kind"), "[[upstreams]]"),
    }

    server = Section(tables.ServerTable, header="server")
    auth = Section(tables.AuthTable, header="auth")
    routing = Section(tables.RoutingTable, header="routing")
    models = Section(tables.ModelsTable, header="models")
    media = Section(tables.MediaTable, header="media")
    responses = Section(tables.ResponsesTable, header="responses")
    upstreams = Section(UpstreamTable, header="upstreams", many=True)
    agents = Section(tables.AgentTable, header="agents", many=True)
    state = Section(tables.StateTable, header="state")
    records = Section(tables.RecordsTable, header="records")
    metrics = Section(tables.MetricsTable, header="metrics")
    notify = Section(tables.NotifyTable, header="notify")


def check(
    document: Mapping[str, Any], more_upstreams: frozenset[str] = frozenset()
) -> tuple[model.Config | None, list[Problem]]:
    """The configuration and no problems, or None and all problems, sorted as the document is written.

    The document has its variables and aliases replaced already. Paths, data folder, hints and what the
    environment adds are left at their defaults: `gateway.config.load` sets them. `more_upstreams` names
    upstreams that agents may refer to although the document does not declare them.
    """
    problems = cross_check(document, more_upstreams)
    config: model.Config | None = None
    try:
        config = ConfigTable().load(document)
    except ValidationError as error:
        problems = [*_flatten(error.messages, ""), *problems]
    if problems:
        return None, in_document_order(problems, document)
    return config, []


def _flatten(messages: Any, path: str) -> Iterator[Problem]:
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            if key == "_schema":
                yield from _flatten(inner, path)
            elif isinstance(key, int):
                yield from _flatten(inner, f"{path}[{key}]")
            else:
                yield from _flatten(inner, join(path, str(key)))
        return
    for message in messages if isinstance(messages, list) else [messages]:
        yield Problem(path, str(message), getattr(message, "remedy", ""))


def in_document_order(problems: list[Problem], document: Mapping[str, Any]) -> list[Problem]:
    """Problems in the order their keys are written; those about missing keys follow their table."""
    order: dict[str, int] = {}

    def walk(value: Any, path: str) -> None:
        order[path] = len(order)
        if isinstance(value, Mapping):
            for key, item in value.items():
                walk(item, join(path, str(key)))
        elif isinstance(value, list):
            for index, item in enumerate(value):
                walk(item, f"{path}[{index}]")

    walk(document, "")

    def position(problem: Problem) -> int:
        path = problem.path
        while path and path not in order:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return order.get(path, len(order))

    return sorted(problems, key=position)
