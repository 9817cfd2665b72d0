from __future__ import annotations

from gateway.config.model import Auth, Config, OAuth, Records, Upstream, UpstreamAccount
from gateway.web.admin.settings import NOT_SET, SET, tables
from tests.web.admin.visitor import Visitor, words

SECRETS = [f"canary-{n}" for n in range(9)]


def test_no_secret_of_any_table_is_among_it() -> None:
    upstream = Upstream(
        name="x",
        kind="openai",
        base_urls=(f"https://user:{SECRETS[0]}@host/v1",),
        headers={"X-Secret": SECRETS[1]},
        proxy=f"http://u:{SECRETS[2]}@proxy",
        accounts=(UpstreamAccount(label="a", api_key=SECRETS[3], refresh_token=SECRETS[4]),),
        oauth=OAuth(client_id="id", client_secret=SECRETS[5]),
    )
    config = Config(
        auth=Auth(admin_key=SECRETS[6], api_keys=(SECRETS[7],)),
        records=Records(url=f"postgresql://u:{SECRETS[8]}@db/x"),
        upstreams=(upstream,),
    )
    shown = {header: {row.name: row.value for row in rows} for header, rows in tables(config)}
    assert not [secret for secret in SECRETS if secret in repr(shown)]
    assert shown["[auth]"]["admin_key"] == SET and shown["[records]"]["url"] == SET
    assert shown["[[upstreams.accounts]]"]["refresh_token"] == SET and shown["[[upstreams]]"]["proxy"] == SET
    assert shown["[upstreams.oauth]"]["client_id"] == "id"


def test_what_is_not_the_default_stands_out() -> None:
    rows = {row.name: row for _, rows in tables(Config(auth=Auth(mode="strict"))) for row in rows}
    assert not rows["mode"].usual and rows["port"].usual and rows["admin_key"].value == NOT_SET


def test_the_page(visitor: Visitor) -> None:
    said = words(visitor.get("settings"))
    assert "[server]" in said and "strict" in said and "alice@example.com" in said
