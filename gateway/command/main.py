"""`dragoman`: serve, reload, check and explain."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click

from gateway import __version__
from gateway.command.accounts import accounts
from gateway.command.agents import agents
from gateway.command.explain import explain
from gateway.command.keys import keys
from gateway.command.loading import configured, hand_on
from gateway.command.notify import notify
from gateway.command.records import logs, usage


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="dragoman")
@click.option("--config", "config_file", metavar="FILE", help="The configuration (default: ./dragoman.toml).")
def command(config_file: str | None) -> None:
    """A self-hosted gateway between LLM clients and LLM providers."""
    hand_on(config_file, {})


@command.command()
@click.option("--host", help="Address to listen on (default 127.0.0.1).")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on (default 8045).")
@click.option("--workers", type=click.IntRange(0, 1024), help="Worker processes (0: one for every CPU).")
def serve(host: str | None, port: int | None, workers: int | None) -> None:
    """Start the gateway.

    The same as `python app.py` or `gunicorn -c gunicorn.conf.py app:app`.
    """
    from gateway.web.serve import serve_forever

    hand_on(None, {"server.host": host, "server.port": port, "server.workers": workers})
    serve_forever()


@command.group()
def config() -> None:
    """Work with the configuration file."""


@config.command("check")
@click.argument("file", required=False)
def config_check(file: str | None) -> None:
    """Print every error with its path and the remedy.

    FILE is the configuration; without it, what `dragoman serve` would read.
    """
    from gateway.config.check import report

    ok, lines = report(file)
    if ok:
        from gateway.command.state_check import reached

        lines += reached(file)
    click.echo("\n".join(lines))
    sys.exit(0 if ok else 1)


@command.command()
@click.option("--url", help="The gateway's address (default: what the configuration says).")
def health(url: str | None) -> None:
    """Ask a running gateway whether it is alive.

    The exit status is 0 when it is (for Docker's healthcheck).
    """
    from gateway.command.health import asked

    ok, message = asked(_config(), url)
    click.echo(message)
    sys.exit(0 if ok else 1)


@command.command()
def reload() -> None:
    """Have the running gateway read its configuration again.

    Live answers and connections stay.
    """
    from gateway.command.reload import reloaded

    ok, message = reloaded(_config())
    click.echo(message)
    sys.exit(0 if ok else 1)


command.add_command(accounts)
command.add_command(agents)


def _config() -> Any:
    from gateway.config.problems import ConfigError

    try:
        return configured()
    except ConfigError as error:
        raise click.ClickException("\n".join(map(str, error.problems))) from None


command.add_command(explain)
command.add_command(keys)
command.add_command(notify)
command.add_command(usage)
command.add_command(logs)


def main(arguments: Sequence[str] | None = None) -> None:
    command(args=arguments, prog_name="dragoman")
