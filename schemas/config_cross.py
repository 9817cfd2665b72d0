"""What no single key can tell: duplicates, references, and values that are allowed but probably not meant.

`cross_check` looks at the document as written, so that it also works beside other errors; `advise` looks at
the finished configuration, with everything the environment added.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from gateway.config.model import Config, Upstream
from gateway.config.placeholders import is_published_key
from gateway.config.problems import Problem
from gateway.config.substitution import join
from schemas.faults import nearest

_VERSIONED = re.compile(r"/v\d+(?:alpha|beta)?\d*$")


def _tables(document: Mapping[str, Any], *keys: str) -> list[Mapping[str, Any]]:
    found: Any = document
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return [item if isinstance(item, Mapping) else {} for item in found] if isinstance(found, list) else []


def _duplicates(tables: list[Mapping[str, Any]], key: str, path: str, remedy: str) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for index, table in enumerate(tables):
        value = table.get(key)
        if not isinstance(value, str) or not value:
            continue
        if value in first:
            yield Problem(f"{path}[{index}].{key}", f"is the same as {path}[{first[value]}].{key}", remedy)
        first.setdefault(value, index)


def cross_check(document: Mapping[str, Any], more_upstreams: frozenset[str]) -> list[Problem]:
    """Faults between tables. `more_upstreams` are names that the environment adds or that were skipped."""
    upstreams = _tables(document, "upstreams")
    agents = _tables(document, "agents")
    keys = _tables(document, "auth", "keys")
    problems = [
        *_duplicates(upstreams, "name", "upstreams", "Give each upstream its own name"),
        *_duplicates(agents, "id", "agents", "Give each agent its own id"),
        *_duplicates(keys, "name", "auth.keys", "Give each key its own name"),
        *_duplicates(keys, "key_hash", "auth.keys", "One key is one person or program; make another key"),
    ]
    names = {str(table.get("name")) for table in upstreams} | more_upstreams
    for index, agent in enumerate(agents):
        wanted = agent.get("upstream")
        if isinstance(wanted, str) and wanted and wanted not in names:
            close = nearest(wanted, names)
            meant = f' (did you mean "{close}"?)' if close else ""
            problems.append(
                Problem(
                    f"agents[{index}].upstream",
                    f'names the upstream "{wanted}", which does not exist{meant}',
                    "Name one of the upstreams, or leave it empty to let routing choose",
                )
            )
    defaults = [index for index, table in enumerate(upstreams) if table.get("default") is True]
    problems += [
        Problem(
            f"upstreams[{index}].default",
            f"is also set on upstreams[{defaults[0]}]",
            "Keep default = true on one tool",
        )
        for index in defaults[1:]
    ]
    for index, table in enumerate(upstreams):
        if isinstance(table.get("ca_file"), str) and table["ca_file"] and not Path(table["ca_file"]).is_file():
            problems.append(
                Problem(
                    f"upstreams[{index}].ca_file",
                    "is not a file that can be found",
                    "Give the full path of a PEM file",
                )
            )
    return problems


def advise(config: Config) -> list[str]:
    """Warnings, each with its path: the gateway starts, but this is probably not what was meant."""
    return [
        *_targets(config),
        *_base_urls(config),
        *_exposure(config),
        *_odd_values(config),
    ]


def _targets(config: Config) -> Iterator[str]:
    names = {upstream.name for upstream in config.upstreams}
    for path, target in _all_targets(config):
        prefix, slash, _ = target.partition("/")
        if not slash or prefix in names or any(_serves(upstream, target) for upstream in config.upstreams):
            continue
        close = nearest(prefix, names)
        meant = f' (did you mean "{close}"?)' if close else ""
        yield (
            f'{path}: no upstream is named "{prefix}"{meant}, so "{target}" is taken as a model id '
            f'with a slash. Add an upstream named "{prefix}", or ignore this if an upstream serves that id'
        )


def _all_targets(config: Config) -> Iterator[tuple[str, str]]:
    if config.models.default:
        yield "models.default", config.models.default
    for name, chain in config.models.map.items():
        for index, target in enumerate(chain):
            yield join("models.map", name) + (f"[{index}]" if len(chain) > 1 else ""), target
    for index, agent in enumerate(config.agents):
        yield f"agents[{index}].model", agent.model


def _serves(upstream: Upstream, target: str) -> bool:
    """True when a pattern with at least one literal character matches the whole id."""
    for pattern in upstream.models:
        literal = ".*".join(re.escape(part) for part in pattern.split("*"))
        if pattern.strip("*") and re.fullmatch(literal, target):
            return True
    return False


def _base_urls(config: Config) -> Iterator[str]:
    for upstream in config.upstreams:
        for url in upstream.base_urls:
            path = urlsplit(url).path
            where = f'upstream "{upstream.name}", base_urls'
            if upstream.kind == "openai" and not path:
                yield f"{where}: {url} has no path; OpenAI-compatible servers usually want {url}/v1"
            if upstream.kind in ("gemini", "anthropic") and _VERSIONED.search(path):
                yield f"{where}: {url} ends in a version, which is added again; remove it"


def _exposure(config: Config) -> Iterator[str]:
    for key in config.auth.api_keys:
        if is_published_key(key):
            yield "auth.api_keys: a client key is one that a public README shows; choose your own"
            break
    auth = config.auth
    if auth.mode in ("strict", "all_except_health") and not (auth.api_keys or auth.keys):
        yield (
            f'auth.mode: "{auth.mode}" asks for a key and [auth] api_keys is empty: '
            "only keys of `dragoman keys add NAME` let anybody in"
        )
    if not config.server.loopback and config.auth.mode == "off":
        yield f'auth.mode: "off" while listening on {config.server.address}: anyone can use your accounts'
    if "*" in config.server.cors_origins and config.auth.mode == "off":
        yield 'server.cors_origins: "*" without client keys lets any web page use your accounts'


def _odd_values(config: Config) -> Iterator[str]:
    server = config.server
    if server.first_content_timeout_s > server.request_timeout_s:
        yield "server.first_content_timeout_s: is longer than request_timeout_s, which ends the request first"
    if server.bind and server.allow_lan_access:
        yield "server.allow_lan_access: has no effect while server.bind is set"
    now = time.time()
    for index, key in enumerate(config.auth.keys):
        if key.expires_at is not None and key.expires_at <= now:
            yield f'auth.keys[{index}].expires: the key of "{key.name}" has expired'
    for index, agent in enumerate(config.agents):
        if agent.visibility == "private" and not agent.tokens:
            yield f'agents[{index}].tokens: "{agent.id}" is private and has no tokens, so nobody can use it'
    for upstream in config.upstreams:
        if upstream.kind == "cli" and upstream.sandbox == "danger-full-access":
            yield f'upstream "{upstream.name}", sandbox: the tool may change anything on this machine'
        if upstream.workdir and not Path(upstream.workdir).expanduser().is_dir():
            yield f'upstream "{upstream.name}", workdir: there is no such folder yet'
