"""accounts.json, where installations before the state store kept what is in `accounts/health.py`'s spaces now."""

from __future__ import annotations

import logging
from pathlib import Path

from gateway.accounts.atomic_file import Unreadable, read_json
from gateway.accounts.health import HealthNotes
from gateway.state.store import Store

log = logging.getLogger("dragoman")

FILE_NAME = "accounts.json"
KEPT_AS = "accounts.json.old"


def take_over(data_dir: Path, store: Store) -> None:
    """Moves what the file says into the store, once; the file stays as KEPT_AS. What the store knows is newer."""
    file = data_dir / FILE_NAME
    if not file.is_file():
        return
    mine = file.with_name(KEPT_AS)
    try:
        file.replace(mine)  # of several workers one gets it
        document, _ = read_json(mine)
    except FileNotFoundError:
        return
    except (OSError, Unreadable) as error:
        log.warning("%s could not be taken over (%s): cooldowns are learnt again", FILE_NAME, error)
        return
    accounts = document.get("accounts") if isinstance(document, dict) else None
    notes = HealthNotes(store)
    known = notes.changed()
    for account_id, each in (accounts if isinstance(accounts, dict) else {}).items():
        if isinstance(each, dict) and account_id not in known:
            uses = each.pop("uses", 0)
            notes.note(account_id, each)
            notes.count(account_id, uses if isinstance(uses, int) else 0)
    notes.flush()
    log.info("what %s said of accounts is in the state store now; the file is kept as %s", FILE_NAME, KEPT_AS)
