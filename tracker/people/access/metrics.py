"""What the guards count. No label comes from the request, so their number is fixed."""

from prometheus_client import Counter

CALLERS_REFUSED = Counter(
    "linkledger_callers_refused",
    "Requests whose key was missing, wrong, revoked, expired or lacked the required scope.",
    ["cause"],
)
