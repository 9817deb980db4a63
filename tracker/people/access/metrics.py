"""Metrics of the guards. No label value comes from the request, so the number of series is fixed."""

from prometheus_client import Counter

CALLERS_REFUSED = Counter(
    "linkledger_callers_refused",
    "Requests whose key was missing, invalid, revoked, expired or lacked the required scope.",
    ["cause"],
)
