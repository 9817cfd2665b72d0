"""A gateway with Code Assist accounts at a scripted provider, and the tokens.json it reads."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from tests.gateways import InProcess
from tests.scripted.assist import ScriptedAssist

MODEL = "gemini-2.5-flash"


def project(refresh: str, access: str | None = None, lasts_s: float = 3600.0, **more: Any) -> dict[str, Any]:
    return {
        "project_id": f"project-{refresh}",
        "refresh_token": refresh,
        "access_token": access,
        "expires_at": int(time.time() + lasts_s) if access else None,
        "enabled": True,
        "disabled_reason": None,
        "email": f"{refresh}@example.com",
        **more,
    }


def write_tokens(path: Path, *projects: dict[str, Any], **more: Any) -> None:
    """As an editor would: a new file, moved into place."""
    new = path.with_name("edited")
    new.write_text(json.dumps({"projects": list(projects), **more}, indent=2))
    os.replace(new, path)


def read_tokens(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text())["projects"]
    return found


def assist_toml(
    up: ScriptedAssist,
    tokens: Path,
    *,
    bases: tuple[str, ...] = (),
    tables: str = "",
    more: str = "",
    name: str = "assist",
) -> str:
    return f"""
{tables}
[[upstreams]]
name = {json.dumps(name)}
kind = "code_assist"
tokens_file = {json.dumps(str(tokens))}
base_urls = {json.dumps(list(bases or (up.url,)))}
{more}
  [upstreams.oauth]
  client_id = "client-1"
  client_secret = "client-secret-1"
  token_url = {json.dumps(up.token_url)}
"""


def house(up: ScriptedAssist, tokens: Path, **options: Any) -> InProcess:
    return InProcess(assist_toml(up, tokens, **options))
