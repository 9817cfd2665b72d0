"""How many worker processes this machine, or this container, has processors for."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from pathlib import Path

_Reader = Callable[[Path], float | None]


def worker_count(configured: int, *, root: Path = Path("/"), cpus: int | None = None) -> int:
    """`configured` when it is above 0, else one worker per usable processor, at least 1.

    Usable is the smaller of the cpu affinity and the cgroup quota (v2 `cpu.max`, v1 `cpu.cfs_quota_us`),
    rounded up. `root` and `cpus` replace `/` and the affinity in tests.
    See https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files
    """
    if configured > 0:
        return configured
    available = cpus if cpus is not None else _affinity()
    quota = _cgroup_quota(root)
    if quota is not None:
        available = min(available, math.ceil(quota))
    return max(1, available)


def _affinity() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cgroup_quota(root: Path) -> float | None:
    """The tightest quota in processors of this process's cgroup and all its parents, None without one."""
    quotas: list[float] = []
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers == "":
            quotas += _quotas(root / "sys/fs/cgroup", path, _quota_v2)
        elif "cpu" in controllers.split(","):
            for mount in ("sys/fs/cgroup/cpu", f"sys/fs/cgroup/{controllers}"):
                quotas += _quotas(root / mount, path, _quota_v1)
    return min(quotas, default=None)


def _quotas(mount: Path, path: str, read: _Reader) -> list[float]:
    """Quotas from the mount down to `path`. In a container the path may be the host's and not exist here:
    the mount itself is then the container's own group."""
    parts = [part for part in path.split("/") if part not in ("", "..")]
    folders = [mount.joinpath(*parts[:depth]) for depth in range(len(parts) + 1)]
    return [quota for folder in folders if (quota := read(folder)) is not None]


def _quota_v2(folder: Path) -> float | None:
    words = _read(folder / "cpu.max").split()
    return _ratio(words[0], words[1]) if len(words) == 2 else None


def _quota_v1(folder: Path) -> float | None:
    return _ratio(_read(folder / "cpu.cfs_quota_us").strip(), _read(folder / "cpu.cfs_period_us").strip())


def _ratio(quota: str, period: str) -> float | None:
    if not quota.isdigit() or not period.isdigit() or int(quota) == 0 or int(period) == 0:
        return None
    return int(quota) / int(period)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
