"""The size of batches that are bounded by time, not by number. Pure."""

from dataclasses import dataclass
from typing import Final

LOCK_S: Final[dict[str, float]] = {"sqlite": 0.05, "postgresql": 0.25}
"""How long a batch of a job should have its lock, by kind of database.

SQLite has one write lock, for which webhooks wait. On PostgreSQL a batch locks the books of one brand.
"""
FIRST_ROWS = 20
LEAST_ROWS = 10
"""Fewer rows hardly shorten a batch: its queries and its commit cost more than the rows. Without this bound
the sizes fell to 1 on a busy machine, and closing a month took 13 times its CPU time (measured)."""
MAX_GROWTH = 2
MAX_SHRINKAGE = 8


@dataclass
class BatchSize:
    """How many rows the next batch may have, so that it takes about `target_s`.

    It is derived from how long the batch before took. One slow disk access does not make it tiny, and one
    fast batch does not make it huge.
    """

    target_s: float
    most_rows: int
    rows: int = 0

    def __post_init__(self) -> None:
        self.rows = self.rows or min(FIRST_ROWS, self.most_rows)

    def note(self, done_rows: int, took_s: float) -> None:
        """Learn from a batch of `done_rows`. A batch that found fewer rows than it might have had does not
        show that a larger one would be fast enough, so it never makes the next one larger."""
        if done_rows <= 0:
            return
        fitting = int(done_rows * self.target_s / max(took_s, 1e-6))
        most = self.rows * MAX_GROWTH if done_rows >= self.rows else self.rows
        fitting = max(fitting, self.rows // MAX_SHRINKAGE, LEAST_ROWS)
        self.rows = min(self.most_rows, max(most, LEAST_ROWS), fitting)
