"""One gateway for the tests of what broke other gateways, with a canary in every secret."""

from __future__ import annotations

import secrets
import socket

from tests.gateways import Provider, config_for
from tests.scripted.upstream import ScriptedUpstream
from tests.web.admin.visitor import ADMIN

CLIENT, ACCOUNT, OAUTH, HOOK = (f"canary-{name}-0123456789abcdef" for name in ("client", "account", "oauth", "hook"))
SECRETS = (CLIENT, ACCOUNT, OAUTH, HOOK, ADMIN)


def config(up: ScriptedUpstream, mode: str = "strict") -> str:
    provider = Provider(up, "chat", keys=(ACCOUNT,)).toml().replace(f'label = "{ACCOUNT}"', 'label = "one"')
    auth = {"mode": mode, "api_keys": [CLIENT], "admin_key": ADMIN}
    return config_for(auth=auth, notify={"url": f"http://:{HOOK}@127.0.0.1:9/x"}) + provider


def odd_keys() -> list[str]:
    fixed = [
        *("' OR 1=1--", "' OR '1'='1", "x'; DROP TABLE value;--", '" OR ""="', "') UNION SELECT key_hash FROM keys--"),
        *("sha256:" + "0" * 64, "*", "%", "_", "null", "{}", "[]", "true", "0", CLIENT[:-1], CLIENT + "0", "\\x00"),
        *(CLIENT.upper(), "sk-\t", "Bearer", "Bearer Bearer x", "x" * 4000, "\u00e9" * 40, ",".join([CLIENT] * 2)),
    ]
    return [*fixed, *(f"{secrets.choice(fixed)[:40]}{secrets.token_hex(8)}" for _ in range(120))]


class Trap:
    """Listens, and knows whether anybody came."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.settimeout(0.05)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.host = self.url.removeprefix("http://")

    def sprung(self) -> bool:
        try:
            self._socket.accept()[0].close()
        except TimeoutError:
            return False
        return True
