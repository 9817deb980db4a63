"""The few errors of the domain. Each door maps them once: HTTP status here, exit code in the console."""


class LinkledgerError(Exception):
    """Says for a person what is wrong, where, and what to do."""

    status = 500
    exit_code = 1


class Invalid(LinkledgerError):
    """What was given cannot be right; nothing was written."""

    status = 422
    exit_code = 2


class NotFound(LinkledgerError):
    status = 404
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
