from pathlib import Path

from gateway.config.completion import completed, provider_upstreams, with_projects, without_placeholders
from gateway.config.environment import Environment
from gateway.config.model import OAuth, Upstream, UpstreamAccount

DATA, FOLDER = Path("/data"), Path("/etc/dragoman")


def _upstream(name: str, *keys: str) -> Upstream:
    return Upstream(name=name, kind="openai", accounts=tuple(UpstreamAccount(api_key=key) for key in keys))


def test_placeholders_go_with_hints_and_keyless_stays() -> None:
    upstreams = (_upstream("one", "real", "your-key"), _upstream("two", "sk-..."), _upstream("lan"))
    kept, hints = without_placeholders(upstreams, frozenset())
    assert [(one.name, len(one.accounts)) for one in kept] == [("one", 1), ("lan", 0)]
    assert [hint.split(":")[0] for hint in hints] == [
        "upstreams[0].accounts[1].api_key",
        "upstreams[1].accounts[0].api_key",
        "upstreams[1]",
    ]


def test_unset_accounts_go() -> None:
    unset = frozenset({"upstreams[0].accounts[0].api_key"})
    kept, hints = without_placeholders((_upstream("one", "", "real"),), unset)
    assert [account.api_key for account in kept[0].accounts] == ["real"] and not hints


def test_an_account_without_a_key_is_a_keyless_one() -> None:
    kept, hints = without_placeholders((_upstream("one", ""),), frozenset())
    assert len(kept[0].accounts) == 1 and not hints


def test_placeholder_oauth_is_emptied() -> None:
    upstream = Upstream(name="a", kind="code_assist", oauth=OAuth(client_id="your_client_id", client_secret="s3cret"))
    (kept,), hints = without_placeholders((upstream,), frozenset())
    assert (kept.oauth.client_id, kept.oauth.client_secret) == ("", "s3cret") and "client_id" in hints[0]


def test_defaults_of_kinds() -> None:
    env = Environment()
    assert completed(Upstream(name="a", kind="anthropic"), DATA, FOLDER, env).base_urls == (
        "https://api.anthropic.com",
    )
    assert completed(Upstream(name="a", kind="cli", tool="codex"), DATA, FOLDER, env).command == "codex"
    assert completed(Upstream(name="a", kind="cli", tool="codex", command="/x"), DATA, FOLDER, env).command == "/x"
    assert completed(Upstream(name="a", kind="local"), DATA, FOLDER, env).base_urls == ()
    given = Upstream(name="a", kind="openai", base_urls=("http://h/v1",))
    assert completed(given, DATA, FOLDER, env) == given


def test_code_assist_takes_the_environment() -> None:
    env = Environment(oauth={"client_id": "from-env"}, google_api_base="https://base.example.com")
    upstream = Upstream(name="a", kind="code_assist", oauth=OAuth(client_id="file", client_secret="file"))
    done = completed(upstream, DATA, FOLDER, env)
    assert done.oauth == OAuth(client_id="from-env", client_secret="file")
    assert done.base_urls == ("https://base.example.com",)
    assert completed(Upstream(name="g", kind="gemini"), DATA, FOLDER, env).base_urls != done.base_urls


def test_tokens_file() -> None:
    env = Environment()
    for given, expected in [
        ("", "/data/tokens.json"),
        ("t.json", "/etc/dragoman/t.json"),
        ("/x/t.json", "/x/t.json"),
    ]:
        assert completed(Upstream(name="a", kind="code_assist", tokens_file=given), DATA, FOLDER, env).tokens_file == (
            expected
        )


def test_provider_keys_make_upstreams() -> None:
    env = Environment(provider_keys={"gemini": "g-key", "openai": "o-key", "anthropic": "a-key"})
    declared = (_upstream("openai", "another"), _upstream("mine", "a-key"))
    made, hints = provider_upstreams(env, declared)
    assert [(one.name, one.kind, one.accounts[0].api_key) for one in made] == [("gemini", "gemini", "g-key")]
    assert len(hints) == 1 and hints[0].startswith("OPENAI_API_KEY")


TOKENS = DATA / "tokens.json"


def test_projects(tmp_path: Path) -> None:
    account = UpstreamAccount(refresh_token="r")
    env = Environment(projects=(account,))
    made, hints = with_projects((), env, (), TOKENS)
    assert [(one.name, one.kind, one.accounts) for one in made] == [("assist", "code_assist", (account,))]
    assert hints == []
    made, hints = with_projects((), env, (UpstreamAccount(refresh_token="file"),), TOKENS)
    assert made[0].accounts == () and "PROJECTS" in hints[0]
    assert with_projects((), Environment(), (), TOKENS) == ((), [])
    declared = Upstream(name="mine", kind="code_assist", tokens_file=str(tmp_path / "tokens.json"))
    made, _ = with_projects((declared,), env, (), TOKENS)
    assert [(one.name, one.accounts) for one in made] == [("mine", (account,))]
    (tmp_path / "tokens.json").write_text('{"projects": [{"refresh_token": "r2"}]}')
    made, _ = with_projects((declared,), env, (), TOKENS)
    assert [(one.name, one.accounts) for one in made] == [("mine", ()), ("assist", (account,))]
    other = (_upstream("assist"),)
    made, hints = with_projects(other, env, (), TOKENS)
    assert made == other and hints[0].startswith("PROJECTS: not used")


def test_tokens_json_beside_a_declared_upstream() -> None:
    accounts = (UpstreamAccount(refresh_token="r"),)
    same = Upstream(name="mine", kind="code_assist", tokens_file=str(TOKENS))
    assert with_projects((same,), Environment(), accounts, TOKENS) == ((same,), [])
    elsewhere = Upstream(name="mine", kind="code_assist", tokens_file="/other.json")
    made, _ = with_projects((elsewhere,), Environment(), accounts, TOKENS)
    assert [one.name for one in made] == ["mine", "assist"]
