"""The shop's address is unchanged except for one added token."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.programs.links.query_parameters import with_token


@pytest.mark.parametrize(
    ("destination", "redirect_address"),
    [
        ("https://shop.example/", "https://shop.example/?ll=T"),
        ("https://shop.example/a?x=1&y=%26", "https://shop.example/a?x=1&y=%26&ll=T"),
        ("https://shop.example/a#part?x=1", "https://shop.example/a?ll=T#part?x=1"),
        ("https://shop.example/a?x=a?b#f#g", "https://shop.example/a?x=a?b&ll=T#f#g"),
        ("https://shop.example/a?ll=OLD&x=1&ll", "https://shop.example/a?x=1&ll=T"),
        ("https://shop.example/a?all=1&LL=2", "https://shop.example/a?all=1&LL=2&ll=T"),
    ],
)
def test_the_token_is_the_last_parameter_of_the_query(destination: str, redirect_address: str) -> None:
    assert with_token(destination, "ll", "T") == redirect_address


@pytest.mark.parametrize(
    ("destination", "redirect_address"),
    [
        ("https://shop.example/a?x=1#f", "https://shop.example/a?x=1#f"),
        ("https://shop.example/a?ll=OLD#f", "https://shop.example/a#f"),
        ("https://shop.example/a?ll=OLD&x=1", "https://shop.example/a?x=1"),
    ],
)
def test_without_a_token_an_older_one_is_removed(destination: str, redirect_address: str) -> None:
    assert with_token(destination, "ll", None) == redirect_address


@given(st.text(st.sampled_from("abl=&?#/%20"), max_size=30), st.sampled_from(["T", None]))
def test_scheme_and_host_never_change_and_the_token_appears_once(rest: str, token: str | None) -> None:
    redirect_address = with_token("https://shop.example/" + rest, "ll", token)
    assert redirect_address.startswith("https://shop.example/")
    query = redirect_address.partition("#")[0].partition("?")[2]
    values = [pair.partition("=")[2] for pair in query.split("&") if pair.partition("=")[0] == "ll"]
    assert values == ([token] if token else [])
