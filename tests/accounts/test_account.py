from __future__ import annotations

from gateway.accounts.account import Account
from gateway.accounts.rest import Rest


def test_rest_of_the_account_and_of_a_model() -> None:
    account = Account("up/a", "up", "a")
    assert account.usable("m", 100.0) and account.rests_until("m") == 0.0
    account.models_resting["m"] = Rest(100.0, 200.0, "quota", 429)
    assert not account.usable("m", 199.0) and account.usable("m", 200.0) and account.usable("n", 100.0)
    account.resting = Rest(100.0, 300.0, "rate", 429)
    assert account.rests_until("m") == account.rests_until("n") == 300.0


def test_slots_and_disabling() -> None:
    account = Account("up/a", "up", "a", max_concurrency=1)
    account.in_use = 1
    assert not account.usable("m", 0.0)
    account.max_concurrency = 0
    assert account.usable("m", 0.0)
    account.disabled_reason = "401"
    assert not account.usable("m", 0.0)


def test_no_secret_in_its_words() -> None:
    account = Account("up/a", "up", "a", secret="sk-very-secret", proxy="http://user:pass@proxy")
    assert "sk-very-secret" not in repr(account) and "pass" not in repr(account)
