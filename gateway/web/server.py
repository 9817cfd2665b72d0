"""gunicorn's settings and hooks, made from the configuration.

Everything at module level under a gunicorn name is a setting. The master process stays small: it reads the
configuration and keeps the embedded model's supervisor; Flask, requests and the dialects live in the workers.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from typing import Any

from gateway.command.loading import configured
from gateway.command.pid_file import hold, let_go, running
from gateway.config.client_keys import open_keys
from gateway.config.data_folder import unwritable
from gateway.config.problems import ConfigError
from gateway.config.workers import worker_count
from gateway.monitoring.files import FOLDER, bury, clear
from gateway.web.bindable import inherited, refused
from gateway.web.listeners import local
from gateway.web.logs import Logger

log = logging.getLogger("dragoman")


def _configuration() -> Any:
    try:
        config = configured()
        problem = unwritable(config.data_dir)
        if problem is not None:
            raise ConfigError([problem])
    except ConfigError as error:
        for each in error.problems:
            print(f"dragoman: {each}", file=sys.stderr)
        raise SystemExit(1) from None
    return config


_config = _configuration()
_server = _config.server

bind = [_server.address]
workers = worker_count(_server.workers)
worker_class = "gateway.web.worker.GatewayWorker"
worker_connections = 4000
keepalive = 75
timeout = 120
graceful_timeout = int(_server.drain_timeout_s) + 5
errorlog = "-"
loglevel = _server.log_level
control_socket_disable = True
proc_name = "dragoman"
limit_request_line = 4094
limit_request_fields = 200
limit_request_field_size = 16384
forwarded_allow_ips = ",".join(_server.trusted_proxies) or "127.0.0.1"
logger_class = "gateway.web.logs.Logger"
Logger.form = _server.log_format

_starter: Any = None
_pid_file: int | None = None


def on_starting(server: Any) -> None:
    """The embedded model is started while nothing else is configured. Metrics begin anew.

    Not where another gateway uses the same data folder: its metrics stay, and its model answers for both.
    """
    global _starter
    if not inherited(os.environ):
        _look_before(server.address)
        if running(_config.data_dir) is not None:
            return
    clear(_config.data_dir / FOLDER)
    if _config.upstreams:
        return
    from gateway.upstreams.local.start import start

    try:
        _starter = start(_config.data_dir)
    except OSError as error:
        why = f"the demonstration model cannot be started in {_config.data_dir} ({error.strerror})"
        remedy = "Make room there, name another folder in DRAGOMAN_DATA, or add an account"
        print(f"dragoman: {why}. {remedy}", file=sys.stderr)
        raise SystemExit(1) from None


def _look_before(addresses: list[Any]) -> None:
    problem = refused(addresses)
    if problem is not None:
        first = running(_config.data_dir)
        told = f". A gateway with this data folder runs already (process {first})" if first is not None else ""
        print(f"dragoman: {problem}{told}", file=sys.stderr)
        raise SystemExit(1)


def when_ready(server: Any) -> None:
    """SIGHUP reloads in process: stock gunicorn would replace all workers, and their streams with them."""

    def handle_hup() -> None:
        for pid in list(server.WORKERS):
            server.kill_worker(pid, signal.SIGHUP)

    _refuse_samples(server)
    server.handle_hup = handle_hup
    _write_pid_file(server)
    _end_at_the_second_sigterm(server)
    listeners = ", ".join(str(listener) for listener in server.LISTENERS)
    server.log.info("dragoman listens on %s (configuration: %s)", listeners, _config.source)
    skipped = "; ".join(_config.skipped)
    if not _config.upstreams and skipped:
        server.log.warning(
            "a small demonstration model on this machine answers, because no account is left: %s", skipped
        )
    elif not _config.upstreams:
        server.log.info(
            "no account is configured: a small demonstration model on this machine answers. "
            "Add a real account, for example: GEMINI_API_KEY=... make run"
        )


def _refuse_samples(server: Any) -> None:
    """The configuration's own address was looked at before; `--bind` and sockets of systemd's are known only here."""
    problems = [] if all(local(each) for each in server.LISTENERS) else open_keys(_config)
    for each in problems:
        print(f"dragoman: {each}", file=sys.stderr)
    if problems:
        on_exit(server)
        raise SystemExit(1)


def _write_pid_file(server: Any) -> None:
    """For `dragoman reload`; the gateway runs without it too."""
    global _pid_file
    try:
        _pid_file = hold(_config.data_dir)
    except OSError as error:
        server.log.warning("the pid file cannot be written (%s): `dragoman reload` will find nothing", error.strerror)
        return
    if _pid_file is None:
        server.log.warning(
            "another gateway uses %s: `dragoman reload` finds that one; a gateway of its own needs another folder "
            "in DRAGOMAN_DATA",
            _config.data_dir,
        )


def _end_at_the_second_sigterm(server: Any) -> None:
    """gunicorn's master ignores it while it drains; SIGINT and SIGQUIT end the drain already."""
    draining = False

    def terminate(number: int, frame: Any) -> None:
        nonlocal draining
        server.SIG_QUEUE.put_nowait(signal.SIGQUIT if draining else number)
        draining = True

    signal.signal(signal.SIGTERM, terminate)


def child_exit(server: Any, worker: Any) -> None:
    bury(_config.data_dir / FOLDER, worker.pid)


def post_fork(server: Any, worker: Any) -> None:
    if _starter is not None:
        _starter.after_fork()


def post_worker_init(worker: Any) -> None:
    """The application learns who can reach it, and listens to SIGHUP and SIGTERM."""
    from gateway.web.lifecycle import attach

    attach(worker)


def worker_exit(server: Any, worker: Any) -> None:
    from gateway.web.lifecycle import detach

    detach(worker)


def on_exit(server: Any) -> None:
    if _pid_file is not None:
        let_go(_config.data_dir, _pid_file)
    if _starter is not None:
        _starter.stop()
