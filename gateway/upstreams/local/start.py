"""Starting and stopping the supervisor from gunicorn's master (or any other single parent of the workers)."""

import os
import subprocess
import sys
from pathlib import Path

from gateway.upstreams.local import state
from gateway.upstreams.local.process import module_command, module_environment
from gateway.upstreams.local.state import State

STATE_FILE = "local-model.json"
STOP_GRACE_S = 5.0


class Starter:
    """Holds the pipe that keeps the supervisor alive: however this process ends, the supervisor ends too."""

    def __init__(self, process: subprocess.Popen[bytes], pipe: int, state_file: Path) -> None:
        self._process: subprocess.Popen[bytes] | None = process
        self._pipe = pipe
        self.pid = process.pid
        self.state_file = state_file

    def after_fork(self) -> None:
        """For each worker, right after the fork: a copy of the pipe there would keep the supervisor alive."""
        self._close_pipe()
        if self._process is not None:
            # The supervisor is not this process's child: Popen must neither wait for it nor warn about it.
            self._process.returncode = 0
            self._process = None

    def stop(self) -> None:
        """Ends supervisor and model, within STOP_GRACE_S or by force. Idempotent; does nothing in a worker.

        gunicorn's master may have reaped the supervisor already (waitpid(-1)): Popen then sees ECHILD and
        takes it as ended, and its exit status, which would be made up, is not looked at.
        """
        self._close_pipe()
        if self._process is None:
            return
        try:
            self._process.wait(STOP_GRACE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _close_pipe(self) -> None:
        pipe, self._pipe = self._pipe, -1
        if pipe >= 0:
            os.close(pipe)


def start(data_dir: Path, *, interpreter: str = sys.executable) -> Starter:
    """Returns at once; whether the model is ready is in `Starter.state_file`, which exists from now on.

    Raises OSError when the data folder cannot be written or the interpreter cannot be run.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    state_file = (data_dir / STATE_FILE).resolve()
    # An earlier run's file may name a port that belongs to somebody else by now.
    state.write(state_file, State("starting", message="the supervisor is being started"))
    arguments = ["--state", str(state_file), "--parent", str(os.getpid())]
    read_end, write_end = os.pipe()
    try:
        process = subprocess.Popen(
            module_command(interpreter, "gateway.upstreams.local.supervisor", arguments),
            stdin=read_end,
            stdout=subprocess.DEVNULL,
            env=module_environment(os.environ),
            # A terminal's Ctrl-C reaches its whole process group; the model must outlive gunicorn's drain.
            start_new_session=True,
        )
    except OSError:
        os.close(write_end)
        raise
    finally:
        os.close(read_end)
    return Starter(process, write_end, state_file)
