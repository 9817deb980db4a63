"""Why a job failed, wholly or for one subject: codes and their words. Pure."""

from enum import StrEnum
from typing import Any

from tracker.errors import LinkledgerError
from tracker.reasons import Reason, ReasonTexts


class JobReason(StrEnum):
    REFUSED = "refused"
    """A domain error. `words` say why, and `cause` says it as a code if the error has one."""

    UNEXPECTED = "unexpected"
    """An error that no rule foresaw."""


JOB_TEXTS = ReasonTexts(
    JobReason, {JobReason.REFUSED: "{words}", JobReason.UNEXPECTED: "unexpected {error}, see the log"}
)


def failure_reason(error: Exception) -> Reason:
    """Why a job failed, from the exception that ended it.

    `cause` has the code and the parameters of a domain error that is a reason itself, beside its words.
    """
    name = type(error).__name__
    if not isinstance(error, LinkledgerError):
        return Reason(JobReason.UNEXPECTED, {"error": name})
    parameters: dict[str, Any] = {"error": name, "words": str(error)}
    if (found := error.reason) is not None:
        cause = {"reason_code": found.code.value, "reason_parameters": dict(found.parameters)}
        parameters["cause"] = {"reason": str(error), **cause}
    return Reason(JobReason.REFUSED, parameters)


def failed_result(error: Exception) -> dict[str, Any]:
    """The result of a job that an exception ended, as JSON."""
    columns = JOB_TEXTS.columns(failure_reason(error))
    return {"error": columns.pop("reason"), "error_reasons": [columns]}
