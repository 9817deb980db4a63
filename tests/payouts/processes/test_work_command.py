"""What the command that runs all jobs prints."""

from config.settings import Settings
from payouts.processes.job_table import run_all_jobs
from payouts.processes.work_command import results_text
from tests.cast.books import Books, add_creator, at
from tests.cast.months import OCTOBER, add_booking, seal


def test_the_codes_of_a_payout_run_are_not_in_the_text(books: Books, jobs_settings: Settings) -> None:
    bert = add_creator(books, "Bert", connected=False)
    add_booking(bert, 80_00, "10-20")
    seal(books, OCTOBER)
    results = run_all_jobs(books.databases, jobs_settings, at(OCTOBER.payday))
    run = results[0]["jobs"]["pay"][books.brand_id]
    assert run["reasons"][bert.creator_id]["reason_code"] == "not_connected"
    [pay] = [line for line in results_text(results).splitlines() if "  pay: " in line]
    assert run["skipped"][bert.creator_id] in pay
    assert "reasons" not in pay
    assert "not_connected" not in pay
