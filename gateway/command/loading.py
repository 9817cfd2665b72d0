"""The configuration as the running command sees it: what its options said is handed on to workers by environment."""

from __future__ import annotations

import json
import os
from typing import Any

import click

from gateway.config.load import load
from gateway.config.model import Config

OVERRIDES = "DRAGOMAN_OVERRIDES"


def configured() -> Config:
    """The configuration of this process and its children. Raises ConfigError."""
    return load(overrides=json.loads(os.environ.get(OVERRIDES, "{}")))


def say_what_is_skipped(config: Config) -> None:
    """On standard error: accounts of the configuration that do not exist for the gateway, and why."""
    for hint in config.skipped:
        click.echo(f"hint: {hint}", err=True)


def hand_on(config_file: str | None, overrides: dict[str, Any]) -> None:
    """Options of the command line, for this process and its children."""
    if config_file:
        os.environ["DRAGOMAN_CONFIG"] = config_file
    given = {name: value for name, value in overrides.items() if value is not None}
    if given:
        os.environ[OVERRIDES] = json.dumps({**json.loads(os.environ.get(OVERRIDES, "{}")), **given})
