"""Amounts, days and times in both languages, with figures written by hand."""

from datetime import UTC, date, datetime

import pytest

from tracker.language.formats import (
    day_in,
    format_date,
    format_list,
    format_money,
    format_number,
    format_percent,
    format_share_rounded,
    format_time,
)
from tracker.language.texts import use_language
from tracker.money import Money

AT = datetime(2026, 9, 25, 17, 42, tzinfo=UTC)


@pytest.mark.parametrize(
    ("minor", "currency", "english", "german"),
    [
        (120410, "EUR", "€1,204.10", "1.204,10\N{NO-BREAK SPACE}€"),
        (-878, "EUR", "−€8.78", "−8,78\N{NO-BREAK SPACE}€"),
        (0, "EUR", "€0.00", "0,00\N{NO-BREAK SPACE}€"),
        (1234, "JPY", "¥1,234", "1.234\N{NO-BREAK SPACE}¥"),
        (1, "BHD", "BHD\N{NO-BREAK SPACE}0.001", "0,001\N{NO-BREAK SPACE}BHD"),
        (2**53 - 1, "USD", "$90,071,992,547,409.91", "90.071.992.547.409,91\N{NO-BREAK SPACE}$"),
    ],
)
def test_money_is_exact_in_both_languages(minor: int, currency: str, english: str, german: str) -> None:
    assert format_money(Money(minor, currency)) == english
    with use_language("de"):
        assert format_money(Money(minor, currency)) == german


def test_a_plus_is_shown_where_it_is_asked_for() -> None:
    amounts = [format_money(Money(minor, "EUR"), plus=True) for minor in (2307, 0, -878)]
    assert amounts == ["+€23.07", "€0.00", "−€8.78"]


def test_numbers_and_shares() -> None:
    found = [format_number(12400), format_number(-3), format_percent(1250), format_share_rounded(10, 415)]
    assert found == ["12,400", "−3", "12.5\N{NO-BREAK SPACE}%", "2.4\N{NO-BREAK SPACE}%"]
    with use_language("de"):
        found = [
            format_number(12400),
            format_percent(1000),
            format_percent(1250),
            format_share_rounded(-1, 3),
        ]
    assert found == ["12.400", "10\N{NO-BREAK SPACE}%", "12,5\N{NO-BREAK SPACE}%", "−33,3\N{NO-BREAK SPACE}%"]


def test_days_in_both_languages() -> None:
    day = date(2026, 12, 9)
    assert format_date(day) == "9 December 2026"
    assert [format_date(day, "near"), format_date(day, "axis")] == ["Wed 9 December", "9 Dec"]
    with use_language("de"):
        assert [format_date(day), format_date(day, "near")] == ["9. Dezember 2026", "Mi. 9. Dezember"]
        assert format_date(day, "month") == "Dezember 2026"


@pytest.mark.parametrize(
    ("zone", "english", "german"),
    [
        ("Europe/Berlin", "Fri 25 September 2026, 19:42|CEST", "Fr. 25. September 2026, 19:42 Uhr|MESZ"),
        ("Asia/Tokyo", "Sat 26 September 2026, 02:42|JST", "Sa. 26. September 2026, 02:42 Uhr|JST"),
        ("UTC", "Fri 25 September 2026, 17:42|UTC", "Fr. 25. September 2026, 17:42 Uhr|UTC"),
    ],
)
def test_a_deadline_names_its_zone(zone: str, english: str, german: str) -> None:
    assert format_time(AT, zone, with_zone=True).replace("\xa0", "|") == english
    assert format_time(AT, zone) == english.partition("|")[0]
    with use_language("de"):
        assert format_time(AT, zone, with_zone=True).replace("\xa0", "|") == german


def test_a_zone_without_a_name_is_named_by_its_offset() -> None:
    assert format_time(AT, "America/Sao_Paulo", with_zone=True).endswith("14:42\xa0UTC−03:00")


def test_the_day_is_that_of_the_readers_zone() -> None:
    assert [day_in(AT, zone).day for zone in ("Europe/Berlin", "Asia/Tokyo")] == [25, 26]


def test_lists_have_the_word_and() -> None:
    assert format_list(["Anna", "Ben", "Cem"]) == "Anna, Ben and Cem"
    with use_language("de"):
        assert format_list(["Anna", "Ben"]) == "Anna und Ben"
