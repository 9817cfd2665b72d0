"""Two versions of a tokens.json that began as one: what was changed here, put upon what was changed elsewhere.

A hand edit here wins over what others wrote. Of two tokens for one project the one that lasts longer is kept, unless
somebody wrote the refresh token by hand. An entry that was removed on either side is gone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gateway.accounts.project import entries_of, fingerprint
from gateway.config.placeholders import is_placeholder

Entry = Mapping[str, Any]

_TOKEN = ("refresh_token", "rotated_from", "access_token", "expires_at")
"""What belongs together: one answer of the token endpoint."""
_ABSENT = object()


def merged(base: Any, mine: Any, theirs: Any) -> Any:
    """The document both sides come to, whichever of them asks. `base` None: they have nothing in common yet, and
    where both know a project `theirs` counts."""
    if base is not None and mine == base:
        return theirs
    if base is not None and theirs == base:
        return mine
    here, there = _document(mine), _document(theirs)
    before = _document(base) if base is not None else {name: here[name] for name in here if name in there}
    told = _keys(before, here, there, [name for name in (*there, *here) if name != "projects"])
    return {**told, "projects": _entries(base, entries_of(mine), entries_of(theirs))}


def _entries(base: Any, mine: Sequence[Any], theirs: Sequence[Any]) -> list[Any]:
    here_all, there_all = _Projects(mine), _Projects(theirs)
    known = _Projects(entries_of(base) if base is not None else [each for each in mine if there_all.same(each)])
    found: list[Any] = []
    taken: set[int] = set()
    for there in theirs:
        was = known.same(there)
        here = here_all.same(there) or (here_all.same(was) if was else None)
        if here is not None:
            taken.add(id(here))
            found.append(_entry(was, here, there))
        elif was is None:
            found.append(there)
    for here in mine:
        if id(here) not in taken and known.same(here) is None and (_project_token(here) or here not in found):
            found.append(here)
    return found


def _entry(was: Any, here: Any, there: Any) -> Any:
    if not (isinstance(here, dict) and isinstance(there, dict)):
        return here
    before = was if isinstance(was, dict) else {}
    entry = _keys(before, here, there, list(dict.fromkeys((*there, *here))))
    winner = there if _theirs_lasts(before, here, there) else here
    if _token(here) != _token(before) and _token(there) != _token(before):
        entry = {name: value for name, value in entry.items() if name not in _TOKEN}
        entry |= {name: winner[name] for name in _TOKEN if name in winner}
    return entry


def _theirs_lasts(before: Entry, here: Entry, there: Entry) -> bool:
    old, new = before.get("refresh_token"), here.get("refresh_token")
    if new != old and here.get("rotated_from") != _print(old) and new != there.get("refresh_token"):
        return False
    return _seconds(there) > _seconds(here)


def _keys(before: Entry, here: Entry, there: Entry, names: Sequence[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in names:
        mine = here.get(name, _ABSENT)
        value = there.get(name, _ABSENT) if mine == before.get(name, _ABSENT) else mine
        if value is not _ABSENT:
            found[name] = value
    return found


class _Projects:
    """Those entries of a document that are projects."""

    def __init__(self, entries: Sequence[Any]) -> None:
        self._by_token: dict[Any, Entry] = {}
        self._by_print: dict[str, Entry] = {}
        self._by_origin: dict[Any, Entry] = {}
        self._by_email: dict[Any, list[Entry]] = {}
        for each in entries:
            if token := _project_token(each):
                self._by_token[token] = each
                self._by_print[fingerprint(token)] = each
                if isinstance(origin := each.get("rotated_from"), str):
                    self._by_origin[origin] = each
                if isinstance(email := each.get("email"), str) and email:
                    self._by_email.setdefault(email, []).append(each)

    def same(self, entry: Any) -> Entry | None:
        """The same project: by its refresh token, as its successor or predecessor, by its email if only one has it."""
        if not (token := _project_token(entry)):
            return None
        found = self._by_token.get(token) or self._by_origin.get(fingerprint(token))
        if found is None and isinstance(origin := entry.get("rotated_from"), str):
            found = self._by_print.get(origin)
        if found is None and isinstance(email := entry.get("email"), str):
            namesakes = self._by_email.get(email, [])
            found = namesakes[0] if len(namesakes) == 1 else None
        return found


def _project_token(entry: Any) -> str:
    """ "" for what is no project: an example's placeholder, or anything else."""
    token = entry.get("refresh_token") if isinstance(entry, dict) else None
    return token if isinstance(token, str) and not is_placeholder(token) else ""


def _document(document: Any) -> Entry:
    return document if isinstance(document, dict) else {}


def _token(entry: Entry) -> list[Any]:
    return [entry.get(name) for name in _TOKEN]


def _print(token: Any) -> str:
    return fingerprint(token) if isinstance(token, str) else "-"


def _seconds(entry: Entry) -> float:
    value = entry.get("expires_at")
    return float(value) if isinstance(value, int | float) else 0.0
