"""The environment of a process that must find nothing of this project by itself."""

from __future__ import annotations

import os


def bare(**more: str) -> dict[str, str]:
    """This process's environment without what would lead back to the project's own venv or configuration."""
    dropped = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "PORT", "HOST", "API_KEYS", "GEMINI_API_KEY")
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    return {name: value for name, value in kept.items() if not name.startswith("DRAGOMAN_")} | more
