"""The tables of fields in docs/sales.md agree with the declarations, and those with files and postbacks."""

import re

from tests.harness.field_tables import COMMAND, PAGE, with_tables
from tracker.sales.api.postbacks import KEY_PARAMETER
from tracker.sales.integrations.csv_line import FIELDS
from tracker.sales.integrations.postback import NAMES


def test_the_tables_of_fields_are_up_to_date() -> None:
    page = PAGE.read_text()
    assert with_tables(page) == page, f"{with_tables(page)}\n\nTo write this: {COMMAND}"


def test_an_outdated_table_is_replaced() -> None:
    page = PAGE.read_text()
    outdated = page.replace("| `total` | amount |", "| `sum` | text |")
    assert outdated != page
    assert with_tables(outdated) == page


def test_the_page_has_a_table_for_each_type_of_message_and_for_files() -> None:
    assert re.findall(r"<!-- fields: (\S+) -->", PAGE.read_text()) == [
        "sale.created",
        "refund.created",
        "order.cancelled",
        "dispute.updated",
        "files",
    ]


def test_the_page_names_every_parameter_of_a_postback() -> None:
    section = PAGE.read_text().partition("\n## Postbacks\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`.+?) \|", section, re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == {KEY_PARAMETER, *NAMES}


def test_files_and_postbacks_keep_the_names_that_they_had() -> None:
    """Files and networks are set up once; a field that is renamed or left out would be lost silently."""
    columns = {kind: [field.name for field in fields if field.is_required] for kind, fields in FIELDS.items()}
    assert columns == {
        "sale": ["order_id", "occurred_at", "currency", "total", "tax", "shipping"],
        "refund": ["order_id", "refund_id", "occurred_at", "currency", "amount"],
        "cancellation": ["order_id", "occurred_at"],
        "dispute": ["order_id", "dispute_id", "occurred_at", "currency", "status", "amount"],
    }
    assert {field.name for field in FIELDS["sale"] if not field.is_required} >= {
        *("discount", "cost", "click", "touches", "coupons", "customer", "customer_email_hash", "test"),
        "references",
    }
    assert {field.name for field in FIELDS["refund"] if not field.is_required} == {
        "tax",
        "shipping",
        "reason",
    }
    assert {
        *("event", "coupon", "test", "order_id", "occurred_at", "currency", "click", "customer"),
        *("customer_email_hash", "refund_id", "reason", "total", "tax", "shipping", "discount", "amount"),
    } == NAMES
