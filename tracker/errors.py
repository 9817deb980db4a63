"""The few errors of the domain. Each door maps them once: HTTP status here, exit code in the console."""


class LinkledgerError(Exception):
    """Says for a person what is wrong, where, and what to do."""

    status = 500
    exit_code = 1

    def headers(self) -> dict[str, str]:
        """What an HTTP answer says beside the status."""
        return {}


class Invalid(LinkledgerError):
    """What was given cannot be right; nothing was written. `field` is the one that is wrong, if it is one."""

    status = 422
    exit_code = 2

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class NotFound(LinkledgerError):
    status = 404
    exit_code = 2


class Gone(LinkledgerError):
    """It was there, and was closed for good."""

    status = 410
    exit_code = 2


class Conflict(LinkledgerError):
    """It would be right, but for something that stands already."""

    status = 409
    exit_code = 2


class NotNow(LinkledgerError):
    """It is right, but its time has not come or something else must happen first."""

    status = 409
    exit_code = 1


class Fault(LinkledgerError):
    """A check of the books found a fault. Payouts stop until a person has looked."""

    status = 500
    exit_code = 3
