"""Every class of error an operator can make, with its path and a remedy."""

import tomllib

import pytest

from gateway.config.model import KINDS, Config
from schemas.config import check, in_document_order

UPSTREAM = '[[upstreams]]\nname = "u"\nkind = "openai"\n'
CLI = '[[upstreams]]\nname = "u"\nkind = "cli"\ntool = "claude"\n'
AGENT = '[[agents]]\nid = "a"\nmodel = "m"\n'
KEY = f'[[auth.keys]]\nname = "n"\nkey_hash = "sha256:{"0" * 64}"\n'

FAULTS = [
    # unknown keys, at every depth
    ("servr = 1", "servr", "did you mean server"),
    ("port = 1", "port", "[server]"),
    ("[server]\nprot = 1", "server.prot", "did you mean port"),
    ("[server]\nworker-s = 1", "server.worker-s", "did you mean workers"),
    ("[server]\nrequest_timeout_sec = 1", "server.request_timeout_sec", "did you mean request_timeout_s"),
    ("[server]\nzzz = 1", "server.zzz", "known here"),
    (UPSTREAM + "api_key = 'x'", "upstreams[0].api_key", "[[upstreams.accounts]]"),
    (UPSTREAM + "base_urlz = []", "upstreams[0].base_urlz", "did you mean base_url"),
    (UPSTREAM + "[[upstreams.accounts]]\nkeey = 1", "upstreams[0].accounts[0].keey", "not a known key"),
    (UPSTREAM + "[[upstreams.accounts]]\nmodels = []", "upstreams[0].accounts[0].models", "[[upstreams]]"),
    ("[models]\n[[models.profiles]]\nmatch='x'\ndrp=[]", "models.profiles[0].drp", "did you mean drop"),
    (KEY + "rmp = 1", "auth.keys[0].rmp", "did you mean rpm"),
    (AGENT + "temprature = 1", "agents[0].temprature", "did you mean temperature"),
    # types
    ("server = 1", "server", "[server]"),
    ("upstreams = 1", "upstreams", "[[upstreams]]"),
    ("[upstreams]\nname = 'x'", "upstreams", "[[upstreams]]"),
    ("upstreams = [1]", "upstreams[0]", "table"),
    ("[server]\nport = '8045'", "server.port", "without quotes"),
    ("[server]\nport = true", "server.port", "whole number"),
    ("[server]\nport = 1.5", "server.port", "whole number"),
    ("[server]\nhost = 1", "server.host", "double quotes"),
    ("[server]\nstrict = 'yes'", "server.strict", "true or false"),
    ("[server]\nstrict = 1", "server.strict", "true or false"),
    ("[server]\nkeepalive_s = 'x'", "server.keepalive_s", "number"),
    ("[server]\nkeepalive_s = nan", "server.keepalive_s", "finite"),
    ("[server]\ncors_origins = '*'", "server.cors_origins", "brackets"),
    ("[server]\ncors_origins = 1", "server.cors_origins", "list"),
    (UPSTREAM + "models = ['a', 1]", "upstreams[0].models[1]", "string"),
    (UPSTREAM + "models = ['']", "upstreams[0].models[0]", "empty"),
    (UPSTREAM + "headers = []", "upstreams[0].headers", "table"),
    (UPSTREAM + "headers = { x = 1 }", "upstreams[0].headers.x", "double quotes"),
    ("[models]\nmap = []", "models.map", "table"),
    ('[models.map]\n"gpt-4.1" = 3', 'models.map."gpt-4.1"', "string or a list"),
    ("[models.map]\na = []", "models.map.a", "empty"),
    ("[models.map]\na = ['b', 'c*']", "models.map.a[1]", "wildcard"),
    # ranges
    ("[server]\nport = 70000", "server.port", "from 0 to 65535"),
    ("[server]\nworkers = -1", "server.workers", "from 0"),
    ("[server]\nrequest_timeout_s = 0", "server.request_timeout_s", "above 0"),
    ("[server]\nmax_body_mb = 0", "server.max_body_mb", "from 1"),
    ("[routing]\nquota_floor = 1.5", "routing.quota_floor", "from 0 to 1"),
    ("[routing]\nmax_attempts = 0", "routing.max_attempts", "from 1"),
    ("[routing]\nrotation_count = 0", "routing.rotation_count", "1 or more"),
    (UPSTREAM + "weight = 0", "upstreams[0].weight", "from 1"),
    (AGENT + "temperature = 3", "agents[0].temperature", "from 0 to 2"),
    (AGENT + "thinking_budget = -2", "agents[0].thinking_budget", "-1 or more"),
    ("[records]\nretention_days = 0", "records.retention_days", "1 or more"),
    (KEY + "rpm = -1", "auth.keys[0].rpm", "0 or more"),
    # words
    ("[server]\nresume = 'verifyed'", "server.resume", 'did you mean "verified"'),
    ("[server]\nlog_level = 'loud'", "server.log_level", '"debug"'),
    ("[auth]\nmode = 'on'", "auth.mode", '"strict"'),
    ("[routing]\nstrategy = 'random'", "routing.strategy", '"p2c"'),
    ("[models]\npreset = 'cost-effective'", "models.preset", "cost_effective"),
    (UPSTREAM + "speaks = 'grpc'", "upstreams[0].speaks", '"responses"'),
    (CLI + "sandbox = 'none'", "upstreams[0].sandbox", '"read-only"'),
    ("[[upstreams]]\nname='u'\nkind='opnai'", "upstreams[0].kind", 'did you mean "openai"'),
    (AGENT + "lock = ['model']", "agents[0].lock[0]", "not one of"),
    (AGENT + "visibility = 'open'", "agents[0].visibility", '"public"'),
    # required
    ("[[upstreams]]\nkind = 'openai'", "upstreams[0].name", "missing"),
    ("[[upstreams]]\nname = 'u'", "upstreams[0].kind", "missing"),
    ("[[upstreams]]\nname = 'u'\nkind = 'cli'", "upstreams[0].tool", "missing"),
    ("[[agents]]\nid = 'a'", "agents[0].model", "missing"),
    ("[[agents]]\nmodel = 'm'", "agents[0].id", "missing"),
    ("[[auth.keys]]\nname = 'n'", "auth.keys[0].key_hash", "keys add"),
    ("[[models.profiles]]\ndrop = []", "models.profiles[0].match", "missing"),
    # texts with a form
    ("[server]\nhost = 'http://x'", "server.host", "only the host"),
    ("[server]\nhost = ''", "server.host", "empty"),
    ("[server]\nbind = 'unix:run.sock'", "server.bind", "absolute"),
    ("[server]\nbind = '8045'", "server.bind", "host:port"),
    ("[server]\ntrusted_proxies = ['nginx']", "server.trusted_proxies[0]", "10.0.0.0/8"),
    ("[server]\ncors_origins = ['https://x/path']", "server.cors_origins[0]", "without a path"),
    ("[media]\nfetch_hosts = ['https://x.com']", "media.fetch_hosts[0]", "only the host"),
    (UPSTREAM + "base_urls = ['api.example.com']", "upstreams[0].base_urls[0]", "http://"),
    (UPSTREAM + "base_urls = ['http://']", "upstreams[0].base_urls[0]", "http://"),
    (UPSTREAM + "base_urls = ['http://h:99999']", "upstreams[0].base_urls[0]", "http://"),
    (UPSTREAM + "base_urls = ['http://h/v1?x=1']", "upstreams[0].base_urls[0]", "query"),
    (UPSTREAM + "base_urls = ['http://a:b@h/v1']", "upstreams[0].base_urls[0]", "credentials"),
    (UPSTREAM + "base_urls = []", "upstreams[0].base_urls", "empty"),
    (UPSTREAM + "proxy = 'ftp://h'", "upstreams[0].proxy", "socks5"),
    (UPSTREAM + "headers = { 'a b' = 'x' }", 'upstreams[0].headers."a b"', "header name"),
    (UPSTREAM + 'headers = { a = "x\\ny" }', "upstreams[0].headers.a", "one line"),
    (UPSTREAM + "ca_file = '/no/such.pem'", "upstreams[0].ca_file", "PEM"),
    (UPSTREAM + "[[upstreams.accounts]]\napi_key = 'a b'",
     "upstreams[0].accounts[0].api_key", "Copy the key"),
    ("[[upstreams]]\nname='a/b'\nkind='openai'", "upstreams[0].name", "Use letters"),
    (CLI + "workdir = 'here'", "upstreams[0].workdir", "full path"),
    (CLI + "env = ['A=b']", "upstreams[0].env[0]", "names only"),
    ("[[auth.keys]]\nname='n'\nkey_hash='sha256:...'", "auth.keys[0].key_hash", "64 hexadecimal"),
    (KEY + "expires = 'next year'", "auth.keys[0].expires", "2027-01-31"),
    (KEY + "expires = '2027-02-30'", "auth.keys[0].expires", "not a date"),
    ("[state]\nurl = 'sqlite:///x'", "state.url", "redis://"),
    ("[state]\nurl = 'redis:///0'", "state.url", "names no host"),
    ("[state]\nurl = 'redis://h/main'", "state.url", "database that is no number"),
    ("[state]\nurl = 'redis://h/0?timeout=5'", "state.url", "Known are prefix, db, ca_file"),
    ("[records]\nurl = 'redis://x'", "records.url", "postgresql://"),
    ("[notify]\nurl = 'mailto:x'", "notify.url", "https://"),
    # between keys
    (UPSTREAM + UPSTREAM, "upstreams[1].name", "own name"),
    (AGENT + AGENT, "agents[1].id", "own id"),
    (KEY + KEY.replace('"n"', '"m"'), "auth.keys[1].key_hash", "One key"),
    (KEY + KEY.replace("000", "111"), "auth.keys[1].name", "own name"),
    (UPSTREAM + AGENT + "upstream = 'v'", "agents[0].upstream", "does not exist"),
    (CLI + "default = true\n" + CLI.replace('"u"', '"v"') + "default = true",
     "upstreams[1].default", "one tool"),
    # keys of another kind
    (UPSTREAM + "tool = 'claude'", "upstreams[0].tool", "only for kind cli"),
    (UPSTREAM + "model = 'm'", "upstreams[0].model", "models ="),
    (UPSTREAM + "tokens_file = 'x'", "upstreams[0].tokens_file", "only for kind code_assist"),
    (UPSTREAM + "metadata = {}", "upstreams[0].metadata", "only for kind code_assist"),
    (UPSTREAM + "[upstreams.oauth]", "upstreams[0].oauth", "only for kind code_assist"),
    ("[[upstreams]]\nname='u'\nkind='gemini'\nspeaks='chat'", "upstreams[0].speaks", "only for kind openai"),
    (CLI + "base_urls = ['http://h']", "upstreams[0].base_urls", "only for kind"),
    (CLI + "[[upstreams.accounts]]", "upstreams[0].accounts", "own login"),
    ("[[upstreams]]\nname='u'\nkind='code_assist'\n[[upstreams.accounts]]",
     "upstreams[0].accounts", "tokens_file"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "path", "words"), FAULTS, ids=[f"{path}-{n}" for n, (_, path, _) in enumerate(FAULTS)]
)
def test_fault(text: str, path: str, words: str) -> None:
    config, problems = check(tomllib.loads(text))
    assert config is None
    found = {problem.path: problem for problem in problems}
    assert path in found, problems
    assert words in f"{found[path].message} {found[path].remedy}", found[path]
    assert len(problems) == 1 and found[path].remedy


GOOD = [
    "",
    "[server]\nport = 0\nidle_timeout_s = 1\nhost = '::1'",
    "[server]\ncors_origins = ['*', 'https://x:1', 'vscode-webview://abc']",
    "[server]\ntrusted_proxies = ['10.0.0.0/8', '::1']",
    UPSTREAM + "base_urls = ['http://[::1]:1/v1/', 'https://h//']",
    UPSTREAM + "proxy = 'socks5h://u:p@h:1'\nheaders = { X-Y = 'é' }",
    CLI + "default = true\nworkdir = '/tmp'\nsandbox = 'workspace-write'\nmodel = 'opus'",
    KEY + "expires = 2027-01-31",
    KEY + "expires = 2027-01-31T10:00:00Z",
    "[[upstreams]]\nname='u'\nkind='code_assist'\nmetadata={ideType='X', n=1, b=true}\n[upstreams.oauth]",
    "[[upstreams]]\nname='u'\nkind='local'\nmodel='/x.gguf'",
    "[state]\nurl='unix:///run/redis.sock?db=2'",
    "[state]\nurl='rediss://:p@h:1/0'\n[records]\nurl='postgresql://u:p@h/d'\n[notify]\nurl='https://h'",
]  # fmt: skip


@pytest.mark.parametrize("text", GOOD)
def test_accepted(text: str) -> None:
    config, problems = check(tomllib.loads(text))
    assert problems == [] and isinstance(config, Config)


def test_values_are_normalised() -> None:
    text = UPSTREAM + "base_urls = ['http://h/v1//']\n[upstreams.headers]\na = 'b'\n"
    text += "[models.map]\nb = 'x'\na = ['y', 'z']\n" + KEY.replace("000", "00A") + "expires = 2027-01-31\n"
    config, _ = check(tomllib.loads(text + AGENT + "stop = 'END'\ntemperature = 1\n"))
    assert config
    assert config.upstreams[0].base_urls == ("http://h/v1",)
    assert list(config.models.map.items()) == [("b", ("x",)), ("a", ("y", "z"))]
    assert "A" not in config.auth.keys[0].key_hash and config.auth.keys[0].expires == "2027-01-31"
    assert config.agents[0].stop == ("END",) and isinstance(config.agents[0].temperature, float)


def test_agents_may_name_upstreams_from_elsewhere() -> None:
    document = tomllib.loads(AGENT + "upstream = 'gemini'")
    assert check(document)[1] and not check(document, frozenset({"gemini"}))[1]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_works_with_the_least(kind: str) -> None:
    tool = {"tool": "codex"} if kind == "cli" else {}
    assert check({"upstreams": [{"name": "u", "kind": kind, **tool}]})[1] == []


def test_all_problems_at_once_in_file_order() -> None:
    text = "[routing]\nmax_attempts = 0\nx = 1\n[server]\nport = -1\n"
    document = tomllib.loads(text + '[[upstreams]]\nspeaks = "x"\nkind = "openai"\n[agents]\n')
    _, problems = check(document)
    paths = [problem.path for problem in problems]
    assert paths == [
        "routing.max_attempts",
        "routing.x",
        "server.port",
        "upstreams[0].name",
        "upstreams[0].speaks",
        "agents",
    ]
    assert in_document_order(list(reversed(problems)), document)[0].path == "routing.max_attempts"
