"""The real server with two workers tells the webhook once."""

from __future__ import annotations

from click.testing import CliRunner

from gateway.command.main import command
from tests.gateways import Client, Provider, config_for
from tests.running import RunningGateway
from tests.scripted.script import failing
from tests.scripted.upstream import ScriptedUpstream
from tests.upstreams.test_webhook import Hook, hook

__all__ = ["hook"]

CANARY = "canary-topic-0123456789"


def test_an_account_that_is_disabled_is_told_once(hook: Hook) -> None:
    with ScriptedUpstream() as up:
        up.play(failing(401), key="canary-key-bad")
        providers = Provider(up, keys=("canary-key-bad", "key-good"), more={"name": "main"})
        config = config_for(providers, notify={"url": hook.url(f"/{CANARY}")}, routing={"rotation_count": 1})
        with RunningGateway(config, workers=2) as gateway:
            client = Client(gateway.port)
            assert up.wait_for(lambda: client.ask("chat").status == 200 and bool(up.asked(key="canary-key-bad")), 10)
            assert up.wait_for(lambda: bool(hook.told), 10)
            up.wait_for(lambda: len(hook.told) > 1, 3)
            assert hook.events() == [("trouble", "account_disabled", "main/canary-key-bad")]
            assert "401" in hook.told[0][2]["message"] and CANARY not in gateway.log()
            environment = {"DRAGOMAN_CONFIG": str(gateway.config_file), "DRAGOMAN_DATA": str(gateway.data)}
            said = CliRunner(env=environment).invoke(command, ["notify", "test"]).output
            assert said.startswith("sent") and hook.events()[-1][:2] == ("test", "test")
