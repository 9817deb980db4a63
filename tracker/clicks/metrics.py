"""What the redirect counts. No label comes from the request, so their number is fixed."""

from prometheus_client import Counter

ANSWERS = Counter("linkledger_answers", "Answers to requests for short links, by status.", ["status"])
REDIRECTS = Counter(
    "linkledger_redirects", "Requests that were sent on to a shop, by the verdict on them.", ["verdict"]
)
UNKNOWN_CODES = Counter("linkledger_unknown_codes", "Requests for a code that no active link has.", ["why"])
LINKS_UNREADABLE = Counter("linkledger_links_unreadable", "Requests refused: the database could not be read.")
UNRECORDED_CLICKS = Counter(
    "linkledger_unrecorded_clicks",
    "Requests sent on without a token: the click could not be written in time.",
)
CLICK_BATCHES = Counter(
    "linkledger_click_batches", "Commits of waiting clicks, by how they ended.", ["outcome"]
)
KEYLESS_CLICKS = Counter(
    "linkledger_keyless_clicks", "Times when visitors' keys could not be used, so that repeats go unseen."
)
