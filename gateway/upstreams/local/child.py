"""The model process: `python -m gateway.upstreams.local.child`.

stdin: one line with the key that requests must carry, then nothing; its end ends this process.
stdout: one JSON line, `{"event": "listening", "host", "port"}`, or `{"event": "failed", "message"}` and
exit 1.
It serves llama.cpp's HTTP server on loopback
(https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md): /v1/chat/completions,
/v1/completions and /v1/models with `Authorization: Bearer KEY`; /health needs no key.
"""

import json
import os
import signal
import sys
import threading
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from gateway.upstreams.local import model
from gateway.upstreams.local.process import wait_for_end_of

HOST = "127.0.0.1"
MOST_THREADS = 4
"""More do not make a model of this size faster."""


def thread_count() -> int:
    """One less than the CPUs this process may use, 1 to MOST_THREADS.

    llama.cpp's threads wait for each other by spinning: measured on 2 CPUs with one of them busy, 2 threads
    fell from 135 to 48 tokens/s (to 11 at niceness 5), while 1 thread kept its 130.
    """
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(MOST_THREADS, usable - 1))


def server_params(params: Any, weights: Path, key: str) -> Any:
    """Fills xllamacpp's CommonParams."""
    threads = thread_count()
    params.model.path = str(weights)
    # Without an alias the `model` of every answer and of /v1/models is the file's path.
    params.model_alias = {model.NAME}
    params.hostnames = [HOST]
    params.port = 0
    params.api_keys = [key]
    params.n_ctx = model.CONTEXT_TOKENS * model.SLOTS
    params.n_parallel = model.SLOTS
    # A cache shared by the slots would let one request use all of it, but when it is full every running
    # answer is ended with "Context size has been exceeded."
    params.kv_unified = False
    params.n_predict = model.DEFAULT_MAX_TOKENS
    params.chat_template = model.CHAT_TEMPLATE
    params.sampling.temp = model.TEMPERATURE
    params.sampling.top_p = model.TOP_P
    # Prefilling repeats the client's own trailing assistant text in whole answers and not in streamed ones.
    params.prefill_assistant = False
    # By default up to 8 GB of RAM remember old prompts.
    params.cache_ram_mib = 0
    params.cpuparams.n_threads = threads
    params.cpuparams_batch.n_threads = threads
    params.warmup = False
    params.ui = False
    params.endpoint_slots = False
    params.endpoint_props = False
    params.endpoint_metrics = False
    params.verbosity = 0
    return params


def read_line(fd: int) -> str:
    line = bytearray()
    while (byte := os.read(fd, 1)) not in (b"", b"\n"):
        line += byte
    return line.decode()


def end_with_starter(fd: int) -> None:
    wait_for_end_of(fd)
    os._exit(0)


def main() -> int:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C is the supervisor's to act upon
    # llama.cpp may print on descriptor 1, which here carries events only.
    events = os.dup(1)
    os.dup2(2, 1)

    def emit(**event: object) -> None:
        os.write(events, json.dumps(event).encode() + b"\n")

    key = read_line(0)
    if not key:
        emit(event="failed", message="no key came on stdin: this process is started by the supervisor")
        return 1
    threading.Thread(target=end_with_starter, args=(0,), daemon=True).start()
    reason = model.available()
    weights = model.weights()
    if reason is not None or weights is None:
        emit(event="failed", message=reason or f"the weights are gone: {model.REMEDY}")
        return 1
    try:
        xllamacpp = import_module("xllamacpp")
        server = xllamacpp.Server(server_params(xllamacpp.CommonParams(), weights, key))
        address = urlsplit(server.listening_address)
    except Exception as error:
        detail = str(error) or type(error).__name__
        emit(event="failed", message=f"xllamacpp did not load {weights.name}: {detail}")
        return 1
    emit(event="listening", host=address.hostname, port=address.port)
    threading.Event().wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
