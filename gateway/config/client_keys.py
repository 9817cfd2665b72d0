"""Refuses client keys that anybody would try first, as soon as the network can reach the gateway."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gateway.config.model import Config, Server
from gateway.config.placeholders import is_sample_key
from gateway.config.problems import Problem

_MESSAGE = "is a sample or too short, and the gateway listens on an address others can reach"
_REMEDY = "Use a long random one (`openssl rand -hex 24`), or listen on 127.0.0.1 only"


def sample_keys(document: Mapping[str, Any], api_keys: tuple[str, ...]) -> tuple[list[Problem], list[str]]:
    """Problems when the listener is open to the network, hints when it is not.

    `api_keys` are the environment's.
    Works on the raw document, so that it speaks even when other keys are wrong.
    """
    found = [path for path, key in _keys(document, api_keys) if key and is_sample_key(key)]
    if not found:
        return [], []
    if _server(document).loopback:
        return [], [f"{path}: is a sample or too short; it would be refused on an open address" for path in found]
    return [Problem(path, _MESSAGE, _REMEDY) for path in found], []


def open_keys(config: Config) -> list[Problem]:
    """The same of a loaded configuration whose gateway others can reach after all."""
    named = [
        *((f"auth.api_keys[{number}]", key) for number, key in enumerate(config.auth.api_keys)),
        ("auth.admin_key", config.auth.admin_key),
        *(
            (f"agents[{place}].tokens[{number}]", token)
            for place, agent in enumerate(config.agents)
            for number, token in enumerate(agent.tokens)
        ),
    ]
    return [Problem(path, _MESSAGE, _REMEDY) for path, key in named if key and is_sample_key(key)]


def _server(document: Mapping[str, Any]) -> Server:
    table = document.get("server")
    values = table if isinstance(table, Mapping) else {}
    host, bind = values.get("host"), values.get("bind")
    return Server(
        host=host if isinstance(host, str) and host.strip() else Server().host,
        bind=bind if isinstance(bind, str) else "",
        allow_lan_access=values.get("allow_lan_access") is True,
    )


def _keys(document: Mapping[str, Any], api_keys: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    auth = document.get("auth")
    if isinstance(auth, Mapping):
        yield from _texts(auth.get("api_keys"), "auth.api_keys")
        if isinstance(auth.get("admin_key"), str):
            yield "auth.admin_key", auth["admin_key"]
    agents = document.get("agents")
    for index, agent in enumerate(agents if isinstance(agents, list) else []):
        if isinstance(agent, Mapping):
            yield from _texts(agent.get("tokens"), f"agents[{index}].tokens")
    for index, key in enumerate(api_keys):
        yield f"API_KEYS[{index}]", key


def _texts(values: Any, path: str) -> Iterator[tuple[str, str]]:
    for index, value in enumerate(values if isinstance(values, list) else []):
        if isinstance(value, str):
            yield f"{path}[{index}]", value
