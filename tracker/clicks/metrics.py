"""What the redirect counts. No label comes from the request, so their number is fixed."""

from prometheus_client import Counter, Gauge, Histogram

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
LINK_LOOKUPS = Counter("linkledger_link_lookups", "Where the links of requests were found.", ["where"])
COMMIT_SECONDS = Histogram(
    "linkledger_click_commit_seconds",
    "From the turn to write until the clicks were on the disk.",
    buckets=(0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
)
BATCH_CLICKS = Histogram(
    "linkledger_click_batch_clicks", "Clicks in one commit.", buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256, 1000)
)
SPOOLED_CLICKS = Counter("linkledger_spooled_clicks", "Clicks kept in the spool, the database being late.")
DRAINED_CLICKS = Counter("linkledger_drained_clicks", "Clicks brought from a spool into the database.")
SPOOL_FAILURES = Counter("linkledger_spool_failures", "Times that clicks could not be kept in the spool.")
SPOOL_BYTES = Gauge(
    "linkledger_spool_bytes", "What waits in spools to be drained.", multiprocess_mode="livesum"
)
SPOOL_AGE = Gauge(
    "linkledger_spool_age_seconds",
    "How long the oldest click that waits in a spool has been there; 0 when none waits.",
    multiprocess_mode="livemax",
)
