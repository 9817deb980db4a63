"""Metrics of the sales entry points. No label value comes from the request, so the number of series is fixed."""

from prometheus_client import Counter

HOOKS_REFUSED = Counter(
    "linkledger_hooks_refused", "Messages of which nothing was kept, because they prove nothing.", ["cause"]
)
HOOK_MESSAGES = Counter("linkledger_hook_messages", "Messages kept, by what became of them.", ["state"])
REPORTS = Counter("linkledger_reports", "Reports by API and postback, by what became of them.", ["outcome"])
