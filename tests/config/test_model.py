import dataclasses
import re
from pathlib import Path

import pytest

from gateway.config import model
from gateway.config.model import Agent, AuthKey, Config, OAuth, Server, Upstream, UpstreamAccount

DOCUMENTATION = Path(__file__).parents[2] / "docs" / "configuration.md"
TABLES = [value for value in vars(model).values() if isinstance(value, type) and dataclasses.is_dataclass(value)]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)
def test_every_field_is_documented(table: type) -> None:
    text = DOCUMENTATION.read_text(encoding="utf-8")
    documented = set(re.findall(r"`([a-z_]+)`", text)) | set(re.findall(r"^#+ \[+(?:\w+\.)?(\w+)\]", text, re.M))
    missing = [field.name for field in dataclasses.fields(table) if field.name not in documented]
    assert not missing


SECTIONS = {
    "server": model.Server, "auth": model.Auth, "auth.keys": model.AuthKey, "routing": model.Routing,
    "models": model.Models, "models.profiles": model.Profile, "media": model.Media,
    "responses": model.Responses,
    "upstreams": model.Upstream, "upstreams.accounts": model.UpstreamAccount, "upstreams.oauth": model.OAuth,
    "agents": model.Agent, "state": model.State, "records": model.Records, "metrics": model.Metrics,
    "notify": model.Notify,
}  # fmt: skip


@pytest.mark.parametrize("section", SECTIONS)
def test_documented_defaults_are_the_real_ones(section: str) -> None:
    text = DOCUMENTATION.read_text(encoding="utf-8")
    found = re.search(rf"^#+ \[+{re.escape(section)}\]+$(.*?)(?=^#+ |\Z)", text, re.M | re.S)
    assert found
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+?) \|", found[1], re.M))
    fields = {field.name: field for field in dataclasses.fields(SECTIONS[section])}
    assert set(rows) <= set(fields)
    for name, shown in rows.items():
        default = fields[name].default
        if not shown.startswith("`") or name in ("tokens_file", "metadata"):
            continue
        if isinstance(default, bool):
            assert shown == f"`{str(default).lower()}`", name
        elif isinstance(default, (int, float)):
            assert shown in (f"`{default}`", f"`{default:g}`"), name
        elif isinstance(default, str):
            assert shown == f'`"{default}"`', name
        elif isinstance(default, tuple):
            assert shown == "`[" + ", ".join(f'"{item}"' for item in default) + "]`", name
        else:
            assert shown == "`{}`" and name == "headers", name


def test_tables_are_frozen_and_have_slots() -> None:
    for table in TABLES:
        assert "__slots__" in vars(table), table
    with pytest.raises(dataclasses.FrozenInstanceError):
        Server().port = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("server", "address", "loopback"),
    [
        (Server(), "127.0.0.1:8045", True),
        (Server(host="localhost", port=1), "localhost:1", True),
        (Server(host="::1"), "[::1]:8045", True),
        (Server(host="::ffff:127.0.0.1"), "[::ffff:127.0.0.1]:8045", True),
        (Server(host="127.9.9.9"), "127.9.9.9:8045", True),
        (Server(host="0.0.0.0"), "0.0.0.0:8045", False),
        (Server(host="::"), "[::]:8045", False),
        (Server(host="gateway.lan"), "gateway.lan:8045", False),
        (Server(allow_lan_access=True), "0.0.0.0:8045", False),
        (Server(host="10.0.0.5", allow_lan_access=True), "10.0.0.5:8045", False),
        (Server(bind="unix:/run/d.sock", allow_lan_access=True), "unix:/run/d.sock", True),
        (Server(bind="0.0.0.0:80"), "0.0.0.0:80", False),
        (Server(bind="[::1]:80"), "[::1]:80", True),
    ],
)
def test_address(server: Server, address: str, loopback: bool) -> None:
    assert (server.address, server.loopback) == (address, loopback)


@pytest.mark.parametrize(
    ("expires", "seconds"),
    [
        ("", None),
        ("2027-01-31", 1801440000.0),
        ("2027-01-31T00:00:00", 1801353600.0),
        ("2027-01-31T00:00:00+01:00", 1801350000.0),
        ("2027-01-31T00:00:00Z", 1801353600.0),
    ],
)
def test_expiry(expires: str, seconds: float | None) -> None:
    assert AuthKey(name="a", key_hash="h", expires=expires).expires_at == seconds


def test_knobs_are_those_that_are_set() -> None:
    agent = Agent(id="a", model="m", temperature=0.0, max_tokens=5, stop=("x",))
    assert agent.knobs() == {"temperature": 0.0, "max_tokens": 5, "stop": ("x",)}
    assert all(hasattr(agent, name) for name in model.AGENT_KNOBS)


def test_repr_has_no_secret() -> None:
    secret = "SECRET-VALUE"
    config = Config(
        auth=model.Auth(api_keys=(secret,), admin_key=secret, keys=(AuthKey(name="n", key_hash=secret),)),
        upstreams=(
            Upstream(
                name="u",
                kind="openai",
                headers={"x": secret},
                proxy=secret,
                accounts=(UpstreamAccount(api_key=secret, proxy=secret, refresh_token=secret),),
                oauth=OAuth(client_secret=secret),
            ),
        ),
        agents=(Agent(id="a", model="m", tokens=(secret,)),),
        state=model.State(url=secret),
        records=model.Records(url=secret),
        notify=model.Notify(url=secret),
    )
    assert secret not in repr(config)


def test_every_kind_has_an_entry_for_its_address() -> None:
    assert set(model.DEFAULT_BASE_URLS) == set(model.KINDS)
