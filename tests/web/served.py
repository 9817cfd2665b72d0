"""The whole Flask application of one configuration in this process, before providers that `responses` plays."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from gateway.config.model import DEFAULT_BASE_URLS, Auth, Config, Models, Routing, Server, Upstream, UpstreamAccount
from gateway.monitoring.record import Record
from gateway.monitoring.recorder import Recorder
from gateway.web.app import create_app
from gateway.web.gateway import Gateway
from gateway.wiring import build

SECRET = "sk-upstream-secret"
BASES = {"openai": "http://openai.test/v1", "anthropic": "http://anthropic.test", "gemini": "http://gemini.test"}


class Notes(Recorder):
    """Keeps the records."""

    def __init__(self) -> None:
        super().__init__(out=io.StringIO())
        self.records: list[Record] = []

    def note(self, record: Record) -> None:
        self.records.append(record)


@dataclass(slots=True)
class Served:
    gateway: Gateway
    client: FlaskClient
    notes: Notes = field(default_factory=Notes)

    def rested(self) -> Served:
        """As if new, for tests that share one (werkzeug takes 15 ms to compile the routes)."""
        for account in self.gateway.pool.accounts():
            account.recover()
        self.notes.records.clear()
        return self


def upstream(kind: str, name: str = "", models: tuple[str, ...] = ("*",), accounts: int = 1, **more: Any) -> Upstream:
    """One provider at its address in BASES."""
    label = name or kind
    return Upstream(
        name=label,
        kind=kind,
        base_urls=more.pop("base_urls", (BASES.get(kind) or DEFAULT_BASE_URLS[kind][0],)),
        models=models,
        accounts=tuple(
            UpstreamAccount(email=f"{label}-{number}@example.com", api_key=f"{SECRET}-{number}")
            for number in range(accounts)
        ),
        **more,
    )


def served(
    *upstreams: Upstream,
    data: Path = Path("/dev/null/dragoman"),
    local_only: bool | None = None,
    auth: dict[str, Any] | None = None,
    server: dict[str, Any] | None = None,
    models: dict[str, Any] | None = None,
    routing: dict[str, Any] | None = None,
) -> Served:
    config = Config(
        server=Server(**(server or {})),
        auth=Auth(**(auth or {})),
        models=Models(**(models or {})),
        routing=Routing(**(routing or {})),
        upstreams=upstreams or (upstream("openai"),),
        data_dir=data,
    )
    notes = Notes()
    gateway = build(config, lean=False, local_only=local_only, recorder=notes)
    return Served(gateway, create_app(gateway).test_client(), notes)


@cache
def shared(kind: str = "openai", max_attempts: int = 3) -> Served:
    """One for all who ask for the same; see `Served.rested`."""
    return served(upstream(kind), routing={"max_attempts": max_attempts})
