import pytest

from gateway.config.model import Agent, Auth, AuthKey, Config, Models, Server, Upstream
from schemas.config_cross import advise

PIN = Models(default="acme/model-1")


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (Config(models=PIN), 'no upstream is named "acme"'),
        (Config(models=PIN, upstreams=(Upstream(name="acne", kind="gemini"),)), 'did you mean "acne"'),
        (Config(models=PIN, upstreams=(Upstream(name="x", kind="gemini", models=("*",)),)), "no upstream"),
        (Config(models=Models(map={"gpt-4.1": ("a", "b/c")})), 'models.map."gpt-4.1"[1]'),
        (Config(agents=(Agent(id="a", model="b/c", tokens=("t",)),)), "agents[0].model"),
        (Config(upstreams=(Upstream(name="o", kind="openai", base_urls=("http://h:1",)),)), "http://h:1/v1"),
        (Config(upstreams=(Upstream(name="o", kind="anthropic", base_urls=("https://h/v1",)),)), "version"),
        (Config(upstreams=(Upstream(name="o", kind="gemini", base_urls=("https://h/v1beta",)),)), "version"),
        (Config(server=Server(host="0.0.0.0"), auth=Auth(mode="off")), "auth.mode"),
        (Config(server=Server(cors_origins=("*",)), auth=Auth(mode="off")), "cors_origins"),
        (Config(auth=Auth(api_keys=("sk-custom-key-1",))), "README"),
        (Config(auth=Auth(mode="strict")), "keys add"),
        (Config(server=Server(first_content_timeout_s=700)), "first_content_timeout_s"),
        (Config(server=Server(bind="unix:/x", allow_lan_access=True)), "allow_lan_access"),
        (Config(auth=Auth(keys=(AuthKey(name="n", key_hash="h", expires="2001-01-01"),))), "expired"),
        (Config(agents=(Agent(id="a", model="m"),)), "no tokens"),
        (Config(upstreams=(Upstream(name="c", kind="cli", sandbox="danger-full-access"),)), "anything"),
        (Config(upstreams=(Upstream(name="c", kind="cli", workdir="/no/such"),)), "no such folder"),
    ],
)
def test_warning(config: Config, words: str) -> None:
    (warning,) = advise(config)
    assert words in warning


@pytest.mark.parametrize(
    "config",
    [
        Config(),
        Config(models=PIN, upstreams=(Upstream(name="acme", kind="gemini"),)),
        Config(models=PIN, upstreams=(Upstream(name="x", kind="gemini", models=("acme/*",)),)),
        Config(upstreams=(Upstream(name="o", kind="openai", base_urls=("http://h/api",)),)),
        Config(auth=Auth(keys=(AuthKey(name="n", key_hash="h", expires="2999-01-01"),))),
        Config(agents=(Agent(id="a", model="m", visibility="public"),)),
        Config(server=Server(host="0.0.0.0")),
    ],
)
def test_no_warning(config: Config) -> None:
    assert advise(config) == []
