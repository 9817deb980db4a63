"""Metrics of the redirect. No label value comes from a request, so the number of series is fixed."""

from prometheus_client import Counter, Gauge, Histogram

RESPONSES = Counter("linkledger_answers", "Responses to requests for short links, by status.", ["status"])
REDIRECTS = Counter("linkledger_redirects", "Requests redirected to a shop, by verdict.", ["verdict"])
UNKNOWN_CODES = Counter("linkledger_unknown_codes", "Requests for a code without an active link.", ["why"])
LINKS_UNREADABLE = Counter("linkledger_links_unreadable", "Requests refused because links could not be read.")
UNRECORDED_CLICKS = Counter(
    "linkledger_unrecorded_clicks",
    "Redirects without a token because the click could not be stored in time.",
)
CLICK_BATCHES = Counter("linkledger_click_batches", "Commits of pending clicks, by outcome.", ["outcome"])
KEYLESS_CLICKS = Counter(
    "linkledger_keyless_clicks",
    "Times that the keys of visitor hashes could not be read; repeats are then not detected.",
)
LINK_LOOKUPS = Counter(
    "linkledger_link_lookups",
    "Link lookups by source: memory, database, or absent (the code was not found recently).",
    ["where"],
)
COMMIT_SECONDS = Histogram(
    "linkledger_click_commit_seconds",
    "From getting the write lock until the clicks were on disk.",
    buckets=(0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
)
BATCH_CLICKS = Histogram(
    "linkledger_click_batch_clicks", "Clicks in one commit.", buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256, 1000)
)
SPOOLED_CLICKS = Counter(
    "linkledger_spooled_clicks", "Clicks stored in a spool because the database was late."
)
DRAINED_CLICKS = Counter("linkledger_drained_clicks", "Clicks moved from a spool to the database.")
SPOOL_FAILURES = Counter("linkledger_spool_failures", "Times that clicks could not be stored in the spool.")
SPOOL_BYTES = Gauge(
    "linkledger_spool_bytes", "Bytes in spools that are not drained yet.", multiprocess_mode="livesum"
)
SPOOL_AGE = Gauge(
    "linkledger_spool_age_seconds",
    "Age of the oldest click in a spool; 0 when all spools are empty.",
    multiprocess_mode="livemax",
)


class Tally:
    """Counts of one thread that are added to their metrics together.

    Each addition to a metric writes to a file that the processes share. One for each redirect and metric took
    a tenth of a redirect's time (measured).
    """

    def __init__(self) -> None:
        self._counts: dict[Counter, int] = {}

    def count(self, metric: Counter) -> None:
        self._counts[metric] = self._counts.get(metric, 0) + 1

    def add_to_metrics(self) -> None:
        counts, self._counts = self._counts, {}
        for metric, number in counts.items():
            metric.inc(number)
