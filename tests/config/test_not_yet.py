"""Keys that do nothing yet say so."""

from __future__ import annotations

from gateway.config.model import Config, Server
from gateway.config.not_yet import not_yet


def test_defaults_are_quiet() -> None:
    assert list(not_yet(Config())) == []


def test_every_key_without_effect_is_named() -> None:
    config = Config(
        server=Server(stream_relay=True),
    )
    said = list(not_yet(config))
    assert [each.split(" ")[0].rstrip(":") for each in said] == [
        "server.stream_relay",
    ]
