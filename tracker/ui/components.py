"""The page of all components, in all states and with ugly data. In development only.

Its sentences are examples, not texts of the product, so they are in English and in no catalogue.
"""

from datetime import UTC, date, datetime

from flask import abort, render_template, request

from tracker.http.access import public
from tracker.http.site import site
from tracker.money import Money
from tracker.ui.blueprint import blueprint
from tracker.ui.charts import Bar, bar_chart, sparkline
from tracker.ui.forms import Form

LONG_NAME = "Maximiliane-Josephine Wolkenstein-Trostburg zu Hohenschwangau und Söhne Kaffeespezialitäten"
UGLY_NAMES = (
    (LONG_NAME, "long name", "acc", "Available", 1284590),
    (
        "\N{RIGHT-TO-LEFT ISOLATE}ليلى عبد الرحمن\N{POP DIRECTIONAL ISOLATE}",
        "right to left",
        "",
        "Held",
        31807,
    ),
    ("Γεωργία Παπαδοπούλου", "other script", "ok", "Paid", 1),
    ("@a_very_long_handle_without_any_break_point_2026" * 3, "no break", "bad", "Reversed", -9876543),
    ("<script>alert(1)</script>", "script", "warn", "In review", 2**53 - 1),
    ("Bo", "short", "bad", "Declined", 400),
)
LINE_STATES = (
    ("", "held", "Held", "Waits until its release date, because the sale can still be returned."),
    ("warn", "review", "In review", "The brand is checking this sale, at the latest until the date shown."),
    ("acc", "available", "Available", "Yours. It is paid with the next payout, from €50.00."),
    ("ok", "check", "Paid", "Part of a payout that was sent. Its reference is on the line."),
    ("bad", "back", "Reversed", "The sale was refunded, so the commission was taken back."),
    ("bad", "stop", "Declined", "The brand declined it. The reason is on the line."),
)
PAYOUT_STATES = (
    ("", "calendar", "Planned", "Leaves on the date shown, once the statement is approved."),
    ("acc", "out", "On its way", "Sent; usually in the bank after 2 working days."),
    ("ok", "check", "Paid", "Transferred. Bank reference and trace number are shown."),
    ("warn", "review", "Being checked", "The answer is not clear yet. Nothing is sent twice."),
    ("bad", "warning", "Failed", "Did not leave. What to do is listed; the money is still yours."),
    ("bad", "back", "Came back", "Came back from the bank. It is sent again after the account is corrected."),
)
CLICKS = (
    9,
    11,
    8,
    14,
    12,
    17,
    10,
    9,
    13,
    16,
    14,
    20,
    12,
    15,
    10,
    9,
    22,
    18,
    24,
    13,
    11,
    12,
    19,
    15,
    14,
    17,
    12,
    14,
    13,
    12,
)
BEFORE = (
    8,
    7,
    9,
    10,
    8,
    11,
    9,
    12,
    10,
    9,
    11,
    13,
    10,
    9,
    11,
    12,
    13,
    11,
    10,
    9,
    12,
    14,
    11,
    10,
    12,
    11,
    9,
    10,
    11,
    11,
)
DAYS_WITH_A_SALE = frozenset((5, 8, 11, 13, 16, 18, 20, 22, 25, 27))


@blueprint.get("/app/components")
@public("shows invented data, in development only")
def components() -> str:
    if site().settings.env != "development":
        abort(404)
    return render_template(
        "ui/components.html",
        theme=request.args.get("theme"),
        amounts=[Money(minor, "EUR") for minor in (1284590, 2307, -878, 1286019)],
        day=date(2026, 12, 9),
        former_day=date(2026, 11, 9),
        at=datetime(2026, 12, 8, 17, 0, tzinfo=UTC),
        line_states=LINE_STATES,
        payout_states=PAYOUT_STATES,
        rows=[(name, why, tone, state, Money(minor, "EUR")) for name, why, tone, state, minor in UGLY_NAMES],
        row_sum=Money(sum(row[-1] for row in UGLY_NAMES), "EUR"),
        form=None,
        wrong=_wrong_form(),
        clicks=bar_chart(
            "clicks",
            "Clicks per day in November 2026",
            f"{sum(CLICKS)} clicks in 30 days, most on 19 November with 24. Days with a sale are darker. "
            f"October is the dashed line with {sum(BEFORE)} clicks.",
            [Bar(value, number in DAYS_WITH_A_SALE) for number, value in enumerate(CLICKS)],
            previous=BEFORE,
            labels={0: "1 Nov", 7: "8 Nov", 14: "15 Nov", 21: "22 Nov", 28: "29 Nov"},
        ),
        nothing=bar_chart("nothing", "Clicks per day", "No clicks in 30 days.", [Bar(0)] * 30),
        rising=sparkline((3, 5, 4, 8, 6, 9, 7, 12), "Rising, 54 clicks"),
        flat=sparkline((0,) * 8, "No clicks"),
        weeks=[
            ("1–7 Nov", sum(CLICKS[:7])),
            ("8–14 Nov", sum(CLICKS[7:14])),
            ("15–30 Nov", sum(CLICKS[14:])),
        ],
        total=sum(CLICKS),
    )


def _wrong_form() -> Form:
    form = Form({"minimum": "5O", "until": "own", "address": LONG_NAME})
    form.fail("minimum", "Write an amount from €1.00 to €500.00, like 50.00.")
    form.fail("until", "Choose until when.")
    form.fail("agree", "Read the terms and tick the box.")
    return form
