"""Metrics of the sales entry points. Label values never come from requests: the number of series is fixed."""

from prometheus_client import Counter

HOOKS_REFUSED = Counter(
    "linkledger_hooks_refused", "Webhook messages refused as not authentic; they are not stored.", ["cause"]
)
HOOK_MESSAGES = Counter("linkledger_hook_messages", "Webhook messages that were stored, by state.", ["state"])
REPORTS = Counter("linkledger_reports", "Reports by API and postback, by outcome.", ["outcome"])
