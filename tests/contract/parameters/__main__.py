"""`python -m tests.contract.parameters [--write]`: shows docs/parameters.md as it should be, or writes it."""

from __future__ import annotations

import sys

from tests.contract.parameters.probe import Prober
from tests.contract.parameters.table import FILE, outcomes, rendered

with Prober() as prober:
    page = rendered(outcomes(prober))
if "--write" in sys.argv[1:]:
    FILE.write_text(page, encoding="utf-8")
else:
    sys.stdout.write(page)
