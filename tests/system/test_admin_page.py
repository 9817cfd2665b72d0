"""/admin in a real browser: what an operator does, and whether everybody can. Screenshots are left in SHOTS."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from gateway.accounts.health import HealthNotes
from gateway.state.sqlite import SqliteStore
from tests.gateways import Client, Provider, config_for
from tests.running import RunningGateway
from tests.scripted.script import failing, text
from tests.scripted.upstream import ScriptedUpstream
from tests.system.browser import PHONE, Browser, Scheme, faults
from tests.web.admin.past import week

pytestmark = pytest.mark.system

ADMIN = "the-admin-key-canary-0123456789"
SECRETS = (ADMIN, "pk-canary-one", "pk-canary-two", "pk-canary-three", "pk-canary-four")
SHOTS = Path(os.environ.get("DRAGOMAN_SHOTS") or tempfile.mkdtemp(prefix="dragoman-shots-"))
PAGES = ("", "accounts", "requests", "requests/one?number=3", "usage", "keys", "explain", "playground", "settings")
HAIKU = "An old silent pond\nA frog jumps into the pond\nSplash! Silence again"


def provider(up: ScriptedUpstream, dialect: str, name: str, models: str, **accounts: str) -> str:
    """An [[upstreams]] table with accounts whose labels are not their keys."""
    lines = [Provider(up, dialect, name=name, models=tuple(models.split()), keys=()).toml()]
    for label, key in accounts.items():
        lines.append(f'[[upstreams.accounts]]\nlabel = "{label}@example.com"\napi_key = "{key}"')
    return "\n".join(lines)


@pytest.fixture(scope="module")
def up() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream() as scripted:
        yield scripted


@pytest.fixture(scope="module")
def gateway(up: ScriptedUpstream) -> Iterator[RunningGateway]:
    one, two, three, four = SECRETS[1:]
    config = [
        config_for(
            chain={"gpt-4o": ["google/gemini-2.5-flash", "openai/gpt-4o-mini"]},
            auth={"mode": "off", "admin_key": ADMIN},
        ),
        provider(up, "gemini", "google", "gemini-2.5-flash gemini-2.5-pro", alice=one, bob=two),
        provider(up, "chat", "openai", "gpt-4o-mini", team=three),
        provider(up, "anthropic", "anthropic", "claude-*", carol=four),
    ]
    with RunningGateway("\n".join(config), workers=2) as running:
        week(running.data)
        quotas = {"gemini-2.5-flash": [0.82, 0, time.time()], "gemini-2.5-pro": [0.12, time.time() + 9000, time.time()]}
        store = SqliteStore(running.data / "gateway.db")
        HealthNotes(store).change("google/0000/alice@example.com", lambda document: {**document, "quotas": quotas})
        store.close()
        client = Client(running.port)
        up.text("gemini", HAIKU)
        up.text("chat", HAIKU)
        for n in range(6):
            assert client.ask("chat", model="gpt-4o", stream=n % 2 > 0).status == 200
        up.play(failing(429, "This request would exceed your rate limit", retry_after="400"), dialect="anthropic")
        assert client.ask("messages", model="claude-sonnet-4-5").status == 429
        assert client.ask("chat", model="gpt-9").status == 404
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with Browser() as chromium:
        yield chromium


@pytest.fixture
def page(browser: Browser, gateway: RunningGateway) -> Iterator[Page]:
    found = browser.page()
    log_in(found, gateway)
    yield found
    found.context.close()


def log_in(page: Page, gateway: RunningGateway) -> None:
    page.goto(f"{gateway.url}/admin")
    page.get_by_label("Admin key").fill(ADMIN)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()


def shoot(page: Page, name: str) -> None:
    page.screenshot(path=SHOTS / f"{name}.png", full_page=True)


def test_an_operator_at_work(page: Page, gateway: RunningGateway, up: ScriptedUpstream) -> None:
    """Log in, disable an account, watch a streaming request appear, ask the explainer, read a chart."""
    page.get_by_role("link", name="Accounts", exact=True).click()
    page.get_by_role("button", name="Disable alice@example.com").click()
    expect(page.get_by_role("status")).to_have_text("alice@example.com is out of use")
    card = page.get_by_role("article", name="alice@example.com")
    expect(card.get_by_text("disabled", exact=True)).to_be_visible()
    shoot(page, "acted")

    page.get_by_role("link", name="Overview", exact=True).click()
    up.play(text(HAIKU * 3, pace=0.4), dialect="gemini")
    streaming = Client(gateway.port).open("chat", model="gemini-2.5-flash", stream=True)
    try:
        row = page.get_by_role("region", name="Requests running now").get_by_role("row", name="gemini-2.5-flash")
        expect(row).to_contain_text("stream")
        expect(row).to_contain_text("bob@example.com")
        expect(row).not_to_contain_text("waiting")
        shoot(page, "live")
    finally:
        streaming.leave()
    expect(page.get_by_text("No request is running.")).to_be_visible()

    page.get_by_role("link", name="Explain", exact=True).click()
    page.get_by_label("Model").fill("gpt-4o")
    page.get_by_label("Body of the request").fill(
        '{"model": "gpt-4o", "logit_bias": {"50256": -100}, "messages": [{"role": "user", "content": "A haiku?"}]}'
    )
    page.get_by_role("button", name="Explain").click()
    explanation = page.get_by_role("region", name="Explanation")
    expect(explanation.get_by_role("status")).to_contain_text("bob@example.com at google would answer")
    expect(explanation).to_contain_text("disabled by the operator")
    expect(explanation).to_contain_text("logit_bias")
    expect(page.get_by_label("Body", exact=True)).to_contain_text("A haiku?")
    shoot(page, "explained")

    page.get_by_role("link", name="Usage", exact=True).click()
    chart = page.get_by_role("img", name="Tokens by model, last 7d")
    expect(chart).to_be_visible()
    painted = chart.evaluate(
        "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some((value, n) => n % 4 == 3 && value)"
    )
    assert painted and page.evaluate("Chart.getChart(document.querySelector('canvas')).data.datasets.length") > 1
    expect(page.get_by_role("row", name="gemini-2.5-flash").first).to_be_visible()

    page.get_by_role("link", name="Accounts", exact=True).click()
    page.get_by_role("button", name="Enable alice@example.com").click()
    expect(page.get_by_role("status")).to_have_text("alice@example.com is in use")


def test_a_key_is_made_shown_once_used_and_revoked(page: Page, gateway: RunningGateway) -> None:
    page.get_by_role("link", name="Keys", exact=True).click()
    page.get_by_label("Name").fill("not a name")
    page.get_by_role("button", name="Make the key").click()
    expect(page.get_by_role("alert")).to_have_text("a name has letters, digits and . _ - + @ only, 64 at most")
    border = "each => getComputedStyle(each).borderColor"
    assert page.get_by_label("Name").evaluate(border) != page.get_by_label("Expires").evaluate(border)
    page.get_by_label("Name").fill("carol")
    page.get_by_label("Requests per minute").fill("60")
    page.get_by_role("button", name="Make the key").click()
    secret = page.locator("#secret").inner_text()
    assert secret.startswith("sk-dragoman-")
    shoot(page, "key")
    answered = Client(gateway.port).ask("chat", model="gpt-4o", headers={"Authorization": f"Bearer {secret}"})
    assert answered.status == 200
    page.goto(f"{gateway.url}/admin/keys")
    assert secret not in page.content() and "60 requests/min" in page.content()
    page.get_by_role("link", name="Change the limits of carol").click()
    page.get_by_label("Requests per minute").fill("90")
    assert faults(page) == []
    shoot(page, "limits")
    page.get_by_role("button", name="Keep these limits").click()
    expect(page.get_by_role("status")).to_have_text("the limits of carol are: 90 requests/min")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Revoke carol").click()
    expect(page.get_by_role("status")).to_have_text("the key carol is revoked")


def test_the_playground_streams_and_says_when_an_answer_was_cut(
    page: Page, gateway: RunningGateway, up: ScriptedUpstream
) -> None:
    page.get_by_role("link", name="Playground", exact=True).click()
    page.get_by_label("Model").fill("gpt-4o-mini")
    page.get_by_label("Question").fill("A haiku, please")
    up.play(text(HAIKU, pace=0.1), dialect="chat")
    page.get_by_role("button", name="Ask").click()
    expect(page.get_by_role("status")).to_have_text("streaming")
    expect(page.get_by_role("status")).to_have_text("complete")
    expect(page.locator("#answer")).to_have_text(HAIKU)
    expect(page.locator("#facts")).to_contain_text("answered by gpt-4o-mini")
    shoot(page, "played")
    up.play(text(HAIKU, cut_after=5), dialect="chat")
    page.get_by_role("button", name="Ask").click()
    expect(page.get_by_role("status")).to_have_text("cut")
    shoot(page, "cut")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault_and_nothing_is_refused(
    browser: Browser, gateway: RunningGateway, scheme: Scheme
) -> None:
    """On every page; nor does the browser refuse anything (Content-Security-Policy) or leave the gateway."""
    page, said, asked = browser.page(scheme=scheme), [], []
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{gateway.url}/admin")
    found = {"login": faults(page)}
    shoot(page, f"login-{scheme}")
    said.clear()  # the login page is a 401, which Chromium tells as an error
    log_in(page, gateway)
    for path in PAGES:
        page.goto(f"{gateway.url}/admin/{path}".rstrip("/"))
        page.wait_for_load_state("networkidle" if path in ("usage", "settings") else "load")
        found[path] = faults(page)
        shoot(page, f"{path.partition('?')[0].replace('/', '-') or 'overview'}-{scheme}")
        leaked = [secret for secret in SECRETS if secret in page.content()]
        assert not leaked, path
    page.context.close()
    assert {path: each for path, each in found.items() if each} == {}
    assert [each for each in said if "401" not in each] == []
    assert all(url.startswith((gateway.url, "data:")) for url in asked)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_a_phone(browser: Browser, gateway: RunningGateway, scheme: Scheme) -> None:
    page = browser.page(scheme=scheme, size=PHONE)
    log_in(page, gateway)
    for path in PAGES:
        page.goto(f"{gateway.url}/admin/{path}".rstrip("/"))
        time.sleep(0.2)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        shoot(page, f"phone-{path.partition('?')[0].replace('/', '-') or 'overview'}-{scheme}")
    page.context.close()
