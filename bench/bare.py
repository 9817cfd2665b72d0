"""The gateway without records, log lines and metrics: what `bench.watching` compares with. For measuring only.

gunicorn -c gunicorn.conf.py bench.bare:app
"""

from gateway import wiring
from gateway.config.model import Config
from gateway.monitoring.record import Record
from gateway.monitoring.recorder import Recorder


class _Deaf(Recorder):
    def note(self, record: Record) -> None:
        pass


def _recorder(config: Config) -> Recorder:
    return _Deaf()


wiring._recorder = _recorder

from app import app  # noqa: E402

__all__ = ["app"]
