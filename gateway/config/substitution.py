"""`${NAME}` in the strings of a configuration file.

`$${NAME}` stays `${NAME}`. Anything else with a dollar sign is left alone: prompts contain such things.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from gateway.config.problems import Problem

_VARIABLE = re.compile(r"\$?\$\{([A-Za-z_][A-Za-z0-9_]*)\}")

SkipUnset = Callable[[str, str], bool]
"""Asked with a path and the name of an unset variable; True: leave the string empty, it is dealt with."""


class Substituted(str):
    """A whole string that was one `${NAME}`; numbers and booleans may be read from it."""

    variable: str

    def __new__(cls, value: str, variable: str) -> Substituted:
        text = super().__new__(cls, value)
        text.variable = variable
        return text


def substitute(
    document: Mapping[str, Any], environ: Mapping[str, str], skip_unset: SkipUnset
) -> tuple[dict[str, Any], list[Problem]]:
    """A copy of the document with variables replaced, and one problem per variable that is not set.

    A variable that is set but empty counts as not set. Names of tables and keys are never replaced.
    """
    problems: list[Problem] = []

    def walk(value: Any, path: str) -> Any:
        if isinstance(value, Mapping):
            return {key: walk(item, join(path, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [walk(item, f"{path}[{index}]") for index, item in enumerate(value)]
        return text(value, path) if isinstance(value, str) else value

    def text(value: str, path: str) -> str:
        def replace(match: re.Match[str]) -> str:
            if match[0].startswith("$$"):
                return match[0][1:]
            name = match[1]
            found = environ.get(name, "")
            if not found and not skip_unset(path, name):
                problems.append(
                    Problem(
                        path,
                        f"uses the environment variable {name}, which is not set",
                        f"Set {name} in the environment or in the .env file beside the configuration",
                    )
                )
            return found

        whole = _VARIABLE.fullmatch(value)
        result = _VARIABLE.sub(replace, value)
        return Substituted(result, whole[1]) if whole and not value.startswith("$$") else result

    return {key: walk(item, key) for key, item in document.items()}, problems


_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def join(path: str, key: str) -> str:
    """The path of `key` inside the table at `path`, quoted as TOML quotes it."""
    name = key if _BARE_KEY.fullmatch(key) else '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{path}.{name}" if path else name
