import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from gateway.config import Config, ConfigError, load
from gateway.config.model import Server

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "dragoman.example.toml"

# The .env of the predecessor's README, comments included.
SEED_ENV = """\
# API Keys（用于验证OpenAI客户端）
API_KEYS=["sk-custom-key-1","sk-custom-key-2"]

# 服务配置（可选）
HOST=0.0.0.0
PORT=8000

# Token 轮换配置（可选）
TOKEN_ROTATION_COUNT=3  # 每个 token 使用多少次后切换，默认 3
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(text: str, name: str = "dragoman.toml") -> Path:
    path = Path.cwd() / name
    path.write_text(text, encoding="utf-8")
    return path


def problems(text: str = "", environ: Mapping[str, str] = {}, **overrides: Any) -> dict[str, str]:
    write(text)
    with pytest.raises(ConfigError) as caught:
        load(environ=environ, overrides=overrides)
    assert all(problem.remedy for problem in caught.value.problems)
    return {problem.path: f"{problem.message}. {problem.remedy}" for problem in caught.value.problems}


def test_without_anything_there_are_defaults(folder: Path) -> None:
    config = load(environ={})
    assert config == Config(data_dir=folder / "data", source="defaults")
    assert (config.hints, config.warnings) == ((), ())


def test_where_the_file_and_the_data_are(folder: Path) -> None:
    write("[server]\nport = 1\n")
    other = write("[server]\nport = 2\n", "other.toml")
    third = write("[server]\nport = 3\n", "third.toml")
    assert load(environ={}).server.port == 1
    environ = {"DRAGOMAN_CONFIG": str(other), "DRAGOMAN_DATA": str(folder / "elsewhere")}
    config = load(environ=environ)
    assert (config.server.port, config.source, config.data_dir) == (2, str(other), folder / "elsewhere")
    assert load(third, environ=environ).server.port == 3
    assert load(environ={"DRAGOMAN_DATA": "rel"}, overrides={"data_dir": None}).data_dir == folder / "rel"
    assert load(environ=environ, overrides={"data_dir": "cli"}).data_dir == folder / "cli"


@pytest.mark.parametrize("how", ["argument", "environment"])
def test_a_named_file_must_exist(how: str) -> None:
    with pytest.raises(ConfigError, match=r"gone\.toml"):
        load("gone.toml", environ={}) if how == "argument" else load(environ={"DRAGOMAN_CONFIG": "gone.toml"})


def test_precedence() -> None:
    layers: list[tuple[dict[str, str], dict[str, Any], int]] = [({}, {}, 2), ({"PORT": "3"}, {}, 3)]
    layers += [({"PORT": "3"}, {"server.port": 4}, 4), ({"PORT": "3"}, {"server": {"port": 5}}, 5)]
    assert load(environ={}).server.port == Server().port
    write("[server]\nport = 1\n")
    assert load(environ={}).server.port == 1
    write("PORT=2\n", ".env")
    for environ, overrides, expected in layers:
        assert load(environ=environ, overrides=overrides).server.port == expected
    assert load(environ={"PORT": ""}).server.port == 1
    assert load(environ={}, overrides={"server.port": None}).server.port == 2


def test_the_environment_is_only_read(monkeypatch: pytest.MonkeyPatch) -> None:
    write("NEW_VARIABLE=x\nPORT=77\n", ".env")
    before = dict(os.environ)
    assert load(environ={}).server.port == 77
    monkeypatch.setenv("PORT", "78")
    assert load().server.port == 78
    monkeypatch.delenv("PORT")
    assert dict(os.environ) == {name: value for name, value in before.items() if name != "PORT"}


def test_dotenv_lies_beside_the_file(folder: Path) -> None:
    (folder / "etc").mkdir()
    path = write('[server]\nhost = "${WHERE}"\n', "etc/dragoman.toml")
    write("WHERE=localhost\n", "etc/.env")
    write("WHERE=10.0.0.1\n", ".env")
    assert load(path, environ={}).server.host == "localhost"


def test_seed_environment_through_dotenv() -> None:
    write(SEED_ENV, ".env")
    config = load(environ={})
    assert config.auth.api_keys == ("sk-custom-key-1", "sk-custom-key-2") and config.auth.auth_from_env
    assert config.server.address == "0.0.0.0:8000" and config.routing.rotation_count == 3
    assert any("README" in warning for warning in config.warnings)


def test_seed_environment_through_docker_env_file() -> None:
    lines = [line for line in SEED_ENV.splitlines() if line and not line.startswith("#")]
    config = load(environ=dict(line.split("=", 1) for line in lines))
    assert config.auth.api_keys == ("sk-custom-key-1", "sk-custom-key-2") and config.auth.auth_from_env
    assert config.server.address == "0.0.0.0:8000" and config.routing.rotation_count == 3


def test_api_keys_add_up() -> None:
    write('[auth]\napi_keys = ["file-key-1", "both-have"]\napi_key = "single-key"\n')
    config = load(environ={"API_KEYS": "both-have,env-key-1"})
    assert config.auth.api_keys == ("file-key-1", "both-have", "single-key", "env-key-1")
    assert not load(environ={}).auth.auth_from_env


def test_the_five_line_config() -> None:
    write('[[upstreams]]\nname = "gemini"\nkind = "gemini"\n[[upstreams.accounts]]\napi_key = "${GEMINI_API_KEY}"\n')
    config = load(environ={"GEMINI_API_KEY": "AIzaReal"})
    (upstream,) = config.upstreams
    assert upstream.accounts[0].api_key == "AIzaReal" and config.hints == ()
    assert upstream.base_urls == ("https://generativelanguage.googleapis.com",)
    config = load(environ={})
    assert config.hints[0].startswith("upstreams[0].accounts[0].api_key: skipped")
    assert config.upstreams == () and "GEMINI_API_KEY" in config.hints[0] and "skipped" in config.hints[1]


def test_provider_keys() -> None:
    environ = {"GEMINI_API_KEY": "g-1", "OPENAI_API_KEY": "o-1", "ANTHROPIC_API_KEY": "sk-..."}
    config = load(environ=environ)
    assert [(one.name, one.kind, one.base_urls[0]) for one in config.upstreams] == [
        ("gemini", "gemini", "https://generativelanguage.googleapis.com"),
        ("openai", "openai", "https://api.openai.com/v1"),
    ]
    assert config.hints[0].startswith("ANTHROPIC_API_KEY")


def test_tokens_json_makes_assist(folder: Path) -> None:
    (folder / "data").mkdir()
    tokens = folder / "data" / "tokens.json"
    tokens.write_text(json.dumps({"projects": [{"refresh_token": "your_refresh_token_here"}]}))
    config = load(environ={})
    assert config.upstreams == () and "projects[0]" in config.hints[0]
    tokens.write_text(json.dumps({"projects": [{"refresh_token": "1//real", "project_id": "p"}]}))
    (upstream,) = load(environ={"OAUTH_CLIENT_ID": "id-1"}).upstreams
    assert (upstream.name, upstream.kind, upstream.tokens_file) == ("assist", "code_assist", str(tokens))
    assert upstream.oauth.client_id == "id-1" and upstream.oauth.token_url == "" and upstream.accounts == ()
    assert upstream.base_urls == ("https://cloudcode-pa.googleapis.com",)
    tokens.write_text("{")
    assert "line 1" in problems()[str(tokens)]


def test_projects_and_google_base() -> None:
    environ = {
        "PROJECTS": '[{"project_id":"p","refresh_token":"r-1"}]',
        "GOOGLE_API_BASE": "http://127.0.0.1:9/",
    }
    (upstream,) = load(environ=environ).upstreams
    assert upstream.name == "assist" and upstream.accounts[0].refresh_token == "r-1"
    assert upstream.base_urls == ("http://127.0.0.1:9",)


def test_agents_may_use_what_the_environment_adds() -> None:
    write('[[agents]]\nid = "a"\nmodel = "gemini/x"\nupstream = "gemini"\ntokens = ["agent-token-1"]\n')
    config = load(environ={"GEMINI_API_KEY": "g-1"})
    assert config.agents[0].upstream == "gemini" and config.warnings == ()
    with pytest.raises(ConfigError, match=r"agents\[0\]\.upstream"):
        load(environ={})


def test_substitution_reaches_numbers_and_booleans() -> None:
    write('[server]\nport = "${P}"\nidle_timeout_s = "${T}"\nstrict = "${S}"\n')
    server = load(environ={"P": "81", "T": "1.5", "S": "true"}).server
    assert (server.port, server.idle_timeout_s, server.strict) == (81, 1.5, True)
    found = problems('[server]\nport = "${P}"\n', {"P": "secret-text"})
    assert "P" in found["server.port"] and "secret-text" not in found["server.port"]


def test_unset_variables_are_named_once_each() -> None:
    found = problems('[models]\ndefault = "${MODEL}"\n[notify]\nurl = "${HOOK}"\n')
    assert "MODEL" in found["models.default"] and "HOOK" in found["notify.url"] and len(found) == 2


def test_problems_name_the_variable_they_come_from() -> None:
    found = problems(environ={"PORT": "99999", "GOOGLE_API_BASE": "ftp://x", "OAUTH_TOKEN_URL": "no-url"})
    assert "PORT" in found["server.port"] and {"GOOGLE_API_BASE", "OAUTH_TOKEN_URL"} <= set(found)


def test_problems_come_together_and_in_file_order() -> None:
    text = '[notify]\nurl = "x"\n[server]\nport = "x"\n[auth]\napi_key = "changeme"\n[[agents]]\nid = "a"\n'
    found = problems(text, {"HOST": "0.0.0.0", "TOKEN_ROTATION_COUNT": "x"})
    assert list(found) == [
        "notify.url",
        "server.port",
        "auth.api_key",
        "agents[0].model",
        "TOKEN_ROTATION_COUNT",
    ]


def test_sample_keys_from_the_environment() -> None:
    assert load(environ={"API_KEYS": "changeme"}).hints[0].startswith("API_KEYS[0]")
    assert "API_KEYS[0]" in problems(environ={"API_KEYS": "changeme", "HOST": "0.0.0.0"})


def test_a_host_from_outside_wins_over_the_files_listener() -> None:
    write('[server]\nbind = "unix:/run/d.sock"\n')
    config = load(environ={"HOST": "0.0.0.0"})
    assert config.server.address == "unix:/run/d.sock" and config.hints[0].startswith("HOST")
    assert load(environ={}, overrides={"server.port": 9}).server.address == "127.0.0.1:9"
    assert load(environ={}, overrides={"server.bind": "[::1]:7"}).server.address == "[::1]:7"
    write("[server]\nallow_lan_access = true\n")
    assert load(environ={}).server.address == "0.0.0.0:8045"
    assert load(environ={}, overrides={"server.host": "127.0.0.1"}).server.address == "127.0.0.1:8045"
    assert load(environ={"HOST": "127.0.0.1"}).server.address == "127.0.0.1:8045"


def test_overrides_are_checked_like_the_file() -> None:
    write("")
    with pytest.raises(ConfigError, match=r"server\.prot: .*did you mean port"):
        load(environ={}, overrides={"server.prot": 1})


def test_syntax_error_and_unreadable_dotenv() -> None:
    write("[server\n")
    with pytest.raises(ConfigError, match="line 1, column 8"):
        load(environ={})
    write("")
    (Path.cwd() / ".env").write_bytes(b"A=\xff\xfe\n")
    with pytest.raises(ConfigError, match=r"\.env: is not UTF-8"):
        load(environ={})


def test_no_problem_shows_a_secret() -> None:
    secret = "s3cr3t value"
    text = f"""
[auth]
api_keys = ["{secret}"]
[[auth.keys]]
name = "a"
key_hash = "{secret}"
[[upstreams]]
name = "u"
kind = "openai"
base_urls = ["http://u:{secret}@h/"]
proxy = "ftp://u:{secret}@h"
headers = {{ "x" = "{secret}\\n" }}
[[upstreams.accounts]]
api_key = "{secret}"
[[agents]]
id = "a"
model = "m"
tokens = ["{secret}"]
[state]
url = "mysql://u:{secret}@h"
[records]
url = "mysql://u:{secret}@h"
"""
    found = problems(text)
    assert len(found) >= 9 and "s3cr3t" not in str(found)


def test_example_as_it_is() -> None:
    write(EXAMPLE.read_text(encoding="utf-8"))
    config = load(environ={"GEMINI_API_KEY": "AIzaReal"})
    assert [upstream.name for upstream in config.upstreams] == ["gemini"]
    assert config.server == Server() and config.warnings == () and config.hints == ()


def test_example_with_everything_uncommented() -> None:
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    write("\n".join(line.removeprefix("#: ") for line in lines))
    names = ("GEMINI_API_KEY", "ANTHROPIC_API_KEY", "OAUTH_CLIENT_ID", "OAUTH_CLIENT_SECRET")
    config = load(environ=dict.fromkeys(names, "real-value"))
    assert [one.kind for one in config.upstreams] == ["gemini", "anthropic", "openai", "code_assist", "cli"]
    assert config.server == Server() and config.warnings == () and config.hints == ()
    assert config.models.map["claude-*"] == ("anthropic/claude-sonnet-4-5", "gemini-2.5-pro")
    assert config.agents[0].temperature == 0.3 and config.agents[0].lock == ("temperature",)
    assert config.auth.keys[0].name == "anna" and config.upstreams[3].oauth.client_id == "real-value"


def test_importing_is_cheap() -> None:
    heavy = {"flask", "requests", "gevent", "sqlalchemy", "marshmallow", "dotenv", "schemas"}
    code = f"import sys, gateway.config, gateway.config.check; print(sorted({heavy!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=30)
    assert done.stdout.strip() == "[]", done.stderr


def test_a_tools_variables_may_stand_in_dotenv(tmp_path: Path) -> None:
    """Those its `env` names, and the environment wins."""
    (tmp_path / "dragoman.toml").write_text(
        '[[upstreams]]\nname = "c"\nkind = "cli"\ntool = "claude"\nenv = ["PATH", "LOGIN", "BOTH"]\n'
    )
    (tmp_path / ".env").write_text("LOGIN=from-the-file\nBOTH=from-the-file\nOTHER=secret\n")
    config = load(tmp_path / "dragoman.toml", environ={"BOTH": "outer", "DRAGOMAN_DATA": str(tmp_path)})
    assert config.upstreams[0].dotenv == {"LOGIN": "from-the-file"}
    assert "from-the-file" not in repr(config)
