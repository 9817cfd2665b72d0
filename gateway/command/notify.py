"""`dragoman notify test`: whether the operator's webhook hears."""

from __future__ import annotations

import click


@click.group()
def notify() -> None:
    """Work with the webhook of [notify] url."""


@notify.command()
def test() -> None:
    """Send one notice now."""
    from gateway.command.loading import configured
    from gateway.config.problems import ConfigError
    from gateway.monitoring.notices import Notice
    from gateway.upstreams.webhook import NotTaken
    from gateway.web.watchman import sender

    try:
        url = configured().notify.url
    except ConfigError as error:
        raise click.ClickException("\n".join(map(str, error.problems))) from None
    if not url:
        raise click.ClickException("there is no webhook: set [notify] url in the configuration")
    try:
        sender(url)(Notice("test", "test", "dragoman", "Dragoman says hello", "This is what a notice looks like."))
    except NotTaken as fault:
        raise click.ClickException(f"the webhook did not take it ({fault})") from None
    click.echo("sent; look whether it arrived")
