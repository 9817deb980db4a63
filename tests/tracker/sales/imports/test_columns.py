"""Valid and invalid headers, cells and lines, and the messages about invalid ones."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tracker.sales.imports.files import (
    REFUNDS,
    SALES,
    TIME,
    read,
    rejections,
    sale_line,
    text,
    valid_lines,
)
from tracker.errors import Invalid
from tracker.sales.imports.columns import ReadOptions, escape_formula, unescape_formula
from tracker.sales.reports.normal import CancellationReport, DisputeReport, RefundReport, SaleReport

BERLIN = ReadOptions(zone=ZoneInfo("Europe/Berlin"))


def sold(content: str | bytes, options: ReadOptions = BERLIN) -> SaleReport:
    [line] = valid_lines(read(content, options))
    assert isinstance(line.report, SaleReport)
    return line.report


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_delimiters_line_ends_and_byte_order_marks_are_recognised(
    delimiter: str, end: str, mark: str
) -> None:
    content = text(sale_line("1001")).replace(",", delimiter).replace("\r\n", end)
    report = sold((mark + content).encode())
    assert (report.order_id, report.total, report.tax, report.shipping) == ("1001", 11900, 1900, 500)


def test_column_names_match_regardless_of_case_spaces_and_hyphens() -> None:
    header = "Order ID; Occurred-At ;CURRENCY;Total;Tax;Shipping"
    assert sold(text(sale_line("7").replace(",", ";"), header=header)).order_id == "7"


def test_the_separator_line_of_spreadsheets_is_skipped() -> None:
    lines = read("sep=;\r\n" + text(sale_line("7"), "x").replace(",", ";"))
    assert (valid_lines(lines)[0].number, rejections(lines)[0][0]) == (3, 4)


def test_cells_with_line_breaks_and_quotes_are_one_cell() -> None:
    header = f"{REFUNDS},reason"
    row = f'1001,r1,{TIME},EUR,10.00,"two ""cups""\r\narrived, broken"'
    lines = read(text(row, "", sale_line("x"), header=header), ReadOptions(kind="refund"))
    assert [number for number, _ in rejections(lines)] == [5]
    [line] = valid_lines(lines)
    assert isinstance(line.report, RefundReport)
    assert (line.number, line.report.reason) == (2, 'two "cups" arrived, broken')


def test_one_file_may_contain_lines_of_every_type() -> None:
    header = "type,order_id,occurred_at,currency,total,tax,shipping,refund_id,amount,dispute_id,status"
    lines = read(
        text(
            f"Sale,1,{TIME},EUR,10.00,0,0,,,,",
            f"refunds,1,{TIME},EUR,,,,r1,2.50,,",
            f"cancellation,1,{TIME},,,,,,,,",
            f"dispute,1,{TIME},EUR,,,,,2.50,d1,Lost",
            f",2,{TIME},EUR,10.00,0,0,,,,",
            f"gift,2,{TIME},EUR,10.00,0,0,,,,",
            header=header,
        )
    )
    kinds = [type(line.report) for line in valid_lines(lines)]
    assert kinds == [SaleReport, RefundReport, CancellationReport, DisputeReport, SaleReport]
    assert rejections(lines) == [(7, "type must be one of sale, refund, cancellation, dispute.")]


@pytest.mark.parametrize(
    ("currency", "amount", "minor"),
    [("EUR", "119", 11900), ("EUR", "1.10", 110), ("JPY", "1000.00", 1000), ("BHD", "1.234", 1234)],
)
def test_amounts_are_decimals_of_their_currency(currency: str, amount: str, minor: int) -> None:
    assert sold(text(f"7,{TIME},{currency},{amount},0,0")).total == minor


@pytest.mark.parametrize(
    ("amount", "message"),
    [
        ("1.001", "nothing is rounded"),
        ('"1,234"', "a comma can mean two things"),
        ('"119,00"', "a comma can mean two things"),
        ("1 234", "must be an amount"),
        ("EUR 12", "must be an amount"),
        ("NaN", "must be an amount"),
        ("1e400", "must be an amount"),
        ("-1", "0 or more"),
        ("", "is missing"),
        ("9" * 29, "largest amount"),
    ],
)
def test_an_ambiguous_amount_is_refused(amount: str, message: str) -> None:
    [(number, reason)] = rejections(read(text(f"7,{TIME},EUR,{amount},0,0")))
    assert (number, reason[:6]) == (2, "total ")
    assert message in reason


def test_decimal_commas_are_read_when_requested() -> None:
    comma = ReadOptions(decimal_comma=True)
    assert sold(text(f'7,{TIME},EUR,"1234,50",0,0'), comma).total == 123450
    for wrong in ("1.234", "1.234,50", "1,234,50"):
        assert "--decimal-comma" in rejections(read(text(f'7,{TIME},EUR,"{wrong}",0,0'), comma))[0][1]


@pytest.mark.parametrize(
    ("given_time", "utc"),
    [
        ("2025-11-01T10:00:00Z", "10:00:00"),
        ("2025-11-01 11:00:00 +0100", "10:00:00"),
        ("2025-11-01 11:00:00+01:00", "10:00:00"),
        ("2025-11-01 11:00", "10:00:00"),
        ("2025-07-01 12:00:30.5", "10:00:30"),
    ],
)
def test_times_without_a_zone_get_the_given_zone(given_time: str, utc: str) -> None:
    found = sold(text(sale_line("7").replace(TIME, given_time))).occurred_at
    assert f"{found:%H:%M:%S}" == utc


@pytest.mark.parametrize(
    ("given_time", "options", "message"),
    [
        ("2025-11-01 11:00", ReadOptions(), "without a zone"),
        ("2025-10-26 02:30", BERLIN, "clocks of Europe/Berlin changed"),
        ("2025-03-30 02:30", BERLIN, "clocks of Europe/Berlin changed"),
        ("2025-02-30 02:30", BERLIN, "not a valid time"),
        ("0000-01-01 00:00", BERLIN, "not a valid time"),
        ("0001-01-01 00:00", BERLIN, "occurred_at"),
        ("9999-12-31 23:59", BERLIN, "occurred_at"),
        ("01.11.2025", BERLIN, "RFC 3339"),
        ("2025-11-25T10:00:00Z", BERLIN, "is the shop's clock right"),
    ],
)
def test_an_ambiguous_time_is_refused(given_time: str, options: ReadOptions, message: str) -> None:
    [(_, reason)] = rejections(read(text(sale_line("7").replace(TIME, given_time)), options))
    assert message in reason


def test_one_cell_may_contain_several_codes_or_tokens() -> None:
    report = sold(
        text(f'{sale_line("7")},t1,t2 t3,"ANNA10, BOB5",Yes', header=f"{SALES},click,touches,coupons,test")
    )
    assert (report.tokens, report.coupons, report.test) == (("t1", "t2", "t3"), ("ANNA10", "BOB5"), True)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("order_id,total", "missing: occurred_at, currency, tax, shipping"),
        ("", "It names nothing"),
        (f"{SALES},Total", "names total more than once"),
        ("a\rb,c", "cannot be parsed"),
    ],
)
def test_a_file_with_an_incomplete_header_is_refused(header: str, message: str) -> None:
    with pytest.raises(Invalid, match=message):
        read(text(sale_line("7"), header=header))


def test_a_line_with_too_few_or_too_many_cells_is_rejected() -> None:
    assert rejections(read(text("7,8", sale_line("7") + ",1"))) == [
        (2, "The line has 2 cells, but the header has 6."),
        (3, "The line has 7 cells, but the header has 6."),
    ]


def test_unknown_columns_are_not_stored() -> None:
    [line] = valid_lines(read(text(f"{sale_line('7')},Anna Smith,r9", header=f"{SALES},Name,refund_id")))
    assert b"Smith" not in line.body
    assert b"r9" not in line.body


def test_the_same_content_is_the_same_message_in_any_file() -> None:
    [first] = valid_lines(read(text(sale_line("7"))))
    other = text(
        f"x;sale;5.00;19.00;119.00;EUR;{TIME};7",
        header="Name;type;shipping;tax;total;currency;occurred_at;order_id",
    )
    [second] = valid_lines(read(other))
    [third] = valid_lines(read(text(sale_line("7", "120.00"))))
    assert first.external_id == second.external_id != third.external_id


@given(st.text())
def test_formula_escaping_is_reversible(cell: str) -> None:
    assert unescape_formula(escape_formula(cell)) == cell


@given(st.sampled_from("=+-@\t\r'"), st.text(alphabet="'=+-@1a"))
def test_no_escaped_cell_starts_like_a_formula(first: str, rest: str) -> None:
    cell = escape_formula(first + rest)
    assert cell[0] not in "=+-@\t\r"
    assert unescape_formula(cell) == first + rest


@pytest.mark.parametrize(
    ("line", "header", "reason"),
    [
        (f",{TIME},EUR,,19.00,5.00", SALES, "order_id is missing; give a text."),
        ("1001,,EUR,a,19.00,5.00", SALES, "occurred_at is missing; give a text."),
        (f"1001,,{TIME},EUR,a", REFUNDS, "refund_id is missing; give a text."),
        (f",{TIME},EURO,a,19.00,5.00", SALES, "currency 'EURO' is not an ISO 4217 currency code"),
        (f"1001,{TIME},EUR,,19.00,5.00", SALES, "total is missing; give an amount"),
    ],
)
def test_of_several_wrong_cells_the_ids_and_the_time_are_named_before_amounts(
    line: str, header: str, reason: str
) -> None:
    options = ReadOptions(kind="refund" if header == REFUNDS else "sale")
    [(_number, found)] = rejections(read(text(line, header=header), options))
    assert found.startswith(reason)
