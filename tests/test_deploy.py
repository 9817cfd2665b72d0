"""The files an operator copies: they load, they agree with the defaults, and nothing in them is live."""

from __future__ import annotations

import configparser
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from dotenv import dotenv_values

from gateway.config.environment import read_environment
from gateway.config.load import load
from gateway.config.model import Server
from gateway.config.tokens_file import read_tokens

ROOT = Path(__file__).resolve().parent.parent
ENV = (ROOT / ".env.example").read_text(encoding="utf-8")
NGINX = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
SERVICE = (ROOT / "deploy" / "dragoman.service").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]["dragoman"]
DRAIN_S = Server().drain_timeout_s + 5
"""gunicorn's graceful_timeout by default."""


def seconds(text: str) -> float:
    return float(re.fullmatch(r"(\d+)s", text).group(1))  # type: ignore[union-attr]


def offered(text: str) -> dict[str, str]:
    """What .env.example would set without its "#"."""
    return dict(re.findall(r"^# ([A-Z_]+)=(.*)$", text, re.MULTILINE))


def test_a_copied_env_example_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(ENV)
    assert dotenv_values(tmp_path / ".env") == {}


def test_the_env_example_offers_what_is_read_and_no_live_key(tmp_path: Path) -> None:
    names = offered(ENV)
    predecessors = {"API_KEYS", "HOST", "PORT", "TOKEN_ROTATION_COUNT", "PROJECTS", "GOOGLE_API_BASE"}
    predecessors |= {"OAUTH_CLIENT_ID", "OAUTH_CLIENT_SECRET", "OAUTH_TOKEN_URL", "SSE_HEARTBEAT_INTERVAL"}
    ours = {"GEMINI_API_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "DRAGOMAN_CONFIG", "DRAGOMAN_DATA"}
    assert names.keys() == predecessors | ours
    found = read_environment(names)
    assert not found.problems and not found.provider_keys and not found.projects
    (tmp_path / "dragoman.toml").write_text("")
    config = load(tmp_path / "dragoman.toml", environ={**names, "DRAGOMAN_DATA": str(tmp_path)})
    assert config.upstreams == () and config.server == Server()
    assert sum("sample" in hint for hint in config.hints) == 2, "both API_KEYS are samples"


def test_the_tokens_example_is_skipped_with_a_hint(tmp_path: Path) -> None:
    example = ROOT / "data" / "tokens.json.example"
    accounts, hints, problems = read_tokens(example)
    assert accounts == () and problems == []
    assert len(hints) == 1 and "projects[0] is skipped" in hints[0] and "placeholder" in hints[0]
    fields = set(json.loads(example.read_text())["projects"][0])
    assert fields == {"project_id", "refresh_token", "access_token", "expires_at", "enabled", "disabled_reason"}


def test_the_predecessors_readme_replayed(tmp_path: Path) -> None:
    """seeds/003: cp data/tokens.json.example data/tokens.json, the .env as printed there."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "tokens.json").write_bytes((ROOT / "data" / "tokens.json.example").read_bytes())
    (tmp_path / ".env").write_text(
        '# API Keys\nAPI_KEYS=["sk-custom-key-1","sk-custom-key-2"]\n\nHOST=0.0.0.0\nPORT=8000\n\n'
        "TOKEN_ROTATION_COUNT=3  # 每个 token 使用多少次后切换，默认 3\n"
    )
    (tmp_path / "dragoman.toml").write_text("")
    config = load(tmp_path / "dragoman.toml", overrides={"data_dir": tmp_path / "data"}, environ={})
    assert config.server.address == "0.0.0.0:8000" and config.routing.rotation_count == 3
    assert config.auth.api_keys == ("sk-custom-key-1", "sk-custom-key-2")
    assert any("tokens.json" in hint for hint in config.hints)


def test_compose_publishes_on_loopback_and_stops_later_than_the_drain() -> None:
    assert COMPOSE["ports"] == ["127.0.0.1:${PORT:-8045}:${PORT:-8045}"]
    assert COMPOSE["environment"] == {"HOST": "0.0.0.0", "PORT": "${PORT:-8045}"}
    assert COMPOSE["volumes"] == ["./data:/app/data"]
    assert COMPOSE["env_file"] == [{"path": ".env", "required": False}]
    assert seconds(COMPOSE["stop_grace_period"]) > DRAIN_S


def nginx(name: str) -> str:
    found = re.findall(rf"^\s*{name} ([^;]+);", NGINX, re.MULTILINE)
    assert len(found) == 1, f"{name}: {found}"
    return str(found[0])


def test_nginx_is_more_patient_than_the_gateway() -> None:
    server = Server()
    assert seconds(nginx("proxy_read_timeout")) > max(server.idle_timeout_s, server.request_timeout_s)
    assert nginx("client_max_body_size") == f"{server.max_body_mb}m"
    gunicorn = re.search(r"^keepalive = (\d+)$", (ROOT / "gateway/web/server.py").read_text(), re.MULTILINE)
    assert gunicorn is not None and seconds(nginx("keepalive_timeout")) < float(gunicorn.group(1))
    assert (nginx("proxy_buffering"), nginx("gzip"), nginx("proxy_http_version")) == ("off", "off", "1.1")
    assert f"server 127.0.0.1:{server.port};" in NGINX


def test_nginx_logs_no_query() -> None:
    log_format = re.search(r"^log_format .*?;", NGINX, re.MULTILINE | re.DOTALL)
    assert log_format is not None
    variables = set(re.findall(r"\$\{?(\w+)", log_format.group()))
    assert not variables & {"request", "request_uri", "args", "query_string", "http_referer", "is_args"}
    assert "dragoman_path" in variables


@pytest.mark.parametrize("status", ["413", "502", "504"])
def test_what_nginx_says_itself_is_json_of_the_clients_protocol(status: str) -> None:
    table = re.search(rf"map \$dragoman_dialect \$dragoman_{status} \{{(.*?)\n\}}", NGINX, re.DOTALL)
    assert table is not None
    told = {name: json.loads(text) for name, text in re.findall(r"^\s+(\w+) '(.*)';$", table.group(1), re.MULTILINE)}
    assert told.keys() == {"openai", "anthropic", "gemini"}
    assert told["anthropic"]["type"] == "error" and told["gemini"]["error"]["code"] == int(status)
    assert {"message", "type", "param", "code"} == told["openai"]["error"].keys()
    assert re.search(rf"error_page (\d+ )*{status} (\d+ )*@dragoman_{status};", NGINX)


def service() -> dict[str, Any]:
    class Repeated(dict[str, Any]):
        """systemd adds a repeated Environment= to the earlier ones."""

        def __setitem__(self, key: str, value: Any) -> None:
            if key == "Environment" and isinstance(value, list) and key in self:
                value = [*self[key], *value]
            super().__setitem__(key, value)

    parser = configparser.RawConfigParser(strict=False, dict_type=Repeated, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(SERVICE)
    return dict(parser["Service"])


def test_the_service_reloads_in_process_and_drains() -> None:
    unit = service()
    assert unit["ExecReload"] == "/bin/kill -HUP $MAINPID"
    assert unit["KillMode"] == "mixed" and float(unit["TimeoutStopSec"]) > DRAIN_S
    assert unit["Type"] == "notify", "gunicorn tells systemd when it is ready"
    assert unit["ExecStart"].endswith("/bin/dragoman serve") and unit["ExecStart"].startswith(unit["WorkingDirectory"])


def test_the_service_keeps_its_data_where_it_may_write() -> None:
    unit = service()
    assert unit["ProtectSystem"] == "strict" and unit["NoNewPrivileges"] == "yes" and unit["User"] != "root"
    assert f"DRAGOMAN_DATA=/var/lib/{unit['StateDirectory']}" in unit["Environment"]


def test_help_names_every_target_of_the_makefile() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z][a-z-]*):(?!=)", text, re.MULTILINE)) - {"help"}
    said = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60
    )
    assert said.returncode == 0
    assert set(re.findall(r"^make ([a-z-]+)", said.stdout, re.MULTILINE)) == targets
