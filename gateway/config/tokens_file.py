"""Looks into tokens.json, or the PROJECTS variable of the same shape, to see whether it can be used.

Shape: `{"oauth_config": {...}, "projects": [{"project_id", "refresh_token", "access_token", "expires_at",
"enabled", "disabled_reason"}]}`. The accounts room reads it for real, and writes it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gateway.config.model import UpstreamAccount
from gateway.config.placeholders import is_placeholder
from gateway.config.problems import Problem


def usable_projects(document: Any, where: str) -> tuple[tuple[UpstreamAccount, ...], list[str]]:
    """One account per project with a refresh token of its own, and a hint for each that was skipped.

    `document` is the whole object or only its list of projects; anything else has no projects.
    """
    projects = document.get("projects") if isinstance(document, Mapping) else document
    accounts: list[UpstreamAccount] = []
    hints: list[str] = []
    for index, project in enumerate(projects if isinstance(projects, list) else []):
        token = project.get("refresh_token") if isinstance(project, Mapping) else None
        if not isinstance(token, str) or is_placeholder(token):
            hints.append(f"{where}: projects[{index}] is skipped, its refresh_token is missing or a placeholder")
            continue
        email, project_id = project.get("email"), project.get("project_id")
        accounts.append(
            UpstreamAccount(
                email=email if isinstance(email, str) else "",
                project_id=project_id if isinstance(project_id, str) and not is_placeholder(project_id) else "",
                refresh_token=token.strip(),
            )
        )
    return tuple(accounts), hints


def read_keys(path: Path) -> list[tuple[str, UpstreamAccount]]:
    """(upstream, account) for each key that `dragoman accounts add-key` has put under `keys`; none of a file that
    cannot be read, of which `read_tokens` complains."""
    try:
        document = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (OSError, ValueError):
        return []
    listed = document.get("keys") if isinstance(document, Mapping) else None
    found = []
    for entry in listed if isinstance(listed, list) else []:
        key, name = (entry.get("api_key"), entry.get("upstream")) if isinstance(entry, Mapping) else (None, None)
        if isinstance(key, str) and isinstance(name, str) and name and not is_placeholder(key):
            label = entry.get("label")
            account = UpstreamAccount(label=label if isinstance(label, str) else "", api_key=key.strip())
            found.append((name, account))
    return found


def read_tokens(path: Path) -> tuple[tuple[UpstreamAccount, ...], list[str], list[Problem]]:
    """Usable projects, hints and problems of a tokens.json; a file that is not there has none of them."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
        document = json.loads(text) if text.strip() else {}
    except (FileNotFoundError, NotADirectoryError):  # of a data folder that is none, the data folder's own check tells
        return (), [], []
    except json.JSONDecodeError as error:
        message = f"line {error.lineno}, column {error.colno}: {error.msg}"
        return (), [], [Problem(str(path), message, "Correct the JSON, or move the file away")]
    except UnicodeDecodeError:
        return (), [], [Problem(str(path), "is not UTF-8 text", "Save the file as UTF-8")]
    except OSError as error:
        return (
            (),
            [],
            [Problem(str(path), f"cannot be read: {error.strerror}", "Check the file's permissions")],
        )
    accounts, hints = usable_projects(document, path.name)
    return accounts, hints, []
