"""What the guards count. No label comes from the request, so their number is fixed."""

from prometheus_client import Counter

CALLERS_REFUSED = Counter(
    "linkledger_callers_refused", "Calls whose key was missing, wrong, over, or not for that.", ["cause"]
)
