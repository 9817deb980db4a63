"""Reports that an older version, without codes of reasons, has stored or applied."""

from sqlalchemy import update

from config.database import Databases
from tests.cast.api import ApiClient
from tests.cast.shop import refund, sale
from tests.tracker.sales.api.test_v1 import outcome_of
from tracker.sales.inbox.models import Event


def test_a_report_from_before_reasons_had_codes_keeps_its_response(
    api_client: ApiClient, databases: Databases
) -> None:
    api_client.post("sales", sale())
    known = api_client.post("sales", sale(coupons=["ANNA10"]), "mine")
    with databases.main.begin() as connection:
        connection.execute(update(Event).values(reason_code=None, reason_parameters=None))
    again = api_client.post("sales", sale(coupons=["ANNA10"]), "mine")
    assert outcome_of(known) == outcome_of(again) == (200, "known")
    assert again.json == {**(known.json or {}), "reason_code": None, "reason_parameters": None}


def test_a_report_that_an_older_process_applied_is_not_decided_by_the_code_of_before(
    api_client: ApiClient, databases: Databases
) -> None:
    """Such a process found during an upgrade that it had been booked before, and updated the words only."""
    assert outcome_of(api_client.post("refunds", refund(), "mine")) == (202, "waiting")
    with databases.main.begin() as connection:
        connection.execute(update(Event).values(state="applied", reason="already booked by evt_1"))
    again = api_client.post("refunds", refund(), "mine")
    assert outcome_of(again) == (200, "known")
    assert again.json is not None
    assert (again.json["reason"], again.json["reason_code"]) == ("already booked by evt_1", None)
