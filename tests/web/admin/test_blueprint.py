from __future__ import annotations

import subprocess
import sys

from tests.gateways import InProcess
from tests.running import ROOT
from tests.web.admin.visitor import Visitor

LOADED = """
import sys
from gateway.web import app
print(sorted(name for name in sys.modules if name.startswith("gateway.web.admin.")))
"""


def test_an_idle_worker_has_loaded_the_routes_alone() -> None:
    done = subprocess.run([sys.executable, "-c", LOADED], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "['gateway.web.admin.blueprint']", done.stderr


def test_what_is_offered_beside_get_and_post(house: InProcess) -> None:
    visitor = Visitor(house.gateway)
    assert visitor._client.put("/admin/accounts").status_code in (401, 405)
    assert visitor._client.head("/admin").status_code == 401
    visitor.log_in()
    assert visitor._client.head("/admin/accounts").status_code == 200
