"""What was found out about which injected faults and healthy variants count."""

import json
from typing import Any

from data import HERE

VERDICTS = HERE / "verdicts.json"


def read_verdicts() -> dict[str, Any]:
    """Return verdicts by "family+mutation", "family~variant" and "family"."""
    return json.loads(VERDICTS.read_text()) if VERDICTS.exists() else {}
