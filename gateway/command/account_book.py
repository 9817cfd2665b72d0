"""The stored accounts as the `accounts` commands handle them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gateway.accounts.account import Account
from gateway.accounts.atomic_file import write_json
from gateway.accounts.health import HealthNotes
from gateway.accounts.store import NotStored, add_key, add_project, entries_in, labels, reset, set_enabled
from gateway.accounts.tokens import TokensFile
from gateway.canon.quota import Quota
from gateway.config.data_folder import unwritable
from gateway.config.model import Config
from gateway.config.model import Upstream as Settings
from gateway.config.placeholders import is_placeholder
from gateway.relay.asking import Unaskable
from gateway.relay.plan import AttemptFailed
from gateway.upstreams.transport.faults import TransportFault
from gateway.web.gateway import Gateway
from gateway.wiring import build, tokens_of

LIST_TIMEOUT_S = 20.0
WITH_KEYS = ("gemini", "openai", "anthropic")
IMPORTABLE = "a tokens.json is wanted, a list of projects, or the file of one account"


class NoSuch(Exception):
    """No account, or no upstream, of that name."""


class Book:
    """`gateway` is the one that runs, where there is one in this process."""

    def __init__(self, config: Config, gateway: Gateway | None = None) -> None:
        self.config = config
        self.gateway = gateway or build(config)
        self._health = HealthNotes(self.gateway.state)

    def account(self, name: str) -> Account:
        """By id, label or email. Raises NoSuch."""
        known = self.gateway.pool.accounts()
        found = [each for each in known if name in (each.id, each.label)]
        if len(found) == 1:
            return found[0]
        if found:
            raise NoSuch(f"{name!r} is the name of several accounts: {', '.join(each.id for each in found)}")
        raise NoSuch(f"there is no account {name!r}; known: {labels(known)}")

    def assist(self, name: str = "") -> Settings:
        """The code_assist upstream of that name, or the only one; one with the default file if there is none yet.
        Raises NoSuch."""
        found = [each for each in self.config.upstreams if each.tokens_file and name in ("", each.name)]
        if len(found) == 1:
            return found[0]
        if found:
            raise NoSuch(f"which upstream? --upstream {' or '.join(each.name for each in found)}")
        raise NoSuch(
            f"there is no code_assist upstream{f' {name!r}' if name else ''} in the configuration. Add one:\n\n"
            '[[upstreams]]\nname = "assist"\nkind = "code_assist"'
        )

    def tokens(self, upstream: str = "") -> TokensFile:
        """Raises NoSuch."""
        return tokens_of(self.gateway.state, self.assist(upstream))

    def add_key(self, upstream: str, label: str, key: str) -> str:
        """Raises NoSuch, ValueError, OSError, Unreadable."""
        takers = [each.name for each in self.config.upstreams if each.kind in WITH_KEYS]
        names = dict.fromkeys((*takers, *(kind for kind in WITH_KEYS if kind not in self.gateway.upstreams)))
        if upstream not in names:
            raise NoSuch(f"there is no upstream {upstream!r} that takes a key; those that do: {', '.join(names)}")
        if is_placeholder(key) or any(mark.isspace() or not mark.isprintable() for mark in key) or not key.isascii():
            raise ValueError("that is not an API key: nothing was stored")
        file = self.config.data_dir / "tokens.json"
        named = label or f"{upstream}-key"
        add_key(TokensFile(file), upstream, named, key)
        return f"the key {named!r} of {upstream} is in {file}; `dragoman reload` makes a running gateway use it"

    def take_over(self, file: Path, upstream: str) -> str:
        """Raises NoSuch, OSError, ValueError, Unreadable."""
        try:
            entries = entries_in(file)
        except ValueError as error:
            raise ValueError(f"{file} is not JSON ({error}); {IMPORTABLE}") from None
        if not entries:
            raise ValueError(f"{file} has no account with a refresh_token; {IMPORTABLE}")
        tokens = self.tokens(upstream)
        new = sum(add_project(tokens, entry, revive=False) for entry in entries)
        brought = {entry["refresh_token"].strip() for entry in entries}
        out = sum(each.disabled_reason is not None for each in tokens.projects() if each.refresh_token in brought)
        left = f"; {out} of them out of use, `dragoman accounts list` says why" if out else ""
        return f"{file}: {new} new accounts, {len(entries) - new} known ones brought up to date{left}"

    def export(self, file: Path, upstream: str) -> str:
        """Raises NoSuch, OSError."""
        if not file.absolute().parent.is_dir():
            raise FileNotFoundError(f"there is no folder {file.absolute().parent}")
        write_json(file, self.tokens(upstream).document())
        return f"{file} holds all accounts with their secrets: keep it safe"

    def set_enabled(self, name: str, enabled: bool) -> str:
        """Raises NoSuch, NotStored."""
        account = self.account(name)
        self._look_at_the_folder()
        tokens = self.tokens(account.upstream) if account.credential is not None else None
        set_enabled(account, tokens, self._health, enabled)
        return f"{account.label} is {'in use' if enabled else 'out of use'}"

    def reset(self, name: str) -> str:
        """Raises NoSuch, NotStored."""
        self._look_at_the_folder()
        found = self.gateway.pool.accounts() if name == "all" else [self.account(name)]
        for account in found:
            reset(account, self._health)
        return f"no cooldown is left for {labels(found)}"

    def test(self, name: str, model: str) -> dict[str, Any]:
        """ "account", "model", "ok", "status" (0: nothing was asked) and "message". Raises NoSuch."""
        account = self.account(name)
        if account.disabled_reason is not None and account.credential is not None:
            why = f"{account.label} is out of use, nothing was asked ({account.disabled_reason}); "
            why += f"`dragoman accounts enable {account.label}` takes it into use"
            return {"account": account.label, "model": model, "ok": False, "status": 0, "message": why}
        model = model or self._some_model(account)
        fault = self.gateway.relay.try_account(account, model)
        self._flush()
        said = f"{account.label} answered with {model}"
        if fault is not None:
            said = f"{account.label} did not answer with {model}: {fault.status} {fault.message}"
        status = 200 if fault is None else fault.status
        return {"account": account.label, "model": model, "ok": fault is None, "status": status, "message": said}

    def quotas(self, name: str) -> list[tuple[Account, list[Quota] | str]]:
        """What is left, or why it could not be asked, by account. Raises NoSuch."""
        found = self.gateway.pool.accounts() if name == "all" else [self.account(name)]
        told: list[tuple[Account, list[Quota] | str]] = []
        for account in found:
            try:
                told.append((account, self.gateway.relay.list_of(account, LIST_TIMEOUT_S)[1]))
            except AttemptFailed as failure:
                told.append((account, f"{failure.fault.status} {failure.fault.message}"))
            except (TransportFault, Unaskable, ValueError) as error:
                told.append((account, str(error) or "the provider has no list"))
        self._flush()
        return told

    def _some_model(self, account: Account) -> str:
        settings = self.gateway.upstreams[account.upstream].settings
        literal = next((name for name in settings.models if "*" not in name), settings.tool)
        if literal:
            return literal
        try:
            models, _ = self.gateway.relay.list_of(account, LIST_TIMEOUT_S)
        except (AttemptFailed, TransportFault, Unaskable, ValueError):
            models = []
        flash = next((each.id for each in models if "flash" in each.id), "")
        return flash or (models[0].id if models else "gemini-2.5-flash")

    def _look_at_the_folder(self) -> None:
        problem = unwritable(self.config.data_dir)
        if problem is not None:
            raise NotStored(str(problem))

    def _flush(self) -> None:
        self.gateway.pool.flush()
