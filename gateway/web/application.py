"""The WSGI application: the Flask application of the current Gateway, replaced in one step on reload."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask

from gateway.config.client_keys import open_keys
from gateway.config.load import load
from gateway.config.model import Config
from gateway.config.problems import ConfigError
from gateway.web.app import create_app
from gateway.web.gateway import Gateway
from gateway.web.log_lines import levelled, worded
from gateway.wiring import build

log = logging.getLogger("dragoman")

Loader = Callable[[], Config]


class Application:
    """`app` of app.py. `local_only` is set by the server's hook, which sees the real listening sockets."""

    def __init__(self, loader: Loader = load) -> None:
        self._loader = loader
        self._reloading = threading.Lock()
        self.local_only: bool | None = None
        self._gateway: Gateway | None = None
        self._begun_with: Config | None = None
        self._flask: Flask | None = None
        self._retired: list[Gateway] = []
        self._draining = False

    @property
    def gateway(self) -> Gateway:
        """The current Gateway; built on first use, when the server has patched what it patches."""
        self._current()
        assert self._gateway is not None
        return self._gateway

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        return (self._flask or self._current())(environ, start_response)

    def _current(self) -> Flask:
        with self._reloading:
            if self._flask is None:
                self._install(self._loader())
            assert self._flask is not None
            return self._flask

    def reload(self) -> bool:
        """Reads the configuration again and swaps; an invalid one is refused and the old one stays.

        Requests that are running keep the Gateway they began with.
        """
        with self._reloading:
            try:
                config = self._loader()
                if self.local_only is False and (problems := open_keys(config)):
                    raise ConfigError(problems)
            except ConfigError as error:
                log.error(
                    "reload refused, the old configuration stays:\n%s",
                    "\n".join(f"  {problem}" for problem in error.problems),
                )
                return False
            old = self._gateway
            try:
                self._install(config)
            except Exception:
                log.exception("reload failed, the old configuration stays")
                return False
            if self._begun_with is not None:
                _say_what_needs_a_restart(self._begun_with, config)
            if old is not None:
                _log_as_told(old, config)
                self._retired = [each for each in (*self._retired, old) if each.running]
            log.info("configuration reloaded from %s", config.source)
            return True

    def drain(self) -> None:
        """No new request is answered from now on; running ones go on."""
        self._draining = True
        for gateway in self.gateways():
            gateway.draining = True

    def end_running(self) -> None:
        """Ends every running request with its dialect's error event."""
        for gateway in self.gateways():
            for live in list(gateway.running):
                live.abort("draining")

    def gateways(self) -> list[Gateway]:
        """The current one and those that a reload left with running requests."""
        return [each for each in (*self._retired, self._gateway) if each is not None]

    def _install(self, config: Config) -> None:
        for hint in config.hints:
            log.info("configuration: %s", hint)
        for warning in config.warnings:
            log.warning("configuration: %s", warning)
        self._begun_with = self._begun_with or config
        old = self._gateway
        gateway = build(
            config,
            local_only=self.local_only,
            recorder=old.recorder if old is not None else None,
            state=old.state if old is not None else None,
            ledger=old.admission.ledger if old is not None else None,
        )
        gateway.draining = self._draining
        self._gateway, self._flask = gateway, create_app(gateway)


def _log_as_told(old: Gateway, config: Config) -> None:
    """What did not change stays: the command line may have set it."""
    if old.config.server.log_level != config.server.log_level:
        levelled(config.server.log_level)
    if old.config.server.log_format != config.server.log_format:
        worded(config.server.log_format)
        old.recorder.form = config.server.log_format


def _say_what_needs_a_restart(old: Config, new: Config) -> None:
    for name in ("host", "port", "bind", "allow_lan_access", "workers"):
        if getattr(old.server, name) != getattr(new.server, name):
            log.warning("[server] %s changed: that takes effect only after a restart", name)
    if new.server.drain_timeout_s > old.server.drain_timeout_s:
        log.warning("[server] drain_timeout_s grew: gunicorn waits longer only after a restart")
    for table in ("records", "metrics"):
        if getattr(old, table) != getattr(new, table):
            log.warning("[%s] changed: that takes effect only after a restart", table)
    if old.data_dir != new.data_dir or old.state != new.state:
        log.warning("the data folder or [state] changed: the state stays where it is until a restart")
