"""What every kind of source declares, and that nothing else decides by the name of a kind."""

import ast
from datetime import UTC, datetime

import pytest

from tests.architecture.source import Module, read_tree
from tests.harness import ROOT
from tracker.errors import Invalid
from tracker.sales.integrations.kind import Kind, OrderIds, Role
from tracker.sales.integrations.kinds import KINDS, is_payment_name, kind_of, kinds_where, names_where
from tracker.sales.reports.messages import NotAuthentic
from tracker.sales.sources.instructions import connect_instructions, report_instructions

ALL = [kind_of(name) for name in KINDS]
WITH_HOOK = [kind for kind in ALL if kind.has_hook]
WITHOUT_HOOK = [kind for kind in ALL if not kind.has_hook]
RANDOM = bytes(range(32))

name_of_kind = pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.name)


def names_in_code(module: Module) -> set[str]:
    """The names of kinds that occur as strings in a module, without those of our own entry points."""
    strings = {node.value for node in ast.walk(module.syntax) if isinstance(node, ast.Constant)}
    return {name for name in KINDS if name in strings} - {kind.name for kind in WITHOUT_HOOK}


def test_nothing_outside_the_integrations_decides_by_the_name_of_a_kind() -> None:
    tree = read_tree(ROOT)
    modules = [each for each in tree.of("tracker") if "/integrations/" not in each.path]
    assert len(modules) > 100
    assert {module.path: found for module in modules if (found := names_in_code(module))} == {}
    inside = [each for each in tree.of("tracker") if "/integrations/" in each.path]
    assert {name for module in inside for name in names_in_code(module)} == {kind.name for kind in WITH_HOOK}


def test_an_unknown_kind_is_refused_naming_those_that_exist() -> None:
    with pytest.raises(Invalid, match=f"'myspace' is not a kind of source; the kinds are {', '.join(KINDS)}"):
        kind_of("myspace")


def test_kinds_are_found_by_what_they_declare() -> None:
    assert names_where(lambda kind: kind.role is Role.PROVIDER) == ("stripe",)
    assert {kind.name for kind in kinds_where(lambda kind: kind.order_ids is not OrderIds.OWN)} == {
        "standard",
        "api",
        "csv",
    }


@name_of_kind
def test_the_page_of_each_kind_exists_and_its_readers_are_led_there(kind: Kind) -> None:
    assert (ROOT / kind.page).is_file()
    assert f"]({kind.page})" in (ROOT / "README.md").read_text()
    shown = (
        connect_instructions(kind.name, "src_1", "https://hooks.example/1", None, is_shops_own=True)
        if kind.has_hook
        else report_instructions(kind.name, "src_1", "https://hooks.example")
    )
    assert kind.page in shown
    assert "{" not in shown


@pytest.mark.parametrize("kind", WITH_HOOK, ids=lambda kind: kind.name)
def test_a_generated_secret_is_one_that_the_shop_accepts(kind: Kind) -> None:
    if kind.makes_secret:
        kind.check_secret(kind.secret_from(RANDOM))
    with pytest.raises(Invalid):
        kind.check_secret("short")


@pytest.mark.parametrize("kind", WITHOUT_HOOK, ids=lambda kind: kind.name)
def test_a_kind_without_a_webhook_takes_no_signed_message_and_says_how_it_is_reached(kind: Kind) -> None:
    assert kind.reached
    assert kind.steps
    assert not kind.makes_secret
    with pytest.raises(NotAuthentic):
        kind.verify({}, b"{}", ["secret"], datetime(2025, 11, 1, tzinfo=UTC))
    with pytest.raises(Invalid, match="has no secret"):
        kind.check_secret("any secret of theirs")


@name_of_kind
def test_only_a_payment_provider_knows_payments(kind: Kind) -> None:
    assert (kind.role is Role.PROVIDER) == kind.is_payment_name("pi_3Example")


def test_the_id_of_a_payment_is_recognised_and_a_number_is_not() -> None:
    assert is_payment_name("ch_3ExampleFirst")
    assert not any(map(is_payment_name, ("1001", "#1001", "pi_", "order-pi_3Example")))
