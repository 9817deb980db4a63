"""The scheduler's jobs for clicks, run by the commands that people use."""

from datetime import UTC, datetime, timedelta

from config.database import Databases
from config.settings import Settings
from tests.cast.api import Terminal
from tests.cast.shop import create_shop, sale
from tests.harness.commands import EVERY_COMMAND
from tests.tracker.clicks.counting.test_totals import LINK, click, write
from tests.tracker.clicks.recording.test_spool_drainer import write_orphan
from tracker.clicks.token import make_token
from tracker.ids import public_id, uuid_of

NOW = datetime.now(UTC)


def test_work_counts_the_totals_that_the_command_shows(settings: Settings) -> None:
    linkledger = Terminal(settings, EVERY_COMMAND)
    yesterday = NOW - timedelta(hours=30)
    write(settings, click(yesterday), click(NOW, "bob"), click(NOW, "bob"), click(NOW, None, "preview"))
    link = ("--link", public_id("lnk", LINK))
    assert linkledger.run("click", "totals", *link).stdout == "None yet.\n"
    [done] = linkledger.ask("work")
    assert done["jobs"]["click-prune"]["hours"] == 2
    shown = linkledger.ask("click", "totals", *link)
    assert {name: number for name, number in shown["total"].items() if number} == {
        "persons": 2,
        "repeats": 1,
        "previews": 1,
    }
    assert [each["persons"] for each in shown["hours"]] == [1, 1]
    assert "2 persons" in linkledger.run("click", "totals", *link).stdout


def test_work_renews_the_visitor_keys_by_the_real_clock(settings: Settings) -> None:
    linkledger = Terminal(settings, EVERY_COMMAND)
    linkledger.ask("work", "--as-of", f"{NOW + timedelta(days=4):%Y-%m-%d}")
    keys = {path.name for path in (settings.home / "keys").iterdir()}
    today, tomorrow = (f"visitor-{(NOW + timedelta(days=n)).date()}" for n in (0, 1))
    assert {today, tomorrow} <= keys
    assert f"visitor-{(NOW + timedelta(days=4)).date()}" not in keys


def test_work_drains_orphaned_spools(settings: Settings) -> None:
    write_orphan(settings.spool_folder, click(NOW), click(NOW, "bob"))
    linkledger = Terminal(settings, EVERY_COMMAND)
    [done] = linkledger.ask("work")
    assert done["jobs"]["click-spools"] == {"drained": 2}
    assert linkledger.ask("click", "count", "--link", public_id("lnk", LINK)) == {"person": 2}


def test_a_sale_confirms_the_prerender_that_is_credited_for_it(
    settings: Settings, databases: Databases
) -> None:
    shop = create_shop(settings, databases)
    at = NOW - timedelta(minutes=10)
    link = uuid_of(shop.links["anna"], "lnk")
    prerender = click(at, None, "unconfirmed")._replace(link_id=link)
    write(settings, prerender)
    token = make_token(settings.secret_keys, prerender.id, link, earns=True, confirmed=False)
    linkledger = Terminal(settings, EVERY_COMMAND)
    linkledger.ask("work")
    totals = ("click", "totals", "--link", shop.links["anna"])
    assert linkledger.ask(*totals)["total"]["unconfirmed"] == 1
    shop.send("sale.created", sale(click=token, occurred_at=NOW.isoformat()), now=NOW)
    [done] = linkledger.ask("work")
    assert done["jobs"]["click-confirm"] == {"confirmed": 1}
    total = linkledger.ask(*totals)["total"]
    assert (total["persons"], total["unconfirmed"]) == (1, 0)
