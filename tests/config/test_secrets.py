from __future__ import annotations

from pathlib import Path

from gateway.config.load import load
from gateway.config.secrets import secrets_of

CONFIG = """
[auth]
api_keys = ["canary-client-0123456789"]
admin_key = "canary-admin-0123456789"
[notify]
url = "https://ntfy.example/canary-topic-0123456789"
[[upstreams]]
name = "main"
kind = "openai"
base_urls = ["http://127.0.0.1:1/v1"]
headers = {"X-Auth-Proxy" = "canary-header-0123456789", "X-Title" = "house"}
[[upstreams.accounts]]
api_key = "canary-account-0123456789"
[[agents]]
id = "poet"
model = "m"
tokens = ["canary-agent-0123456789"]
"""


def test_every_secret_that_is_configured(tmp_path: Path) -> None:
    (tmp_path / "dragoman.toml").write_text(CONFIG)
    found = {
        each for each in secrets_of(load(tmp_path / "dragoman.toml", environ={"DRAGOMAN_DATA": str(tmp_path)})) if each
    }
    assert len(found) == 6 and all("canary" in each for each in found)
