"""One account's token: when it is renewed, with which client, and who is told what (AM-T3..T7, A2-T2..T8)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from gateway.accounts.credential import CredentialFault
from gateway.accounts.oauth import Client
from gateway.accounts.oauth_clients import known_clients
from gateway.accounts.oauth_credential import AHEAD_S, OAuthCredential
from gateway.accounts.tokens import TokensFile
from tests.assist_house import project, read_tokens, write_tokens

GOOGLE = "https://oauth.example/token"


class Endpoint:
    """A token endpoint: `answer(client_id, number of the request)` is (status, JSON text)."""

    def __init__(self, answer: Callable[[str, int], tuple[int, str]] | None = None, lasts_s: int = 3600) -> None:
        self.asked: list[str] = []
        self._answer = answer or (
            lambda client, number: (200, f'{{"access_token": "access-{number}", "expires_in": {lasts_s}}}')
        )

    def post(self, url: str, headers: dict[str, str], body: bytes, timeout_s: float) -> tuple[int, bytes]:
        client = parse_qs(body.decode())["client_id"][0]
        self.asked.append(client)
        status, text = self._answer(client, len(self.asked))
        return status, text.encode()


def refusing(*words: str) -> Callable[[str, int], tuple[int, str]]:
    """What each client in turn is told; "" is a token."""

    def answer(client: str, number: int) -> tuple[int, str]:
        word = words[min(number, len(words)) - 1]
        if not word:
            return 200, '{"access_token": "granted", "expires_in": 3600}'
        return 400, f'{{"error": "{word}", "error_description": "said so"}}'

    return answer


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tokens.json"


def credential(path: Path, endpoint: Endpoint, *clients: str, **more: Any) -> OAuthCredential:
    return OAuthCredential(
        "a", TokensFile(path), "r1", lambda own: [Client(each, "s", GOOGLE) for each in clients or ("c",)],
        endpoint.post, **more,
    )  # fmt: skip


def now(credential: OAuthCredential) -> str:
    return credential.current(time.monotonic() + 10)


@pytest.mark.parametrize(("left", "refreshes"), [(AHEAD_S - 5, 1), (AHEAD_S + 30, 0), (-10, 1)])
def test_renewed_five_minutes_ahead(path: Path, left: float, refreshes: int) -> None:
    """A2-T2, A2-T3, AM-T3."""
    write_tokens(path, project("r1", "old", lasts_s=left))
    endpoint = Endpoint()
    one = credential(path, endpoint)
    assert now(one) == now(one) == ("access-1" if refreshes else "old")
    assert len(endpoint.asked) == refreshes
    assert read_tokens(path)[0]["access_token"] == now(one)


def test_an_answer_without_a_lifetime_lasts_an_hour(path: Path) -> None:
    """A2-T3."""
    write_tokens(path, project("r1"))
    endpoint = Endpoint(lambda client, number: (200, '{"access_token": "a"}'))
    assert now(credential(path, endpoint)) == "a"
    assert read_tokens(path)[0]["expires_at"] == pytest.approx(time.time() + 3599, abs=5)


def test_tokens_of_minutes_are_not_renewed_with_every_request(path: Path) -> None:
    """Failures 67: neither by the worker that got one nor by the one that finds it in the file."""
    write_tokens(path, project("r1", "old", lasts_s=-1))
    endpoint = Endpoint(lasts_s=200)
    one, other = credential(path, endpoint), credential(path, endpoint)
    assert other.fact("email") == "r1@example.com"  # it has seen the file before
    assert [now(one), now(other), now(one), now(other)] == ["access-1"] * 4
    assert len(endpoint.asked) == 1


def test_what_was_rejected_counts_and_not_the_clock(path: Path) -> None:
    """Detail 1, A2-T5: a token that is not the rejected one is taken, the rejected one never."""
    write_tokens(path, project("r1", "revoked"))
    endpoint = Endpoint()
    one, other = credential(path, endpoint), credential(path, endpoint)
    assert one.renewed("revoked", time.monotonic() + 5) == "access-1"
    assert other.renewed("revoked", time.monotonic() + 5) == "access-1"
    assert len(endpoint.asked) == 1
    assert other.renewed("access-1", time.monotonic() + 5) == "access-2"


@pytest.mark.parametrize(
    ("words", "asked", "outcome"),
    [
        (["unauthorized_client", "invalid_client", ""], ["a", "b", "c"], "granted"),
        (["invalid_grant", ""], ["a", "b"], "granted"),
        (["invalid_grant"], ["a", "b", "c"], "disabled"),
        (["invalid_grant", "unauthorized_client"], ["a", "b", "c"], "disabled"),
        (["invalid_client", "invalid_grant"], ["a", "b", "c"], "trouble"),
        (["invalid_scope"], ["a"], "trouble"),
    ],
)
def test_several_oauth_clients(path: Path, words: list[str], asked: list[str], outcome: str) -> None:
    """AM-T5, AM-T6: the others are tried when it may be the wrong client (an invalid_grant may say that too), and which
    one worked is remembered."""
    write_tokens(path, project("r1"))
    endpoint = Endpoint(refusing(*words))
    one = credential(path, endpoint, "a", "b", "c")
    if outcome == "granted":
        assert now(one) == "granted"
        assert one.renewed("granted", time.monotonic() + 5) == "granted"
        assert endpoint.asked == [*asked, asked[-1]]
    else:
        with pytest.raises(CredentialFault) as raised:
            now(one)
        assert raised.value.final is (outcome == "disabled")
        assert endpoint.asked == asked
    assert read_tokens(path)[0]["enabled"] is (outcome != "disabled")


def test_its_own_client_is_believed(path: Path) -> None:
    """AM-T5, AM-T6: an invalid_grant from the client it logged in with is final at once."""
    write_tokens(path, project("r1", oauth_client="b"))
    endpoint = Endpoint(refusing("invalid_grant"))
    tokens = TokensFile(path)
    clients = known_clients(lambda: {"oauth_clients": {"x": {"client_id": "b"}}}, Client("a", "s", GOOGLE), GOOGLE)
    with pytest.raises(CredentialFault, match="Testing"):
        now(OAuthCredential("a", tokens, "r1", clients, endpoint.post))
    assert endpoint.asked == ["b"]


def test_what_is_told_names_no_account(path: Path) -> None:
    """AM-T7: what a client may see tells what to do, and neither email nor secret."""
    write_tokens(path, project("r1"))
    with pytest.raises(CredentialFault) as raised:
        now(credential(path, Endpoint(refusing("invalid_grant"))))
    assert "log in again" in str(raised.value)
    assert "@" not in str(raised.value) and "r1" not in str(raised.value)


def test_a_rotated_refresh_token_reaches_the_other_worker(path: Path) -> None:
    """AM-T4, detail 22: the old one is never sent again."""
    write_tokens(path, project("r1", "old"))
    said = '{"access_token": "access-%d", "expires_in": 3600, "refresh_token": "r2"}'
    endpoint = Endpoint(lambda client, number: (200, said % number))
    one, other = credential(path, endpoint), credential(path, endpoint)
    assert now(other) == "old"
    assert one.renewed("old", time.monotonic() + 5) == "access-1"
    assert other.renewed("old", time.monotonic() + 5) == "access-1"
    assert (one.refresh_token, other.refresh_token, len(endpoint.asked)) == ("r2", "r2", 1)
    assert read_tokens(path)[0]["refresh_token"] == "r2"


def test_no_rotation_keeps_the_refresh_token(path: Path) -> None:
    """AM-T4."""
    write_tokens(path, project("r1"))
    now(credential(path, Endpoint()))
    assert read_tokens(path)[0]["refresh_token"] == "r1"


def test_a_refresh_that_hangs_holds_up_its_own_account_only(path: Path) -> None:
    """A2-T8: one lock an account, not one for all."""
    write_tokens(path, project("r1"), project("r2"))
    going, free = threading.Event(), threading.Event()

    def hanging(client: str, number: int) -> tuple[int, str]:
        going.set()
        free.wait(10)
        return 200, '{"access_token": "late", "expires_in": 3600}'

    tokens = TokensFile(path)
    slow = OAuthCredential("1", tokens, "r1", lambda own: [Client("c", "", GOOGLE)], Endpoint(hanging).post)
    quick = OAuthCredential("2", tokens, "r2", lambda own: [Client("c", "", GOOGLE)], Endpoint().post)
    got: list[str] = []
    thread = threading.Thread(target=lambda: got.append(now(slow)))
    thread.start()
    assert going.wait(5)
    assert now(quick) == "access-1" and not got
    free.set()
    thread.join(10)
    assert got == ["late"]


@pytest.mark.parametrize("edited", ["disabled", "removed", "half written"])
def test_the_file_is_looked_at_just_before_use(path: Path, edited: str) -> None:
    """AM-T20, detail 22: a hand edit counts at once; a file that cannot be read right now costs nobody the account."""
    write_tokens(path, project("r1", "token"), project("r2"))
    one = credential(path, Endpoint())
    assert now(one) == "token"
    if edited == "half written":
        path.write_text('{"projects": [{"ref')
        assert now(one) == "token"
        return
    write_tokens(path, *([project("r1", "token", enabled=False, disabled_reason="by me")] * (edited == "disabled")))
    with pytest.raises(CredentialFault) as raised:
        now(one)
    assert raised.value.final
