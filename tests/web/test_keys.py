from __future__ import annotations

import hashlib
import logging
import stat
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from gateway.config.generated_key import FILE_NAME
from gateway.config.model import Auth, AuthKey, Config
from gateway.errors import Unauthorized
from gateway.keys import issued as issued_room
from gateway.keys.issued import IssuedKeys
from gateway.state.memory import MemoryStore
from gateway.web.keys import ClientKeys
from tests.web.served import served

KEY, OTHER = "sk-the-right-key-0123456789", "sk-another-right-key-987654"
FORWARDED = {
    "HTTP_FORWARDED": "for=1.2.3.4",
    "HTTP_X_FORWARDED_FOR": "1.2.3.4",
    "HTTP_X_FORWARDED_HOST": "example.com",
    "HTTP_X_FORWARDED_PROTO": "https",
    "HTTP_X_FORWARDED_PORT": "443",
    "HTTP_X_FORWARDED_SERVER": "proxy",
    "HTTP_X_FORWARDED_PREFIX": "/llm",
    "HTTP_X_REAL_IP": "1.2.3.4",
    "HTTP_VIA": "1.1 proxy",
}
WAYS = {
    "bearer": {"HTTP_AUTHORIZATION": f"Bearer {KEY}"},
    "bearer, lower case": {"HTTP_AUTHORIZATION": f"bearer   {KEY} "},
    "bare authorization": {"HTTP_AUTHORIZATION": KEY},
    "x-api-key": {"HTTP_X_API_KEY": KEY},
    "x-goog-api-key": {"HTTP_X_GOOG_API_KEY": KEY},
    "a wrong one and a right one": {"HTTP_AUTHORIZATION": "Bearer wrong", "HTTP_X_API_KEY": KEY},
    "a right one and a wrong one": {"HTTP_AUTHORIZATION": f"Bearer {KEY}", "HTTP_X_API_KEY": "wrong"},
}
ODD = {
    "none": "",
    "empty": " ",
    "wrong": "sk-wrong",
    "half": KEY[:-1],
    "longer": KEY + "x",
    "10 KB": "k" * 10_240,
    "newline": KEY + "\nX: y",
    "sql": "' OR 1=1--",
    "upper case": KEY.upper(),
    "nul": KEY + "\0",
    "latin": "clé",
    "high": "\xff\xfe",
    "the hash": hashlib.sha256(KEY.encode()).hexdigest(),
    "scheme": f"Basic {KEY}",
    "quoted": f'"{KEY}"',
}


def keys(tmp_path: Path, *, local_only: bool = False, **auth: Any) -> ClientKeys:
    return ClientKeys(Config(auth=Auth(**auth), data_dir=tmp_path), local_only=local_only)


def lets_in(found: ClientKeys, environ: Mapping[str, str], **how: bool) -> bool:
    try:
        found.check(environ, **how)
    except Unauthorized as error:
        assert error.fault.status == 401 and error.fault.code == "invalid_api_key"
        return False
    return True


@pytest.mark.parametrize("environ", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("mode", ["strict", "all_except_health", "auto"])
def test_12_any_presented_key_that_is_valid_lets_in(tmp_path: Path, mode: str, environ: dict[str, str]) -> None:
    assert lets_in(keys(tmp_path, mode=mode, api_keys=(OTHER, KEY)), environ)


@pytest.mark.parametrize("header", ["HTTP_AUTHORIZATION", "HTTP_X_API_KEY", "HTTP_X_GOOG_API_KEY"])
@pytest.mark.parametrize("key", ODD.values(), ids=ODD)
def test_odd_keys(tmp_path: Path, header: str, key: str, caplog: pytest.LogCaptureFixture) -> None:
    found = keys(tmp_path, mode="strict", api_keys=(KEY,))
    with pytest.raises(Unauthorized) as error:
        found.check({header: key})
    assert not key.strip() or key not in error.value.fault.message
    assert not caplog.records


def test_a_refusal_says_whether_a_key_was_sent_and_what_to_do(tmp_path: Path) -> None:
    found = keys(tmp_path, mode="strict", api_keys=(KEY,))
    with pytest.raises(Unauthorized, match=r"none was sent.*Authorization: Bearer.*x-api-key.*x-goog-api-key"):
        found.check({"HTTP_AUTHORIZATION": "Bearer "})
    with pytest.raises(
        Unauthorized, match=r"not one of this gateway's keys.*client_key of the data folder.*dragoman keys add"
    ):
        found.check({"HTTP_AUTHORIZATION": "Bearer x"})


def test_query_key_where_it_is_allowed(tmp_path: Path) -> None:
    found = keys(tmp_path, mode="strict", api_keys=(KEY, "k&y=+%"))
    environ = {"QUERY_STRING": f"alt=sse&key={KEY}"}
    assert lets_in(found, environ, query=True) and not lets_in(found, environ)
    assert lets_in(found, {"QUERY_STRING": "key=k%26y%3D%2B%25"}, query=True)
    assert not lets_in(found, {"QUERY_STRING": "key=&key=%ff&alt=sse&key"}, query=True)
    assert lets_in(found, {"QUERY_STRING": f"key=wrong&key={KEY}"}, query=True)


def test_a_key_in_another_alphabet(tmp_path: Path) -> None:
    key = "ключ-ключ-ключ"
    found = keys(tmp_path, mode="strict", api_keys=(key,))
    assert lets_in(found, {"HTTP_X_API_KEY": key.encode().decode("latin-1")})


@pytest.mark.parametrize("mode", ["strict", "all_except_health"])
def test_12_a_mode_set_by_hand_without_a_key_denies_all(tmp_path: Path, mode: str) -> None:
    for api_keys in ((), ("",)):
        found = keys(tmp_path, mode=mode, api_keys=api_keys, admin_key="sk-admin")
        for environ in ({}, {"HTTP_AUTHORIZATION": ""}, {"HTTP_X_API_KEY": ""}, {"HTTP_X_API_KEY": "sk-admin"}):
            assert not lets_in(found, environ)
    assert not (tmp_path / FILE_NAME).exists()


@pytest.mark.parametrize(
    ("mode", "local_only", "open_health"),
    [
        ("off", False, True),
        ("strict", True, False),
        ("all_except_health", True, True),
        ("auto", True, True),
        ("auto", False, True),
    ],
)
def test_12_health(tmp_path: Path, mode: str, local_only: bool, open_health: bool) -> None:
    found = keys(tmp_path, mode=mode, local_only=local_only, api_keys=(KEY,))
    assert lets_in(found, {}, health=True) is open_health
    assert lets_in(found, {"HTTP_X_API_KEY": KEY}, health=True)


def test_12_off_is_open_even_through_a_proxy(tmp_path: Path) -> None:
    assert lets_in(keys(tmp_path, mode="off", api_keys=(KEY,)), {"HTTP_X_API_KEY": "wrong", **FORWARDED})


def test_12_auto_is_open_for_direct_requests_on_loopback(tmp_path: Path) -> None:
    found = keys(tmp_path, local_only=True, api_keys=(KEY,))
    assert lets_in(found, {}) and lets_in(found, {"HTTP_X_API_KEY": "wrong"})


@pytest.mark.parametrize("header", FORWARDED)
def test_12_auto_asks_for_a_key_when_somebody_stands_between(tmp_path: Path, header: str) -> None:
    found = keys(tmp_path, local_only=True, api_keys=(KEY,))
    environ = {header: FORWARDED[header]}
    assert not lets_in(found, environ)
    assert lets_in(found, {**environ, "HTTP_X_API_KEY": KEY})


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8045", "EVIL.example.:8045", "127.0.0.1.evil.example"])
def test_12_auto_asks_for_a_key_under_a_name_that_somebody_may_own(tmp_path: Path, host: str) -> None:
    """A web page can have its own name lead to this machine (DNS rebinding; Ollama's CVE-2024-28224)."""
    found = keys(tmp_path, local_only=True, api_keys=(KEY,))
    assert not lets_in(found, {"HTTP_HOST": host})
    assert lets_in(found, {"HTTP_HOST": host, "HTTP_X_API_KEY": KEY})
    assert lets_in(keys(tmp_path, mode="off"), {"HTTP_HOST": host})


@pytest.mark.parametrize(
    "host",
    [
        "",
        "localhost",
        "localhost:8045",
        "127.0.0.1:8045",
        "[::1]:8045",
        "my-box:80",
        "a.localhost",
        "192.168.0.7",
        "host.docker.internal:8045",
    ],
)
def test_12_auto_is_open_under_names_that_nobody_can_own(tmp_path: Path, host: str) -> None:
    assert lets_in(keys(tmp_path, local_only=True, api_keys=(KEY,)), {"HTTP_HOST": host})


def test_12_auto_asks_for_a_key_on_other_listeners_and_with_keys_in_the_environment(tmp_path: Path) -> None:
    assert not lets_in(keys(tmp_path, local_only=False, api_keys=(KEY,)), {})
    assert not lets_in(keys(tmp_path, local_only=True, api_keys=(KEY,), auth_from_env=True), {})


def test_12_auto_makes_a_key_and_says_it_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "dragoman")
    data = tmp_path / "data"
    found = keys(data)
    file = data / FILE_NAME
    key = file.read_text().strip()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 and len(key) > 40
    assert lets_in(found, {"HTTP_X_API_KEY": key}) and not lets_in(found, {})
    assert caplog.text.count(key) == 1
    again = keys(data)
    assert lets_in(again, {"HTTP_X_API_KEY": key}) and caplog.text.count(key) == 1


def test_on_loopback_the_key_is_made_by_the_first_request_that_needs_it(tmp_path: Path) -> None:
    found = keys(tmp_path, local_only=True)
    assert lets_in(found, {}) and not (tmp_path / FILE_NAME).exists()
    refused: list[bool] = []
    threads = [
        threading.Thread(target=lambda: refused.append(not lets_in(found, {"HTTP_VIA": "1.1 x"}))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert refused == [True] * 8
    assert lets_in(found, {"HTTP_VIA": "1.1 x", "HTTP_X_API_KEY": (tmp_path / FILE_NAME).read_text().strip()})


def test_no_key_is_made_where_one_is_known(tmp_path: Path) -> None:
    keys(tmp_path, api_keys=(KEY,))
    assert not (tmp_path / FILE_NAME).exists()


def test_a_key_that_cannot_be_stored_denies_all(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    found = keys(tmp_path / "file" / "data")
    assert not lets_in(found, {}) and not lets_in(found, {"HTTP_X_API_KEY": ""})
    assert "all requests are denied" in caplog.text


def named(name: str, key: str, **more: Any) -> AuthKey:
    return AuthKey(name=name, key_hash="sha256:" + hashlib.sha256(key.encode()).hexdigest(), **more)


def test_named_keys_tell_who_it_is_even_where_none_is_needed(tmp_path: Path) -> None:
    people = (
        named("anna", "sk-anna"),
        AuthKey(name="bo", key_hash=named("bo", "sk-bo").key_hash.upper().replace("SHA", "sha")),
    )
    for mode in ("strict", "off"):
        found = keys(tmp_path, mode=mode, keys=people, api_keys=(KEY,))
        assert found.check({"HTTP_X_API_KEY": "sk-anna"}) == "anna"
        assert found.check({"HTTP_X_API_KEY": "sk-bo"}) == "bo"
        assert found.check({"HTTP_X_API_KEY": KEY}) == ""


def test_an_expired_key_is_refused_and_a_living_one_beside_it_lets_in(tmp_path: Path) -> None:
    people = (named("old", "sk-old", expires="2001-01-01"), named("new", "sk-new", expires="2999-01-01"))
    found = keys(tmp_path, mode="strict", keys=people)
    with pytest.raises(Unauthorized, match="expired"):
        found.check({"HTTP_X_API_KEY": "sk-old"})
    assert found.check({"HTTP_X_API_KEY": "sk-new"}) == "new"
    assert found.check({"HTTP_AUTHORIZATION": "Bearer sk-old", "HTTP_X_API_KEY": "sk-new"}) == "new"
    assert found.check({"HTTP_AUTHORIZATION": "Bearer sk-new", "HTTP_X_API_KEY": "sk-old"}) == "new"


ROUTES = {
    "chat": ("/v1/chat/completions", "POST", ("error", "type"), "invalid_request_error"),
    "responses": ("/v1/responses", "POST", ("error", "type"), "invalid_request_error"),
    "problem": ("/openai/v1/chat/completions", "POST", ("error", "code"), "invalid_api_key"),
    "anthropic": ("/v1/messages", "POST", ("error", "type"), "authentication_error"),
    "gemini": ("/v1beta/models/m:generateContent", "POST", ("error", "status"), "UNAUTHENTICATED"),
    "models": ("/v1/models", "GET", ("error", "code"), "invalid_api_key"),
    "nowhere": ("/nowhere", "GET", ("error", "code"), "invalid_api_key"),
}


@pytest.mark.parametrize(("path", "method", "where", "word"), ROUTES.values(), ids=ROUTES)
@pytest.mark.parametrize("key", ["", "sk-canary-0123456789"])
def test_the_refusal_is_native_and_the_key_is_nowhere(
    path: str, method: str, where: tuple[str, str], word: str, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    house = served(auth={"mode": "strict", "api_keys": (KEY,)})
    reply = house.client.open(path, method=method, json={} if method == "POST" else None, headers={"x-api-key": key})
    assert reply.status_code == 401
    document = reply.get_json()
    assert document[where[0]][where[1]] == word
    assert reply.headers["X-Request-Id"]
    said = reply.get_data(as_text=True) + str(reply.headers) + caplog.text + repr(house.notes.records)
    assert KEY not in said and "sk-canary" not in said
    assert [record.status for record in house.notes.records] == [401]


def test_a_key_in_the_query_is_not_recorded() -> None:
    house = served(auth={"mode": "strict", "api_keys": (KEY,)})
    reply = house.client.get(f"/v1beta/models?key={KEY}")
    assert reply.status_code == 200 and KEY not in repr(house.notes.records) + house.notes.records[0].line()
    assert house.client.get(f"/v1/models?key={KEY}").status_code == 401


def test_preflight_needs_no_key() -> None:
    house = served(auth={"mode": "strict", "api_keys": (KEY,)})
    assert house.client.options("/v1/chat/completions").status_code == 200


def test_the_admin_key_is_no_client_key() -> None:
    house = served(auth={"mode": "strict", "api_keys": (KEY,), "admin_key": "sk-admin-0123456789"})
    assert house.client.get("/v1/models", headers={"x-api-key": "sk-admin-0123456789"}).status_code == 401


def test_a_name_that_is_given_out_again_is_somebody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the former holder had stored is not theirs. A new secret for the same holder changes nothing."""
    monkeypatch.setattr(issued_room, "FRESH_S", 0.0)
    now = [1000.0]
    issued = IssuedKeys(MemoryStore(), clock=lambda: now[0])
    known = ClientKeys(Config(data_dir=tmp_path), local_only=False, issued=issued)

    def hashed(secret: str) -> str:
        return "sha256:" + hashlib.sha256(secret.encode()).hexdigest()

    def owner(secret: str) -> str:
        return known.owner({"HTTP_X_API_KEY": secret})

    issued.add(AuthKey(name="anna", key_hash=hashed(KEY)))
    first = owner(KEY)
    issued.rotate("anna", hashed(OTHER))
    assert owner(OTHER) == first and owner(KEY) == ""
    now[0] += 1
    issued.revoke("anna")
    issued.add(AuthKey(name="anna", key_hash=hashed(KEY)))
    assert owner(KEY) not in (first, "")
