"""Builds the one `Config` from every source: command line > environment > .env > file > default."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from gateway.config.client_keys import sample_keys
from gateway.config.completion import (
    ASSIST,
    completed,
    provider_upstreams,
    with_keys,
    with_projects,
    without_placeholders,
)
from gateway.config.environment import Environment, clean, read_environment
from gateway.config.model import Config, Upstream
from gateway.config.not_yet import not_yet
from gateway.config.problems import ConfigError, Problem
from gateway.config.substitution import substitute
from gateway.config.tokens_file import read_keys, read_tokens
from gateway.config.toml_file import read_toml

DEFAULT_FILE = "dragoman.toml"

_SKIPPABLE = re.compile(r"upstreams\[\d+\]\.(?:accounts\[\d+\]\.api_key|oauth\.(?:client_id|client_secret|token_url))")


def load(
    path: str | Path | None = None,
    *,
    overrides: Mapping[str, Any] = {},
    environ: Mapping[str, str] | None = None,
) -> Config:
    """The complete configuration; raises ConfigError with every problem.

    `path` (else DRAGOMAN_CONFIG) must exist; without both ./dragoman.toml is read if it is there. `.env` is
    the one beside the file. `overrides` is the command line: dotted keys (`{"server.port": 9000}`) or nested
    tables, None means not given; `data_dir` is taken there too. `environ` stands for os.environ,
    which is never changed.
    """
    outer = os.environ if environ is None else environ
    file, explicit = _locate(path, outer)
    dotenv = _dotenv(file.parent / ".env")
    merged = {**dotenv, **outer}
    document: dict[str, Any] = {}
    source = "defaults"
    if explicit or file.is_file():
        document, source = read_toml(file), str(file)
    env = read_environment(merged)
    command_line = _nested(overrides)
    data_dir = _data_dir(command_line.pop("data_dir", None), merged)

    unset: set[str] = set()

    def skip_unset(where: str, variable: str) -> bool:
        if not _SKIPPABLE.fullmatch(where):
            return False
        unset.add(where)
        env.hints.append(f"{where}: skipped, the environment variable {variable} is not set")
        return True

    document, problems = substitute(document, merged, skip_unset)
    document, written = _merged(document, env, command_line, problems)
    config = _finish(document, written, env, problems, frozenset(unset), data_dir, file, source)
    return replace(config, upstreams=tuple(_with_dotenv(upstream, dotenv, outer) for upstream in config.upstreams))


def _with_dotenv(upstream: Upstream, dotenv: Mapping[str, str], outer: Mapping[str, str]) -> Upstream:
    """A tool's login may stand in .env; a variable that the environment has wins, as everywhere."""
    if upstream.kind != "cli":
        return upstream
    named = {name: dotenv[name] for name in upstream.env if name in dotenv and name not in outer}
    return replace(upstream, dotenv=named)


def _finish(
    document: dict[str, Any],
    written: dict[str, str],
    env: Environment,
    problems: list[Problem],
    unset: frozenset[str],
    data_dir: Path,
    file: Path,
    source: str,
) -> Config:
    from schemas.config import check, in_document_order
    from schemas.config_cross import advise

    tokens = data_dir / "tokens.json"
    accounts, token_hints, token_problems = read_tokens(tokens)
    assist = {ASSIST} if accounts or env.projects else set()
    keys = read_keys(tokens)
    assist |= {name for name, _ in keys}
    config, faults = check(document, frozenset({*env.provider_keys, *assist}))
    broken = {problem.path for problem in problems}
    problems += [fault for fault in faults if fault.path not in broken]
    samples, sample_hints = sample_keys(document, env.api_keys)
    problems = in_document_order([*problems, *samples], document)
    problems = [_as_written(problem, written, env) for problem in problems]
    problems += [*env.problems, *_environment_urls(env), *token_problems]
    if problems or config is None:
        raise ConfigError(dict.fromkeys(problems))

    kept, placeholder_hints = without_placeholders(config.upstreams, unset)
    made, provider_hints = provider_upstreams(env, config.upstreams)
    with_all_keys, key_hints = with_keys((*kept, *made), keys)
    folder = file.parent.absolute()
    upstreams = tuple(completed(upstream, data_dir, folder, env) for upstream in with_all_keys)
    upstreams, project_hints = with_projects(upstreams, env, accounts, tokens)
    upstreams = tuple(completed(upstream, data_dir, folder, env) for upstream in upstreams)
    auth = replace(
        config.auth,
        api_keys=tuple(dict.fromkeys(key for key in (*config.auth.api_keys, *env.api_keys) if key)),
        auth_from_env=bool(env.api_keys),
    )
    config = replace(
        config,
        auth=auth,
        upstreams=upstreams,
        data_dir=data_dir,
        source=source,
        hints=(
            *(*env.hints, *sample_hints, *placeholder_hints),
            *(*provider_hints, *token_hints, *key_hints, *project_hints),
        ),
    )
    return replace(config, warnings=(*advise(config), *not_yet(config)))


def _locate(path: str | Path | None, environ: Mapping[str, str]) -> tuple[Path, bool]:
    named = str(path) if path else environ.get("DRAGOMAN_CONFIG", "").strip()
    return (Path(named).expanduser(), True) if named else (Path(DEFAULT_FILE), False)


def _data_dir(given: object, environ: Mapping[str, str]) -> Path:
    named = str(given) if given else clean(environ.get("DRAGOMAN_DATA", ""))
    return Path(named or "data").expanduser().absolute()


def _dotenv(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    from dotenv import dotenv_values

    try:
        values = dotenv_values(path, interpolate=False, encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        message = "is not UTF-8 text" if isinstance(error, ValueError) else "cannot be read"
        raise ConfigError([Problem(str(path), message, "Save it as readable UTF-8 text, or move it away")]) from None
    return {name: value for name, value in values.items() if value is not None}


def _nested(overrides: Mapping[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in overrides.items():
        if value is None:
            continue
        *tables, name = key.split(".")
        target = result
        for table in tables:
            target = target.setdefault(table, {})
        if isinstance(value, Mapping):
            target.setdefault(name, {}).update(_nested(value))
        else:
            target[name] = list(value) if isinstance(value, tuple) else value
    return result


def _merged(
    document: dict[str, Any], env: Environment, command_line: dict[str, Any], problems: list[Problem]
) -> tuple[dict[str, Any], dict[str, str]]:
    """The document with environment and command line laid over it; canonical path -> path as written."""
    from schemas.config_aliases import apply_aliases

    document, faults, written = apply_aliases(document)
    problems += faults
    command_line, faults, _ = apply_aliases(command_line)
    problems += faults
    server = document.get("server")
    asked = command_line.get("server", {})
    listens = "host" in asked or "port" in asked
    if isinstance(server, Mapping) and server.get("bind"):
        if listens and "bind" not in asked:
            document["server"] = {key: value for key, value in server.items() if key != "bind"}
        elif not listens:
            for name in ("host", "port"):
                if name in env.settings.get("server", {}):
                    env.hints.append(f"{name.upper()}: not used, the file sets server.bind")
    for layer in (env.settings, command_line):
        _overlay(document, layer)
        if "host" in layer.get("server", {}) and isinstance(document.get("server"), dict):
            document["server"].setdefault("allow_lan_access", False)
            if "allow_lan_access" not in layer["server"]:
                document["server"]["allow_lan_access"] = False
    for table, values in command_line.items():
        for key in values if isinstance(values, Mapping) else ():
            env.origins.pop(f"{table}.{key}", None)
            written.pop(f"{table}.{key}", None)
    for path in env.origins:
        written.pop(path, None)
    return document, written


def _overlay(document: dict[str, Any], layer: Mapping[str, Any]) -> None:
    for key, value in layer.items():
        below = document.get(key)
        if isinstance(value, Mapping) and isinstance(below, Mapping):
            inner = dict(below)
            _overlay(inner, value)
            document[key] = inner
        elif not isinstance(value, Mapping) or below is None:
            document[key] = dict(value) if isinstance(value, Mapping) else value


def _as_written(problem: Problem, written: Mapping[str, str], env: Environment) -> Problem:
    variable = env.origins.get(problem.path)
    if variable:
        return replace(problem, message=f"{problem.message} (from the environment variable {variable})")
    return replace(problem, path=written.get(problem.path, problem.path))


def _environment_urls(env: Environment) -> list[Problem]:
    from marshmallow import ValidationError

    from schemas.config_text import base_url

    problems: list[Problem] = []
    for variable, value in (
        ("GOOGLE_API_BASE", env.google_api_base),
        ("OAUTH_TOKEN_URL", env.oauth.get("token_url")),
    ):
        if not value:
            continue
        try:
            normal = base_url(value)
        except ValidationError as error:
            fault = error.messages[0]
            problems.append(Problem(variable, str(fault), getattr(fault, "remedy", "")))
            continue
        if variable == "GOOGLE_API_BASE":
            env.google_api_base = normal
    return problems
