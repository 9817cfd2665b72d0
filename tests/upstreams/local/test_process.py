import os
import threading
from pathlib import Path

from gateway.upstreams.local.process import module_command, module_environment, wait_for_end_of


def test_the_gateway_comes_first_on_the_path() -> None:
    root = str(Path(__file__).resolve().parents[3])
    assert module_environment({})["PYTHONPATH"] == root
    inherited = {"PYTHONPATH": os.pathsep.join(["/a", root, "/b"])}
    assert module_environment(inherited)["PYTHONPATH"] == os.pathsep.join([root, "/a", "/b"])
    assert module_environment({"A": "1"})["A"] == "1"


def test_the_current_folder_is_not_on_the_path() -> None:
    assert module_command("py", "a.b", ["--x"]) == ["py", "-P", "-m", "a.b", "--x"]


def test_returns_at_the_pipes_end_only() -> None:
    read, write = os.pipe()
    waiter = threading.Thread(target=wait_for_end_of, args=(read, os.getppid()))
    waiter.start()
    os.write(write, b"still here")
    waiter.join(0.3)
    assert waiter.is_alive()
    os.close(write)
    waiter.join(5)
    assert not waiter.is_alive()
    os.close(read)
