"""How entries lie in Redis, and the commands that write and read them.

An entry is one string with Redis's own expiry. So that a scan finds its keys in order without looking at all others,
each space has a sorted set of its keys (equal scores, hence ordered by bytes, which is code point order), and one
sorted set has the keys that will expire, by when: what Redis has let go is swept from the sets by it.
https://redis.io/docs/latest/develop/data-types/sorted-sets/#lexicographical-scores
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from gateway.state.operation import Operation
from gateway.state.store import Key, upper_bound

Row = tuple[bytes | None, float | None]
"""Value and expiry (unix seconds)."""

ASKED_AT_ONCE = 500
LATER_S = 60
"""When an entry is looked at again that lives longer than it should by the clock of this machine."""

_COMPARE_AND_SET = """
local now = redis.call('GET', KEYS[1])
if ARGV[1] == '1' then
  if now ~= ARGV[2] then return 0 end
elseif now then
  return 0
end
if ARGV[3] == '1' then
  if ARGV[5] == '' then
    redis.call('SET', KEYS[1], ARGV[4])
    redis.call('ZREM', KEYS[3], ARGV[7])
  else
    redis.call('SET', KEYS[1], ARGV[4], 'PX', ARGV[5])
    redis.call('ZADD', KEYS[3], ARGV[8], ARGV[7])
  end
  redis.call('ZADD', KEYS[2], 0, ARGV[6])
else
  redis.call('DEL', KEYS[1])
  redis.call('ZREM', KEYS[2], ARGV[6])
  redis.call('ZREM', KEYS[3], ARGV[7])
end
redis.call('PUBLISH', ARGV[9], ARGV[10])
return 1
"""

_SWEEP = """
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])
for _, name in ipairs(due) do
  local at = string.find(name, '\\0', 1, true)
  local space, key = string.sub(name, 1, at - 1), string.sub(name, at + 1)
  if redis.call('EXISTS', ARGV[4] .. 'v:' .. space .. ':' .. key) == 1 then
    redis.call('ZADD', KEYS[1], ARGV[3], name)
  else
    redis.call('ZREM', ARGV[4] .. 'i:' .. space, key)
    redis.call('ZREM', KEYS[1], name)
  end
end
return #due
"""


class Layout:
    """`origin` names the process that writes, so that it can pass over its own announcements."""

    def __init__(self, prefix: str, db: int, origin: str) -> None:
        self._prefix = prefix
        self._origin = origin.encode()
        self._expiring = f"{prefix}expiring"
        self.channel = f"{prefix}changes:{db}"  # channels are the server's, not a database's
        self.format = f"{prefix}format"

    def write(self, pipe: Any, operations: Sequence[Operation], now: float) -> Callable[[list[Any]], None]:
        """Puts the commands on `pipe`; what it returns is to be called with their results and gives each operation
        its own."""
        conditional: list[tuple[int, Operation]] = []
        changed: list[Key] = []
        count = 0
        for each in operations:
            space, key = each.key
            name, index, member = self._value(space, key), self._index(space), f"{space}\0{key}"
            lives_ms = "" if each.expires_at is None else max(round((each.expires_at - now) * 1000), 1)
            if each.conditional:
                pipe.eval(
                    _COMPARE_AND_SET, 3, name, index, self._expiring,
                    int(each.expected is not None), each.expected or b"", int(each.value is not None),
                    each.value or b"", lives_ms, key, member, each.expires_at or 0.0,
                    self.channel, self._announcement([each.key]),
                )  # fmt: skip
                conditional.append((count, each))
                count += 1
                continue
            changed.append(each.key)
            if each.value is None or (each.expires_at is not None and each.expires_at <= now):
                pipe.delete(name)
                pipe.zrem(index, key)
                pipe.zrem(self._expiring, member)
            else:
                pipe.set(name, each.value, px=lives_ms or None)
                pipe.zadd(index, {key: 0})
                if each.expires_at is None:
                    pipe.zrem(self._expiring, member)
                else:
                    pipe.zadd(self._expiring, {member: each.expires_at})
            count += 3
        if changed:
            pipe.publish(self.channel, self._announcement(changed))

        def take(results: list[Any]) -> None:
            for each in operations:
                each.result = True
            for place, each in conditional:
                each.result = bool(results[place])

        return take

    def read(self, client: Any, space: str, keys: Sequence[str]) -> dict[str, Row]:
        """Those that exist."""
        found: dict[str, Row] = {}
        for at in range(0, len(keys), ASKED_AT_ONCE):
            some = keys[at : at + ASKED_AT_ONCE]
            names = [self._value(space, key) for key in some]
            pipe = client.pipeline(transaction=False)
            pipe.mget(names)
            for name in names:
                pipe.pttl(name)
            values, *left_ms = pipe.execute()
            now = time.time()
            for key, value, left in zip(some, values, left_ms, strict=True):
                if value is not None and left != -2:
                    found[key] = (value, None if left == -1 else now + left / 1000)
        return found

    def page(self, client: Any, space: str, prefix: str, after: str | None, count: int) -> list[str]:
        """Up to `count` keys above `after`."""
        begin = f"[{prefix}" if after is None else f"({after}"
        bound = upper_bound(prefix)
        end = "+" if bound is None else f"({bound}"
        keys = client.zrangebylex(self._index(space), begin, end, start=0, num=count)
        return [key.decode("utf-8", "surrogatepass") for key in keys]

    def sweep(self, client: Any, now: float, count: int) -> int:
        """How many were looked at, `count` at most."""
        return int(client.eval(_SWEEP, 1, self._expiring, now, count, now + LATER_S, self._prefix))

    def heard(self, announcement: bytes) -> list[Key]:
        """The keys that another process has changed; none when it was this one."""
        origin, _, rest = announcement.partition(b"\0")
        if origin == self._origin:
            return []
        try:
            words = rest.decode("utf-8", "surrogatepass").split("\0")
        except UnicodeDecodeError:  # somebody else's message
            return []
        return list(zip(words[::2], words[1::2], strict=False))

    def _announcement(self, keys: Iterable[Key]) -> bytes:
        words = [self._origin]
        for space, key in keys:
            words += [space.encode(), key.encode("utf-8", "surrogatepass")]
        return b"\0".join(words)

    def _value(self, space: str, key: str) -> str:
        return f"{self._prefix}v:{space}:{key}"

    def _index(self, space: str) -> str:
        return f"{self._prefix}i:{space}"
