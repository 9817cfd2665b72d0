"""The paste flow, against a scripted login."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.assist_house import house as assist_house
from tests.assist_house import read_tokens, write_tokens
from tests.gateways import InProcess
from tests.scripted.assist import ScriptedAssist
from tests.web.admin.visitor import ADMIN, Visitor, found, words


@pytest.fixture
def provider() -> Iterator[ScriptedAssist]:
    with ScriptedAssist() as scripted:
        scripted.account("new-person", project="found-project")
        yield scripted


@pytest.fixture
def tokens(tmp_path: Path) -> Path:
    write_tokens(tmp_path / "tokens.json")
    return tmp_path / "tokens.json"


@pytest.fixture
def house(provider: ScriptedAssist, tokens: Path) -> Iterator[InProcess]:
    tables = f'[auth]\nmode = "off"\nadmin_key = "{ADMIN}"\n'
    with assist_house(provider, tokens, tables=tables) as running:
        yield running


def begin(visitor: Visitor) -> dict[str, str]:
    """The query of the provider's login page."""
    page = visitor.post("accounts/login/start", upstream="assist")
    link = found(page, r'href="(https://accounts\.google[^"]+)"')
    return {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}


def test_the_pasted_address_makes_an_account(visitor: Visitor, tokens: Path, house: InProcess) -> None:
    visitor.get("accounts/login")
    asked = begin(visitor)
    assert asked["code_challenge_method"] == "S256" and asked["client_id"] == "client-1"
    address = f"{asked['redirect_uri']}?code=new-person&state={asked['state']}"
    done = visitor.post("accounts/login/finish", address=address, email="new@example.com")
    assert done.headers["Location"] == "/admin/accounts"
    page = words(visitor.get("accounts"))
    assert "new@example.com is stored" in page and "found-project" in page and "client-secret-1" not in page
    [entry] = read_tokens(tokens)
    assert (entry["refresh_token"], entry["email"]) == ("new-person", "new@example.com")
    again = visitor.post("accounts/login/finish", address=address, email="")
    assert "that login is over" in words(visitor.get("accounts/login")) and again.status_code == 303


def test_a_state_of_another_login_is_refused(visitor: Visitor, tokens: Path) -> None:
    visitor.get("accounts/login")
    asked = begin(visitor)
    visitor.post("accounts/login/finish", address=f"{asked['redirect_uri']}?code=new-person&state=other", email="")
    assert "state" in words(visitor.get("accounts/login")) and read_tokens(tokens) == []


def test_a_login_belongs_to_the_session_that_began_it(visitor: Visitor, house: InProcess, tokens: Path) -> None:
    visitor.get("accounts/login")
    asked = begin(visitor)
    other = Visitor(house.gateway)
    other.log_in()
    other.get()
    other.post("accounts/login/finish", address=f"{asked['redirect_uri']}?code=new-person&state={asked['state']}")
    assert "that login is over" in words(other.get("accounts/login")) and read_tokens(tokens) == []


def test_without_such_a_provider_the_page_says_what_to_write(house: InProcess, visitor: Visitor) -> None:
    visitor.get("accounts/login")
    page = visitor.post("accounts/login/start", upstream="nobody")
    assert page.status_code == 409 and "there is no code_assist upstream 'nobody'" in words(page)
