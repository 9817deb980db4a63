"""Lists of creators as people have them: every usual form is read, and nothing is lost."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payouts.backoffice.creators.address_list import MAX_LINES, BadLine, Fault, parse_address_list

MIRA = ("Mira Vogel", "mira@creators.example")
TOM = ("Tom Okafor", "tom@creators.example")


def read(text: str) -> list[tuple[str, str]]:
    """Names and addresses of a list in which all is well."""
    found = parse_address_list(text)
    assert found.bad_lines == ()
    return [(each.name, each.email) for each in found.invitees]


def faults(text: str) -> list[tuple[int, Fault]]:
    return [(bad.line, bad.fault) for bad in parse_address_list(text).bad_lines]


@pytest.mark.parametrize(
    "line",
    [
        "Mira Vogel <mira@creators.example>",
        '"Mira Vogel" <mira@creators.example>',
        "mira@creators.example; Mira Vogel",
        "Mira Vogel;mira@creators.example;",
        "mira@creators.example,Mira Vogel",
        "Mira Vogel\tmira@creators.example",
        "Mira\tVogel\tmira@creators.example",
        "Vogel, Mira <mira@creators.example>",
        "Mira Vogel mira@creators.example",
        "Mira Vogel: (mira@creators.example)",
        "mira@creators.example Mira Vogel",
        "  Mira   Vogel  < MIRA@Creators.Example >  ",
        "Mira Vogel, mailto:mira@creators.example",
    ],
)
def test_a_line_in_any_usual_form_is_read(line: str) -> None:
    assert read(line) == [MIRA]


def test_an_address_alone_has_no_name() -> None:
    assert read("mira@creators.example\n\n  \ntom@creators.example\r\n") == [("", MIRA[1]), ("", TOM[1])]


@pytest.mark.parametrize(
    "line",
    [
        "Mira Vogel <mira@creators.example>, Tom Okafor <tom@creators.example>",
        "Mira Vogel <mira@creators.example>; Tom Okafor <tom@creators.example>;",
    ],
)
def test_the_list_of_a_mail_program_is_read(line: str) -> None:
    assert read(line) == [MIRA, TOM]


@pytest.mark.parametrize(
    "text",
    [
        "name,email\nMira Vogel,mira@creators.example\nTom Okafor,tom@creators.example\n",
        "E-Mail;Vorname;Nachname\nmira@creators.example;Mira;Vogel\ntom@creators.example;Tom;Okafor",
        "\ufeffLast Name\tFirst Name\tEmail Address\nVogel\tMira\tmira@creators.example\nOkafor\tTom\t"
        + TOM[1],
        '"Email","Name"\n"mira@creators.example","Mira Vogel"\n"tom@creators.example","Tom Okafor"',
    ],
)
def test_a_file_with_a_heading_is_read_by_its_columns(text: str) -> None:
    assert read(text) == [MIRA, TOM]


def test_a_bad_line_is_named_with_its_number_and_its_text() -> None:
    text = "Mira Vogel\nmira@creators.example\nmira@\n\nTom <tom@creators>\nJo\u202ehn <jo@creators.example>"
    found = parse_address_list(text)
    assert [each.email for each in found.invitees] == [MIRA[1]]
    assert faults(text) == [
        (1, Fault.NO_ADDRESS),
        (3, Fault.BAD_ADDRESS),
        (5, Fault.BAD_ADDRESS),
        (6, Fault.BAD_NAME),
    ]
    assert found.bad_lines[0].text == "Mira Vogel"


def test_a_repeated_address_is_read_once_and_the_first_line_is_named() -> None:
    found = parse_address_list("Mira <mira@creators.example>\nMIRA@creators.example\n")
    assert [each.line for each in found.invitees] == [1]
    assert found.bad_lines == (BadLine(2, "MIRA@creators.example", Fault.REPEATED, 1),)


def test_a_name_without_an_address_between_addresses_is_not_lost() -> None:
    text = "mira@creators.example, Somebody Else, tom@creators.example"
    assert faults(text) == [(1, Fault.NO_ADDRESS)]


def test_a_list_that_is_too_long_ends_with_a_named_line() -> None:
    text = "\n".join(f"c{number}@creators.example" for number in range(MAX_LINES + 5))
    assert len(parse_address_list(text).invitees) == MAX_LINES
    assert faults(text) == [(MAX_LINES + 1, Fault.TOO_MANY)]


def test_addresses_in_one_line_are_limited_like_lines() -> None:
    text = ", ".join(f"c{number}@creators.example" for number in range(MAX_LINES + 5))
    assert len(parse_address_list(text).invitees) == MAX_LINES
    assert faults(text) == [(1, Fault.TOO_MANY)]
    assert len(faults(", ".join(["@"] * (MAX_LINES + 5)))) == MAX_LINES + 1


@pytest.mark.parametrize("text", ["<" + "@" * 200_000, "<" + " " * 200_000 + "x", "<@" * 100_000])
def test_a_field_that_never_ends_takes_no_longer_than_its_length(text: str) -> None:
    began = time.process_time()
    parse_address_list(text)
    assert time.process_time() - began < 5, "by trying all ways to split it, minutes"


def test_a_formula_is_a_name_like_any_other_and_is_never_run() -> None:
    assert read("=cmd|x <mira@creators.example>") == [("=cmd|x", MIRA[1])]
    assert read("<b>Mira</b> <mira@creators.example>") == [("<b>Mira</b>", MIRA[1])]


@given(st.text(max_size=200))
def test_any_text_is_read_without_an_error(text: str) -> None:
    found = parse_address_list(text)
    emails = [each.email for each in found.invitees]
    assert len(emails) == len(set(emails))


@given(st.lists(st.sampled_from(["a@x.example", "B <b@x.example>", "nobody", "c@", "a@x.example;A"])))
def test_every_line_is_an_invitee_or_a_named_fault(lines: list[str]) -> None:
    found = parse_address_list("\n".join(lines))
    assert sorted([*(e.line for e in found.invitees), *(b.line for b in found.bad_lines)]) == [
        number for number, _line in enumerate(lines, start=1)
    ]
