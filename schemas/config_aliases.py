"""Other spellings of keys, turned into the contract's before validation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.config.problems import Problem

_SERVER = {"request_timeout_secs": "request_timeout_s", "read_timeout_secs": "body_timeout_s"}


def apply_aliases(document: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem], dict[str, str]]:
    """A copy without aliases, problems for keys written twice, and canonical path -> path as written.

    - `auth.api_key` joins `auth.api_keys`;
    - `server.request_timeout_secs`, `read_timeout_secs` (time to receive a body) and `write_timeout_secs`
      (like Go's WriteTimeout, it bounds a whole answer: so the smaller of it and request_timeout_s counts);
    - `request_timeout_secs` of a cli upstream is its `timeout_s`, of any other its `request_timeout_s`;
    - `base_url` of an upstream is the only one of `base_urls`.
    """
    result = dict(document)
    problems: list[Problem] = []
    written: dict[str, str] = {}

    def rename(table: dict[str, Any], path: str, old: str, new: str) -> None:
        if old not in table:
            return
        value = table.pop(old)
        if new in table:
            problems.append(Problem(f"{path}.{old}", f"is another spelling of {new}, and both are written", "Keep one"))
            return
        table[new] = value
        written[f"{path}.{new}"] = f"{path}.{old}"

    if isinstance(result.get("server"), Mapping):
        server = result["server"] = dict(result["server"])
        for old, new in _SERVER.items():
            rename(server, "server", old, new)
        _write_timeout(server, written)

    if isinstance(result.get("auth"), Mapping):
        auth = result["auth"] = dict(result["auth"])
        listed = auth.get("api_keys", [])
        if "api_key" in auth and isinstance(auth["api_key"], str) and isinstance(listed, list):
            single = auth.pop("api_key")
            if single:
                written[f"auth.api_keys[{len(listed)}]"] = "auth.api_key"
                auth["api_keys"] = [*listed, single]
        elif "api_key" in auth:
            auth.pop("api_key")
            problems.append(Problem("auth.api_key", "must be a string", 'Write api_key = "..." or api_keys = ["..."]'))

    if isinstance(result.get("upstreams"), list):
        upstreams = result["upstreams"] = list(result["upstreams"])
        for index, upstream in enumerate(upstreams):
            if not isinstance(upstream, Mapping):
                continue
            table = upstreams[index] = dict(upstream)
            path = f"upstreams[{index}]"
            timeout = "timeout_s" if table.get("kind") == "cli" else "request_timeout_s"
            rename(table, path, "request_timeout_secs", timeout)
            if isinstance(table.get("base_url"), str):
                table["base_url"] = [table["base_url"]]
            rename(table, path, "base_url", "base_urls")
            if f"{path}.base_urls" in written:
                written[f"{path}.base_urls[0]"] = written[f"{path}.base_urls"]
    return result, problems, written


def _write_timeout(server: dict[str, Any], written: dict[str, str]) -> None:
    if "write_timeout_secs" not in server:
        return
    value = server.pop("write_timeout_secs")
    current = server.get("request_timeout_s")
    if current is None or not isinstance(current, (int, float)) or not isinstance(value, (int, float)):
        smaller = current is None or not isinstance(value, (int, float))
    else:
        smaller = value < current
    if smaller:
        server["request_timeout_s"] = value
        written["server.request_timeout_s"] = "server.write_timeout_secs"
