from __future__ import annotations

import logging

import pytest

from tests.gateways import InProcess
from tests.web.admin.visitor import Visitor, found, words


def status(house: InProcess, key: str) -> int:
    return house.ask("chat", model="gpt-4o-mini", headers={"Authorization": f"Bearer {key}"}).status


def add(visitor: Visitor, **fields: str) -> str:
    """The new key."""
    return found(visitor.post("keys/add", **fields), r'id="secret">([^<]+)<')


def test_a_key_is_shown_once_and_works_at_once(
    visitor: Visitor, house: InProcess, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "dragoman")
    key = add(visitor, name="carol", models="gpt-4o-mini gemini-*", rpm="2", monthly_usd="5.5", expires="2099-01-31")
    assert status(house, key) == 200
    page = visitor.get("keys")
    assert key not in page.text and "2 requests/min, 5.5 USD/month" in words(page) and "2099-01-31" in words(page)
    assert "gpt-4o-mini, gemini-*" in words(page) and "of $5.50" in words(page)
    assert [status(house, key), status(house, key)] == [200, 429]
    assert key not in caplog.text and "a key was made for carol" in caplog.text


def test_rotating_gives_a_new_secret_and_may_leave_the_old_one_a_while(visitor: Visitor, house: InProcess) -> None:
    old = add(visitor, name="carol")
    new = found(visitor.post("keys/rotate", name="carol", grace="1h"), r'id="secret">([^<]+)<')
    assert [status(house, old), status(house, new)] == [200, 200]
    newest = found(visitor.post("keys/rotate", name="carol", grace="0"), r'id="secret">([^<]+)<')
    house.gateway.keys._issued._refresh(0)  # type: ignore[union-attr]
    assert [status(house, new), status(house, newest)] == [401, 200]


def test_revoking_ends_it(visitor: Visitor, house: InProcess) -> None:
    key = add(visitor, name="carol")
    visitor.post("keys/revoke", name="carol")
    assert "the key carol is revoked" in words(visitor.get("keys"))
    house.gateway.keys._issued._refresh(0)  # type: ignore[union-attr]
    assert status(house, key) == 401


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"name": "no spaces please"}, "letters, digits"),
        ({"name": ""}, "letters, digits"),
        ({"name": "dan", "rpm": "many"}, "write a number"),
        ({"name": "dan", "rpm": "-1"}, "write a number"),
        ({"name": "dan", "tpm": "1.5"}, "write a number"),
        ({"name": "dan", "monthly_usd": "nan"}, "write a number"),
        ({"name": "dan", "expires": "soon"}, "write a date"),
        ({"name": "dan", "expires": "2001-01-01"}, "in the past"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_filled_in_stays(guest: Visitor, fields: dict[str, str], why: str) -> None:
    page = guest.post("keys/add", **fields)
    assert page.status_code == 422 and why in words(page) and 'aria-invalid="true"' in page.text
    for value in fields.values():
        assert f'value="{value}"' in page.text


def test_a_name_is_given_once(visitor: Visitor) -> None:
    add(visitor, name="carol")
    assert visitor.post("keys/add", name="carol").status_code == 409
    for action in ("keys/rotate", "keys/revoke"):
        visitor.post(action, name="nobody")
        assert "nobody" in words(visitor.get("keys"))


def test_limits_are_changed_and_the_key_stays(visitor: Visitor, house: InProcess) -> None:
    key = add(visitor, name="carol", rpm="1", models="gpt-4o-mini gemini-*")
    assert [status(house, key), status(house, key)] == [200, 429]
    form = visitor.get("keys/edit", name="carol")
    assert 'name="rpm" value="1"' in form.text and 'value="gpt-4o-mini gemini-*"' in form.text
    visitor.post("keys/change", name="carol", rpm="50", models="gpt-4o-mini")
    assert "the limits of carol are: 50 requests/min" in words(visitor.get("keys"))
    house.gateway.keys._issued._refresh(0)  # type: ignore[union-attr]
    assert status(house, key) == 200
    wrong = visitor.post("keys/change", name="carol", rpm="some")
    assert wrong.status_code == 422 and 'value="some"' in wrong.text


def test_only_keys_that_were_given_out_can_be_changed(visitor: Visitor) -> None:
    assert visitor.get("keys/edit", name="nobody").status_code == 404
    visitor.post("keys/change", name="nobody", rpm="5")
    assert "there is no key named nobody" in words(visitor.get("keys"))
