"""Environment variables: those of the predecessors as their READMEs write them, and one per provider key.

READMEs put comments behind values (`TOKEN_ROTATION_COUNT=3  # how often`). A dotenv reader removes them,
docker's `--env-file` passes them, and quotes too, as part of the value: so both are removed here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.config.model import UpstreamAccount
from gateway.config.placeholders import is_placeholder
from gateway.config.problems import Problem
from gateway.config.tokens_file import usable_projects

PROVIDER_KEYS = {"GEMINI_API_KEY": "gemini", "OPENAI_API_KEY": "openai", "ANTHROPIC_API_KEY": "anthropic"}
"""Variable -> kind, and name, of the upstream it makes."""

_COMMENT = re.compile(r"(?:^|\s)\s*#.*$", re.DOTALL)
_OAUTH = {
    "OAUTH_CLIENT_ID": "client_id",
    "OAUTH_CLIENT_SECRET": "client_secret",
    "OAUTH_TOKEN_URL": "token_url",
}
_SETTINGS: dict[str, tuple[str, str, Callable[[str], Any], str]] = {
    "HOST": ("server", "host", str, "a host name or address"),
    "PORT": ("server", "port", int, "a port number"),
    "TOKEN_ROTATION_COUNT": ("routing", "rotation_count", int, "a whole number"),
    "SSE_HEARTBEAT_INTERVAL": ("server", "keepalive_s", float, "a number of seconds"),
}


@dataclass(slots=True)
class Environment:
    """What the environment says. `settings` is table -> key -> value, `origins` TOML path -> variable."""

    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    api_keys: tuple[str, ...] = ()
    provider_keys: dict[str, str] = field(default_factory=dict)
    oauth: dict[str, str] = field(default_factory=dict)
    google_api_base: str = ""
    projects: tuple[UpstreamAccount, ...] = ()
    problems: list[Problem] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)


def clean(value: str) -> str:
    """The value without surrounding blanks, a comment behind it, and one pair of quotes around it."""
    text = value.strip()
    for quote in ('"', "'"):
        end = text.find(quote, 1)
        if text.startswith(quote) and end > 0 and not _COMMENT.sub("", text[end + 1 :]).strip():
            return text[1:end].strip()
    return _COMMENT.sub("", text).strip()


def read_environment(environ: Mapping[str, str]) -> Environment:
    """Everything the gateway takes from the environment by fixed names; an empty value counts as not set."""
    found = Environment()
    for variable, (table, key, convert, words) in _SETTINGS.items():
        text = clean(environ.get(variable, ""))
        if not text:
            continue
        try:
            found.settings.setdefault(table, {})[key] = convert(text)
        except ValueError:
            found.problems.append(Problem(variable, f"is not {words}", f"Set {variable} to {words} or unset it"))
            continue
        found.origins[f"{table}.{key}"] = variable
    _read_api_keys(environ.get("API_KEYS", ""), found)
    _read_projects(environ.get("PROJECTS", ""), found)
    for variable, name in PROVIDER_KEYS.items():
        text = clean(environ.get(variable, ""))
        if not text:
            continue
        if is_placeholder(text):
            found.hints.append(f"{variable}: looks like a placeholder, so no upstream was made of it")
        elif not text.isascii() or any(mark.isspace() or not mark.isprintable() for mark in text):
            remedy = "Copy the key again, without quotes or spaces"
            found.problems.append(Problem(variable, "has characters a header cannot carry", remedy))
        else:
            found.provider_keys[name] = text
    for variable, key in _OAUTH.items():
        text = clean(environ.get(variable, ""))
        if text and is_placeholder(text):
            found.hints.append(f"{variable}: looks like a placeholder and is not used")
        elif text:
            found.oauth[key] = text
    found.google_api_base = clean(environ.get("GOOGLE_API_BASE", ""))
    return found


def _leading_json(value: str) -> Any:
    """The JSON value a text begins with; behind it only a comment may stand. Raises ValueError."""
    text = value.strip()
    if len(text) > 1 and text[0] == text[-1] == "'":
        text = text[1:-1].strip()
    document, end = json.JSONDecoder().raw_decode(text)
    if _COMMENT.sub("", text[end:]).strip():
        raise ValueError("text behind the JSON value")
    return document


def _read_api_keys(value: str, found: Environment) -> None:
    remedy = 'Write API_KEYS=["key-1","key-2"] or API_KEYS=key-1,key-2'
    text = clean(value)
    if text.startswith("["):
        try:
            listed = _leading_json(text if value.strip()[0] in "\"'" else value)
        except ValueError:
            found.problems.append(Problem("API_KEYS", "begins with [ but is not a JSON array", remedy))
            return
        if not isinstance(listed, list) or not all(isinstance(key, str) for key in listed):
            found.problems.append(Problem("API_KEYS", "has elements that are not strings", remedy))
            return
    else:
        listed = text.split(",")
    keys = [key for item in listed if (key := item.strip().strip("\"'").strip())]
    for index, key in enumerate(keys):
        if any(not 33 <= ord(mark) <= 126 for mark in key):
            message = "has blanks or characters a header cannot carry"
            found.problems.append(Problem(f"API_KEYS[{index}]", message, remedy))
            return
    found.api_keys = tuple(dict.fromkeys(keys))


def _read_projects(value: str, found: Environment) -> None:
    if not clean(value):
        return
    try:
        document = _leading_json(value)
    except ValueError:
        document = None
    if not isinstance(document, (list, dict)):
        remedy = 'Write PROJECTS=[{"project_id":"...","refresh_token":"..."}], or use tokens.json'
        found.problems.append(Problem("PROJECTS", "is not a JSON array of projects", remedy))
        return
    found.projects, hints = usable_projects(document, "PROJECTS")
    found.hints += hints
