"""Finishes the upstreams: skips placeholders, fills defaults, adds those of environment and tokens.json."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from gateway.config.environment import PROVIDER_KEYS, Environment
from gateway.config.model import DEFAULT_BASE_URLS, Upstream, UpstreamAccount
from gateway.config.placeholders import is_placeholder
from gateway.config.tokens_file import read_tokens

ASSIST = "assist"
"""Name of the code_assist upstream that tokens.json or PROJECTS makes."""

_OAUTH_FIELDS = ("client_id", "client_secret", "token_url")


def without_placeholders(
    upstreams: Iterable[Upstream], unset: frozenset[str]
) -> tuple[tuple[Upstream, ...], list[str]]:
    """Upstreams without accounts whose key is a placeholder or unset, and a hint for each one left out.

    An upstream that loses all its accounts goes too: without them it would be asked without a key.
    `unset` are the paths whose variable was not set (their hint is given already).
    """
    kept: list[Upstream] = []
    hints: list[str] = []
    for index, upstream in enumerate(upstreams):
        accounts: list[UpstreamAccount] = []
        for position, account in enumerate(upstream.accounts):
            path = f"upstreams[{index}].accounts[{position}].api_key"
            if path in unset:
                continue
            if account.api_key and is_placeholder(account.api_key):
                hints.append(f"{path}: looks like a placeholder, so the account is skipped")
                continue
            accounts.append(account)
        if upstream.accounts and not accounts:
            hints.append(f'upstreams[{index}]: "{upstream.name}" is skipped, none of its accounts has a key')
            continue
        oauth = upstream.oauth
        for name in _OAUTH_FIELDS:
            if getattr(oauth, name) and is_placeholder(getattr(oauth, name)):
                hints.append(f"upstreams[{index}].oauth.{name}: looks like a placeholder and is not used")
                oauth = replace(oauth, **{name: ""})
        kept.append(replace(upstream, accounts=tuple(accounts), oauth=oauth))
    return tuple(kept), hints


def completed(upstream: Upstream, data_dir: Path, folder: Path, env: Environment) -> Upstream:
    """The upstream with its kind's defaults and, for code_assist, the environment's OAuth client and address.

    A relative `tokens_file` is taken from `folder`, the one with the configuration file.
    """
    if not upstream.base_urls:
        upstream = replace(upstream, base_urls=DEFAULT_BASE_URLS[upstream.kind])
    if upstream.kind == "cli" and not upstream.command:
        upstream = replace(upstream, command=upstream.tool)
    if upstream.kind != "code_assist":
        return upstream
    tokens = folder / Path(upstream.tokens_file).expanduser() if upstream.tokens_file else data_dir / "tokens.json"
    return replace(
        upstream,
        tokens_file=str(tokens),
        oauth=replace(upstream.oauth, **env.oauth),
        base_urls=(env.google_api_base,) if env.google_api_base else upstream.base_urls,
    )


def provider_upstreams(env: Environment, declared: Iterable[Upstream]) -> tuple[list[Upstream], list[str]]:
    """One upstream per provider key, unless the file has an upstream of that name or uses the key."""
    names = {upstream.name for upstream in declared}
    used = {account.api_key for upstream in declared for account in upstream.accounts}
    variables = {name: variable for variable, name in PROVIDER_KEYS.items()}
    made: list[Upstream] = []
    hints: list[str] = []
    for name, key in env.provider_keys.items():
        if key in used:
            continue
        if name in names:
            hints.append(f'{variables[name]}: not used, the file declares its own upstream "{name}"')
            continue
        made.append(Upstream(name=name, kind=name, accounts=(UpstreamAccount(label=variables[name], api_key=key),)))
    return made, hints


def with_keys(
    upstreams: Iterable[Upstream], keys: Iterable[tuple[str, UpstreamAccount]]
) -> tuple[list[Upstream], list[str]]:
    """The keys of tokens.json as accounts of the upstream they name, or of one of that kind which is made for them."""
    found = {upstream.name: upstream for upstream in upstreams}
    hints: list[str] = []
    for name, account in keys:
        upstream = found.get(name)
        if upstream is None and name in PROVIDER_KEYS.values():
            upstream = Upstream(name=name, kind=name)
        if upstream is None or upstream.kind not in PROVIDER_KEYS.values():
            hints.append(f'tokens.json: the key "{account.label}" is not used, no upstream "{name}" takes keys')
        elif account.api_key not in {each.api_key for each in upstream.accounts}:
            found[name] = replace(upstream, accounts=(*upstream.accounts, account))
    return list(found.values()), hints


def with_projects(
    upstreams: tuple[Upstream, ...], env: Environment, accounts: tuple[UpstreamAccount, ...], tokens: Path
) -> tuple[tuple[Upstream, ...], list[str]]:
    """Makes the `assist` upstream where `tokens`, the data folder's file, or PROJECTS has usable projects.

    `accounts` are the usable ones of that file, which is the truth; an upstream that names the file itself
    already has them. PROJECTS counts only while there are none, and then its projects travel in
    `Upstream.accounts`, to be moved into the file.
    """
    hints = ["PROJECTS: not used, tokens.json has projects of its own"] if accounts and env.projects else []
    extra = () if accounts else env.projects
    if not accounts and not extra:
        return upstreams, hints
    for index, upstream in enumerate(upstreams):
        if upstream.kind != "code_assist":
            continue
        if accounts and Path(upstream.tokens_file) == tokens:
            return upstreams, hints
        if extra and not read_tokens(Path(upstream.tokens_file))[0]:
            filled = replace(upstream, accounts=extra)
            return (*upstreams[:index], filled, *upstreams[index + 1 :]), hints
    if any(upstream.name == ASSIST for upstream in upstreams):
        source = "tokens.json" if accounts else "PROJECTS"
        hints.append(f'{source}: not used, the file declares another upstream named "{ASSIST}"')
        return upstreams, hints
    return (*upstreams, Upstream(name=ASSIST, kind="code_assist", accounts=extra)), hints
