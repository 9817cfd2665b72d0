from __future__ import annotations

import time

from gateway.canon.quota import Quota
from tests.gateways import InProcess
from tests.scripted.script import failing
from tests.scripted.upstream import ScriptedUpstream
from tests.web.admin.conftest import CLIENT, logged_in, toml
from tests.web.admin.visitor import Visitor, words

KEY = {"Authorization": f"Bearer {CLIENT}"}
TEAM = "openai/0000/team"


def state(visitor: Visitor, name: str) -> str:
    """The words of the account's card, up to its buttons."""
    return words(visitor.get("accounts")).split(f"{name} ")[1].split(" Test")[0]


def test_an_account_is_taken_out_of_use_and_back(visitor: Visitor, house: InProcess) -> None:
    assert state(visitor, "team").startswith("usable")
    assert visitor.post("accounts/disable", account=TEAM).headers["Location"] == "/admin/accounts"
    page = words(visitor.get("accounts"))
    assert "team is out of use" in page and "disabled by the operator" in page
    assert house.ask("chat", model="gpt-4o-mini", headers=KEY).status != 200
    assert "is out of use" not in words(visitor.get("accounts"))
    visitor.post("accounts/enable", account=TEAM)
    assert "team is in use" in words(visitor.get("accounts"))
    assert house.ask("chat", model="gpt-4o-mini", headers=KEY).status == 200


def test_a_cooldown_counts_down_with_its_reason_and_can_be_ended(
    visitor: Visitor, house: InProcess, up: ScriptedUpstream
) -> None:
    up.play(failing(429, "slow down", retry_after="400"), dialect="chat")
    assert house.ask("chat", model="gpt-4o-mini", headers=KEY).status == 429
    said = state(visitor, "team")
    assert said.startswith("cooling") and "rests for 6 min" in said and "429" in said
    assert 380 < float(visitor.get("accounts").text.split('data-left="')[1].split('"')[0]) < 401
    assert "cooling" in words(visitor.get()) and "team" in words(visitor.get())
    visitor.post("accounts/reset", account=TEAM)
    assert "no cooldown is left for team" in words(visitor.get("accounts"))
    assert state(visitor, "team").startswith("usable")


def test_a_test_tells_what_the_provider_said(visitor: Visitor, up: ScriptedUpstream) -> None:
    visitor.post("accounts/test", account=TEAM)
    assert "team answered with gpt-4o-mini" in words(visitor.get("accounts"))
    up.play(failing(401, "Incorrect API key"), dialect="chat")
    visitor.post("accounts/test", account=TEAM)
    said = words(visitor.get("accounts"))
    assert "team did not answer with gpt-4o-mini: 401" in said and "disabled" in state(visitor, "team")


def test_quotas_are_bars_with_the_scarcest_first(visitor: Visitor, house: InProcess) -> None:
    account = next(each for each in house.gateway.pool.accounts() if each.label == "alice@example.com")
    resets = time.time() + 3600
    house.gateway.pool.note_quotas(
        account, [Quota("m-full", 1.0, 0.0, time.time()), Quota("m-low", 0.07, resets, time.time())]
    )
    page = visitor.get("accounts")
    assert page.text.index("m-low") < page.text.index("m-full") and 'value="0.07"' in page.text
    assert "7% left" in words(page) and "until" in words(page)


def test_an_account_that_is_not_there(visitor: Visitor) -> None:
    visitor.post("accounts/disable", account="nobody")
    assert "there is no account 'nobody'" in words(visitor.get("accounts"))


def test_the_table_alone_for_refreshing(guest: Visitor) -> None:
    part = guest.get("accounts/table")
    assert "alice@example.com" in part.text and "<html" not in part.text and 'name="csrf"' in part.text


def test_asking_for_quotas_tells_each_account(visitor: Visitor) -> None:
    visitor.post("accounts/quota", account="all")
    said = words(visitor.get("accounts"))
    assert "alice@example.com:" in said and "team:" in said


def test_what_the_pool_has_just_learnt_does_not_undo_an_act(visitor: Visitor, house: InProcess) -> None:
    account = next(each for each in house.gateway.pool.accounts() if each.label == "team")
    house.gateway.pool.note_quotas(account, [Quota("gpt-4o-mini", 0.5, 0.0, time.time())])
    visitor.post("accounts/disable", account=TEAM)
    assert "team is out of use" in words(visitor.get("accounts"))
    assert state(visitor, "team").startswith("disabled") and "50% left" in words(visitor.get("accounts"))


def test_an_account_that_was_skipped_is_named_where_one_looks_for_it(up: ScriptedUpstream) -> None:
    left_out = '[[upstreams]]\nname = "late"\nkind = "openai"\n[[upstreams.accounts]]\napi_key = "${NOT_SET_HERE}"\n'
    with InProcess(toml(up) + "\n" + left_out) as house:
        visitor = logged_in(house)
        for page in ("", "accounts"):
            said = words(visitor.get(page))
            assert "the environment variable NOT_SET_HERE is not set" in said and '"late" is skipped' in said, page
