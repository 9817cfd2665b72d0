"""`dragoman reload`: tells the running gateway to read its configuration again."""

from __future__ import annotations

import os
import signal

from gateway.command.pid_file import running
from gateway.config.model import Config


def reloaded(config: Config) -> tuple[bool, str]:
    """(told, a sentence). What came of it stands in the gateway's log: each worker reads the file for itself."""
    pid = running(config.data_dir)
    if pid is None:
        return False, (
            f"no gateway runs with the data folder {config.data_dir}; start one, or name its folder in DRAGOMAN_DATA"
        )
    try:
        os.kill(pid, signal.SIGHUP)
    except ProcessLookupError:
        return False, f"the gateway (process {pid}) has just ended"
    except PermissionError:
        return False, f"the gateway (process {pid}) belongs to another user: run this as that user"
    return True, f"the gateway (process {pid}) reads {config.source} again; its log says what came of it"
