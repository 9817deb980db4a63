"""The minimum payout of a statement."""

from payouts.statements.models import Statement
from tracker.people.accounts.models import Brand


def minimum_of_statement(statement: Statement, brand: Brand) -> int:
    """In minor units, as the brand's rules were when the statement was drafted.

    A statement that is older than the column follows the rule of its time: there was a minimum in the brand's
    currency only.
    """
    if statement.minimum_minor is not None:
        return statement.minimum_minor
    return brand.minimum_minor if statement.currency == brand.currency else 0
