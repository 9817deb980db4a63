"""Why a job failed, wholly or for one subject: codes and their words. Pure."""

from enum import StrEnum
from typing import Any

from tracker.errors import LinkledgerError
from tracker.reasons import Reason, ReasonTexts


class JobReason(StrEnum):
    REFUSED = "refused"
    """A rule refused the work; its words say why."""

    UNEXPECTED = "unexpected"
    """An error that no rule foresaw."""


JOB_TEXTS = ReasonTexts(
    JobReason, {JobReason.REFUSED: "{words}", JobReason.UNEXPECTED: "unexpected {error}, see the log"}
)


def failure_reason(error: Exception) -> Reason:
    """Why a job failed, from the exception that ended it."""
    name = type(error).__name__
    if isinstance(error, LinkledgerError):
        return Reason(JobReason.REFUSED, {"error": name, "words": str(error)})
    return Reason(JobReason.UNEXPECTED, {"error": name})


def failed_result(error: Exception) -> dict[str, Any]:
    """The result of a job that an exception ended, as JSON."""
    columns = JOB_TEXTS.columns(failure_reason(error))
    return {"error": columns.pop("reason"), "error_reasons": [columns]}
