"""Domain errors. Each entry point maps them once: to an HTTP status or to an exit code."""

from tracker.reasons import Reason


class LinkledgerError(Exception):
    """The base of all domain errors. The message tells a person what is wrong, where, and what to do.

    `reason` is the same as a code, for errors that are stored, such as with a parked event.
    """

    status = 500
    exit_code = 1

    def __init__(self, message: str, *, reason: Reason | None = None) -> None:
        super().__init__(message)
        self.reason = reason

    def headers(self) -> dict[str, str]:
        """Additional headers of the HTTP response."""
        return {}


class Invalid(LinkledgerError):
    """The input is invalid and nothing was written. `field` names the invalid field, if there is one."""

    status = 422
    exit_code = 2

    def __init__(self, message: str, field: str | None = None, *, reason: Reason | None = None) -> None:
        super().__init__(message, reason=reason)
        self.field = field


class NotFound(LinkledgerError):
    status = 404
    exit_code = 2


class Gone(LinkledgerError):
    """The object existed and was permanently closed."""

    status = 410
    exit_code = 2


class Conflict(LinkledgerError):
    """The request conflicts with existing data."""

    status = 409
    exit_code = 2


class NotNow(LinkledgerError):
    """The request is valid but not possible yet."""

    status = 409
    exit_code = 1


class Fault(LinkledgerError):
    """A check of the ledger failed. Payouts are frozen until a person has reviewed it."""

    status = 500
    exit_code = 3
