"""What other gateways were broken by, tried on this one (failures.md, section 4). A test is named by its advisory.

Those that went for an operator's pages are in test_peers_pages.py.
"""

from __future__ import annotations

import ast
import json
import re
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from gateway.config.load import load
from gateway.config.problems import ConfigError
from gateway.keys.issued import SPACE as KEYS
from gateway.keys.secret import stored_hash
from gateway.web.admin.pages import PAGES
from tests.gateways import InProcess, Provider, Reply, config_for
from tests.running import ROOT
from tests.scripted.script import failing, text
from tests.scripted.told import path
from tests.scripted.upstream import ScriptedUpstream
from tests.upstreams.cli.house import Tools, tools
from tests.web.admin.visitor import Visitor
from tests.web.peers import ACCOUNT, CLIENT, SECRETS, Trap, config, odd_keys

PROTOCOLS = ("chat", "responses", "messages", "gemini")
HEADERS = ("Authorization", "x-api-key", "x-goog-api-key")
SOURCES = sorted((ROOT / "gateway").rglob("*.py")) + sorted((ROOT / "schemas").rglob("*.py"))


@pytest.fixture(scope="module")
def up() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream() as scripted:
        scripted.play(text("fine"))
        yield scripted


@pytest.fixture(scope="module")
def standing(up: ScriptedUpstream) -> Iterator[InProcess]:
    with InProcess(config(up)) as house:
        yield house


@pytest.fixture
def house(standing: InProcess, up: ScriptedUpstream) -> InProcess:
    up.requests.clear()
    return standing


def ask(house: InProcess, protocol: str = "chat", key: str = CLIENT, **more: Any) -> Reply:
    return house.ask(protocol, headers={"x-api-key": key, **more.pop("headers", {})}, **more)


# --- LiteLLM


def test_cve_2026_42208_sql_in_a_key(house: InProcess, up: ScriptedUpstream) -> None:
    """GHSA-r75f-5x8p-qvmc: every odd key is refused in the same shape, and the keys stay what they were."""
    before = list(house.gateway.state.scan(KEYS))
    shapes = set()
    for number, key in enumerate(odd_keys()):
        name = HEADERS[number % 3]
        sent = f"Bearer {key}" if name == "Authorization" else key
        raw = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hi"}]}).encode()
        reply = house.post("/v1/chat/completions", raw, {name: sent.encode().decode("latin-1")}).reply()
        error = reply.json["error"]
        shapes.add((reply.status, error["type"], error["code"], error["message"]))
        assert key.strip() not in reply.body.decode() or len(key) < 5
    assert len(shapes) == 1 and next(iter(shapes))[:3] == (401, "invalid_request_error", "invalid_api_key")
    assert list(house.gateway.state.scan(KEYS)) == before and up.requests == []
    assert ask(house).status == 200


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tools]:
    with tools(tmp_path, monkeypatch) as house:
        yield house


@pytest.mark.parametrize(
    "said",
    ["$(touch {f})", "`touch {f}`", "; touch {f}", "| touch {f}", "--model=x\ntouch {f}", "--mcp-config={f}", "-c {f}"],
)
def test_cve_2026_42271_no_request_starts_a_command(cli: Tools, tmp_path: Path, said: str) -> None:
    """GHSA-v4p8-mg3p-g94g: a tool gets its own arguments, of the request only the model's name, as a value."""
    made = tmp_path / "made"
    said = said.replace("{f}", str(made))
    body = {"messages": [{"role": "system", "content": said}, {"role": "user", "content": said}], "user": said}
    mcp = {"mcp_servers": [{"type": "url", "command": "touch", "args": [str(made)], "url": "stdio://x", "name": said}]}
    cli.post({"model": "claude", **body, **mcp, "command": f"touch {made}", "tool": "sh", "cwd": "/", "env": {}})
    cli.post({"model": f"claude/{said}", **body})
    assert not made.exists()
    for note in cli.notes():
        named = [each for each in note["argv"] if said in each]
        assert named in ([], [f"--model={said}"]), note["argv"]
        assert not any(each.startswith(("--mcp-config=/", "-c ")) for each in note["argv"])


def test_cve_2026_42271_no_route_is_for_commands(house: InProcess) -> None:
    for route in ("/mcp", "/v1/mcp/test", "/mcp-rest/test/connection", "/mcp-rest/test/tools/list", "/config/update"):
        reply = house.post(route, b'{"command":"touch","args":["/tmp/x"]}', {"x-api-key": CLIENT}).reply()
        assert reply.status == 404, route


def called(source: Path) -> Iterator[str]:
    """The dotted names of everything a file calls, and the keywords given as true."""
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)
            yield from (str(each.arg) for each in node.keywords if ast.unparse(each.value) == "True")


RUNS_TEXT = re.compile(
    r"eval|exec|compile|__import__|(ast\.)?literal_eval|os\.(system|popen)|(c?[pP]ickle|marshal|shelve|dill)\.loads?"
    r"|yaml\.(unsafe_)?load|(flask\.)?render_template_string|(\w+\.)?from_string|subprocess\.getoutput|shell"
)


def test_cve_2024_5751_cve_2024_4889_cve_2024_6825_cve_2024_10188_nothing_runs_text() -> None:
    """Callbacks, secret managers and headers were evaluated; here no file has a way to."""
    found = {
        f"{source.relative_to(ROOT)}: {name}"
        for source in SOURCES
        for name in called(source)
        if RUNS_TEXT.fullmatch(name)
    }
    assert len(SOURCES) > 300 and found == set()


@pytest.mark.parametrize(
    "toml",
    [
        '[server]\ncallbacks = ["os.system"]',
        '[litellm_settings]\nsuccess_callback = "x"',
        '[[upstreams]]\nname = "a"\nkind = "os"',
        '[[upstreams]]\nname = "a"\nkind = "../../x"',
        '[[upstreams]]\nname = "a"\nkind = "cli"\ntool = "sh"',
        '[routing]\nstrategy = "os.system"',
    ],
)
def test_cve_2024_6825_the_configuration_holds_data_only(tmp_path: Path, toml: str) -> None:
    (tmp_path / "dragoman.toml").write_text(toml)
    with pytest.raises(ConfigError):
        load(tmp_path / "dragoman.toml", environ={"DRAGOMAN_DATA": str(tmp_path)})


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_ghsa_xqmj_j6mv_4862_no_template_of_a_request_is_filled_in(
    house: InProcess, up: ScriptedUpstream, protocol: str
) -> None:
    said = "{{ 7*7 }} {% print(49) %} ${GEMINI_API_KEY} ${7*7} #{7*7} {0.__class__} %(asctime)s"
    reply = ask(house, protocol, text=said)
    assert reply.status == 200 and said in json.dumps(up.requests[-1].body)
    missing = ask(house, protocol, model="{{7*7}}/../x")
    assert missing.status == 404 and "49" not in missing.json["error"]["message"]


def test_cve_2026_47101_a_client_key_opens_no_admin_page(house: InProcess) -> None:
    """Of LiteLLM any user could mint a key for everything. Here keys are the operator's to give."""
    before = list(house.gateway.state.scan(KEYS))
    visitor = Visitor(house.gateway)
    for name, (method, page) in product(HEADERS, PAGES):
        headers = {name: f"Bearer {CLIENT}" if name == "Authorization" else CLIENT}
        answer = (
            visitor.get(page, headers=headers)
            if method == "GET"
            else visitor.post(page, csrf="x", headers=headers, name="mine", models="*", user_role="admin")
        )
        assert answer.status_code == 401, (page, name)
    assert list(house.gateway.state.scan(KEYS)) == before


def test_cve_2026_47101_a_client_cannot_widen_its_own_key(up: ScriptedUpstream) -> None:
    fields = {"metadata": {"models": ["*"]}, "user_role": "proxy_admin", "allowed_routes": ["/*"], "permissions": "*"}
    poor = '\n[[auth.keys]]\nname = "poor"\nkey_hash = "{}"\nmodels = ["cheap"]\n'
    with InProcess(config(up) + poor.format(stored_hash("sk-poor-0123456789"))) as house:
        for route in ("/key/generate", "/user/update", "/v1/keys", "/admin/keys/add", "/metrics"):
            reply = house.post(route, json.dumps(fields).encode(), {"x-api-key": "sk-poor-0123456789"}).reply()
            assert reply.status in (401, 403, 404, 405), route
        assert ask(house, key="sk-poor-0123456789", model="dear", **fields).status == 403
        assert ask(house, key="sk-poor-0123456789", model="cheap", **fields).status == 200


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_cve_2024_6587_no_request_says_where_it_is_sent(house: InProcess, up: ScriptedUpstream, protocol: str) -> None:
    trap = Trap()
    names = ("api_base", "base_url", "api_url", "endpoint", "host", "proxy", "azure_endpoint", "upstream")
    body = {name: trap.url for name in names} | {"api_key": "theirs", "extra_headers": {"Host": trap.host}}
    headers = {
        **{"X-Forwarded-Host": trap.host, "X-Original-URL": f"{trap.url}/v1", "X-Rewrite-URL": f"{trap.url}/v1"},
        **{"X-Api-Base": trap.url, "X-Upstream": trap.url, "Forwarded": f"host={trap.host}", "Proxy": trap.url},
    }
    ask(house, protocol, headers=headers, **body)
    ask(house, protocol, headers={"Host": trap.host})
    ask(house, protocol, model=f"{trap.url}/v1")
    raw = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hi"}]}).encode()
    for target in (f"/v1/chat/completions?api_base={trap.url}&base_url={trap.url}", f"{trap.url}/v1/chat/completions"):
        house.post(target, raw, {"x-api-key": CLIENT}).reply()
    assert up.requests and not trap.sprung()
    for asked in up.requests:
        assert asked.headers["authorization"] == f"Bearer {ACCOUNT}"
        assert not {"x-api-base", "x-upstream", "proxy", "x-forwarded-host", "x-api-key"} & asked.headers.keys()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_cve_2024_9606_cve_2025_0330_no_key_is_in_logs_or_answers(
    house: InProcess, up: ScriptedUpstream, protocol: str, caplog: pytest.LogCaptureFixture
) -> None:
    """LiteLLM #8075 too: a fault is told with what was sent, key and all."""
    caplog.set_level("DEBUG")
    up.play(failing(400, f"bad key {ACCOUNT}"), model="bad")
    up.play(failing(401, f"bad key {ACCOUNT}"), model="worse")
    said = []
    for model in ("m", "bad", "worse"):
        for stream in (False, True):
            reply = ask(house, protocol, model=model, stream=stream)
            said += [reply.body.decode(), str(reply.headers)]
    said.append(house.post(path(protocol, "m", False), b"{", {"x-api-key": CLIENT}).reply().body.decode())
    house.revive()
    for account in house.gateway.pool.accounts():
        said.append(str(account.disabled_reason))
    told = "\n".join([*said, caplog.text, repr(house.records), *(record.line() for record in house.records)])
    assert not any(secret in told for secret in SECRETS)


@pytest.mark.parametrize(
    "kind",
    [
        "multipart/form-data; boundary=" + "-" * 7000,
        "multipart/form-data",
        "application/x-www-form-urlencoded",
        "a;" * 3000,
    ],
)
def test_cve_2024_8984_a_content_type_costs_no_time(house: InProcess, kind: str) -> None:
    raw = b"-" * 200_000 + b"\r\n" * 50_000
    for route in ("/v1/chat/completions", "/admin/login", "/v1/files", "/nowhere"):
        started = time.monotonic()
        reply = house.post(route, raw, {"Content-Type": kind, "x-api-key": CLIENT}).reply()
        assert 400 <= reply.status < 500, (route, reply.status)
        assert time.monotonic() - started < 3


def test_mal_2026_2144_what_is_installed_is_what_was_looked_at() -> None:
    """A poisoned release of LiteLLM reached everybody who took the newest. Ours are pinned by hash, and few."""
    lines = (ROOT / "requirements.lock").read_text().replace("\\\n", " ").splitlines()
    packages = [line for line in lines if line.strip() and not line.startswith("#")]
    assert 10 < len(packages) < 60
    assert all(re.match(r"[\w.-]+(\[\w,]+\])?==\S+.*--hash=sha256:[0-9a-f]{64}", line) for line in packages)


# --- new-api


@pytest.mark.parametrize("protocol", ["chat", "responses", "messages"])
def test_ghsa_9f46_w24h_69w4_and_one_api_2388_a_picture_leads_to_no_inner_host(
    up: ScriptedUpstream, protocol: str
) -> None:
    """By its own address, translated (where the gateway would fetch) and passed on. By redirect: test_fetch.py."""
    trap = Trap()
    with InProcess(config_for(Provider(up, "gemini", models=("g",)), Provider(up, "chat", models=("c",)))) as house:
        for url in (f"{trap.url}/a.png", f"http://localhost:{trap.host.partition(':')[2]}/a.png"):
            part: dict[str, Any] = {
                "chat": {"type": "image_url", "image_url": {"url": url}},
                "responses": {"type": "input_image", "image_url": url},
                "messages": {"type": "image", "source": {"type": "url", "url": url}},
            }[protocol]
            field = "input" if protocol == "responses" else "messages"
            body = {"max_tokens": 5, field: [{"role": "user", "content": [part]}]}
            for model in ("g", "c"):
                raw = json.dumps({"model": model, **body}).encode()
                reply = house.post(path(protocol, model, False), raw, protocol=protocol).reply()
                assert reply.status == 400 and b"URL not allowed" in reply.body
    assert not trap.sprung()


# --- opencode-claude-code-plugin


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "application/json"])
@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost.evil.example:8045"])
def test_opencode_claude_code_plugin_28_no_web_page_runs_a_tool(cli: Tools, kind: str, origin: str) -> None:
    raw = json.dumps({"model": "claude", "messages": [{"role": "user", "content": "hi"}]}).encode()
    for route in ("/openai/v1/chat/completions", "/v1/chat/completions", "/anthropic/v1/messages"):
        headers = {"Origin": origin, "Content-Type": kind, "Sec-Fetch-Site": "cross-site"}
        reply = cli.gateway.post(route, raw, headers).reply()
        assert reply.status in (403, 415), (route, reply.status)
        assert "access-control-allow-origin" not in reply.headers
    assert cli.notes() == []
