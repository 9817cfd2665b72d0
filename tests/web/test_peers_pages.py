"""What other gateways' pages and files were broken by, tried on this one (failures.md, section 4)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.config.load import load
from gateway.config.problems import ConfigError
from gateway.web.admin.pages import PAGES
from tests.gateways import InProcess
from tests.scripted.script import text
from tests.scripted.upstream import ScriptedUpstream
from tests.web.admin.past import keep, week
from tests.web.admin.visitor import Visitor
from tests.web.peers import CLIENT, OAUTH, SECRETS, config

MODES = ("off", "auto", "strict", "all_except_health")
READ = [page for method, page in PAGES if method == "GET"]


@pytest.fixture(scope="module")
def up() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream() as scripted:
        scripted.play(text("fine"))
        yield scripted


@pytest.fixture(scope="module")
def house(up: ScriptedUpstream) -> Iterator[InProcess]:
    with InProcess(config(up)) as running:
        yield running


@pytest.fixture(scope="module")
def visitor(house: InProcess) -> Visitor:
    found = Visitor(house.gateway)
    assert found.log_in().status_code == 303
    return found


# --- one-api


def test_cve_2025_3801_names_are_text_on_every_page(house: InProcess, visitor: Visitor) -> None:
    evil = "<script>alert(1)</script>"
    for model in (evil, "'\"><svg onload=alert(1)>"):
        house.ask("chat", model=model, headers={"x-api-key": CLIENT, "X-Request-Id": evil, "User-Agent": evil})
    [record] = week(house.gateway.config.data_dir, 1)
    record.asked = record.mapped = record.account = record.key = record.error = record.path = record.id = evil
    record.status, record.attempts = 500, [evil]
    keep([record], house.gateway.config.data_dir)
    for page in READ:
        answer = visitor.get(page, number="2", name=evil, model=evil, q=evil, label=evil, upstream=evil, id=evil)
        assert "<script>alert" not in answer.text and "<svg" not in answer.text, page
        policy = answer.headers["Content-Security-Policy"]
        assert "script-src 'self'" in policy and "unsafe" not in policy


# --- claude-relay-service, Antigravity-Manager, CLIProxyAPI, antigravity-claude-proxy


@pytest.mark.parametrize("mode", MODES)
def test_antigravity_manager_pr_3134_no_mode_opens_the_admin(up: ScriptedUpstream, mode: str) -> None:
    """claude-relay-service <= 1.1.248 as well: without its key nothing of the admin's, however the path is written."""
    with InProcess(config(up, mode)) as house:
        for route in ("/admin", "/admin/", "/admin/keys", "//admin/keys", "/v1/../admin/keys", "/v1/%2e%2e/admin/keys",
                      "/admin/%2e%2e/admin/keys", "/ADMIN/keys", "/admin/keys/", "/openai/admin/keys", "/admin;/keys",
                      "/metrics", "//metrics", "/metrics/", "/v1/metrics", "/admin/static/../keys"):  # fmt: skip
            for headers in (
                {},
                {"x-api-key": CLIENT},
                {"X-Forwarded-For": "127.0.0.1"},
                {"Cookie": "dragoman_admin=x"},
            ):
                reply = house.post(route, b"", headers, method="GET").reply()
                assert reply.status in (301, 308, 401, 403, 404, 405), (route, reply.status)
                assert b"anna" not in reply.body and b"dragoman_requests_total" not in reply.body


@pytest.mark.parametrize("target", ["/admin/static/%s", "/admin/%s", "/v1/models/%s", "/agents/%s/v1/models", "/%s"])
def test_antigravity_manager_pr_3134_no_path_leads_to_a_file(house: InProcess, target: str) -> None:
    for up_to in ("../../../../../../etc/passwd", "..%2f..%2f..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/data/client_key",
                  "....//....//etc/passwd", "..%5c..%5cetc%5cpasswd", "%252e%252e%252fetc%252fpasswd",
                  "/etc/passwd", "file:///etc/passwd", "admin.css%00.html"):  # fmt: skip
        reply = house.post(target % up_to, b"", {"x-api-key": CLIENT}, method="GET").reply()
        assert b"root:" not in reply.body and CLIENT.encode() not in reply.body
        assert reply.status in (400, 401, 403, 404) or (
            target.startswith("/v1/models") and reply.json["object"] == "model"
        )


@pytest.mark.parametrize("key", ["your-key", "sk-...", "changeme", "short", "sk-1234", "your-api-key-1"])
@pytest.mark.parametrize("server", ['host = "0.0.0.0"', "allow_lan_access = true", 'bind = "[::]:80"'])
def test_cliproxyapi_3376_a_sample_key_does_not_face_the_network(tmp_path: Path, key: str, server: str) -> None:
    toml = f'[server]\n{server}\n[auth]\nmode = "strict"\napi_keys = ["{key}"]\n'
    (tmp_path / "dragoman.toml").write_text(toml)
    with pytest.raises(ConfigError):
        load(tmp_path / "dragoman.toml", environ={"DRAGOMAN_DATA": str(tmp_path)})


def test_cliproxyapi_3457_pages_load_nothing_from_elsewhere(visitor: Visitor) -> None:
    for page in READ:
        sources = re.findall(r'(?:src|href|action)="([^"]*)"', visitor.get(page).text)
        assert all(each.startswith(("/admin", "#", "?", "data:")) or each == "" for each in sources), (page, sources)


def test_antigravity_claude_proxy_179_184_nothing_readable_holds_a_secret(house: InProcess, visitor: Visitor) -> None:
    (house.gateway.config.data_dir / "tokens.json").write_text(json.dumps({"projects": [{"refresh_token": OAUTH}]}))
    routes = (
        *(
            "/api/config",
            "/config",
            "/settings",
            "/api/settings",
            "/v1/config",
            "/dragoman.toml",
            "/.env",
            "/tokens.json",
        ),
        *(
            "/data/tokens.json",
            "/client_key",
            "/api/accounts",
            "/debug",
            "/healthz",
            "/readyz",
            "/health",
            "/v1/models",
        ),
        *("/openapi.json", "/account-limits", "/api/health", "/metrics", "/gateway.db", "/robots.txt", "/"),
    )
    for route in routes:
        for headers in ({}, {"x-api-key": CLIENT}):
            body = house.post(route, b"", headers, method="GET").reply().body.decode()
            assert not any(secret in body for secret in SECRETS), route
    for page in READ:
        seen = visitor.get(page).text
        assert not any(secret in seen for secret in SECRETS), page
