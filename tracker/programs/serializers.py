"""Brands, programs, terms, enrollments and links as JSON values, the same for every entry point."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tracker.money import Money, format_rate
from tracker.people.accounts.brand_rules import BrandRules, RulesVersion
from tracker.people.accounts.models import Brand
from tracker.programs.models import Enrollment, Link, Program, Terms
from tracker.programs.policies import PolicyVersion
from tracker.programs.reasons import REMOVAL_TEXTS
from tracker.programs.rules import AttributionPolicy
from tracker.times import format_utc, optional_utc_text


def program_json(program: Program, terms: Terms) -> dict[str, Any]:
    """A program with `terms`, the version in force."""
    return {
        "id": program.id,
        "brand": program.brand_id,
        "name": program.name,
        "state": program.state,
        "token_parameter": program.token_parameter,
        "parameters": program.parameters,
        "terms": terms_json(terms),
        "created_at": format_utc(program.created_at),
    }


def terms_json(terms: Terms) -> dict[str, Any]:
    return {
        "id": terms.id,
        "version": terms.version,
        "effective_at": format_utc(terms.effective_at),
        **rate_json(terms.rate_bp),
        "base": terms.base,
        "window_days": terms.window_days,
        "hold_days": terms.hold_days,
        "take_back_months": terms.take_back_months,
        "created_at": format_utc(terms.created_at),
    }


def enrollment_json(enrollment: Enrollment, rate_bp: int | None, coupon: str | None) -> dict[str, Any]:
    """An enrollment. `rate_bp` and `coupon` are None if it has no own rate or coupon."""
    return {
        "id": enrollment.id,
        "program": enrollment.program_id,
        "creator": enrollment.creator_id,
        "state": enrollment.state,
        **rate_json(rate_bp),
        "coupon": coupon,
        "created_at": format_utc(enrollment.created_at),
    }


def ended_enrollment_json(enrollment: Enrollment) -> dict[str, Any]:
    """An enrollment that ended, with `removed_at` and the reason if the creator was removed for cause.

    Both stay when the creator is back; `readmitted_at` then says since when.
    """
    return {
        "id": enrollment.id,
        "program": enrollment.program_id,
        "creator": enrollment.creator_id,
        "state": enrollment.state,
        "ended_at": optional_utc_text(enrollment.ended_at),
        "removed_at": optional_utc_text(enrollment.removed_at),
        "removal_reason": _removal_words(enrollment),
        "removal_reason_code": enrollment.removal_reason_code,
        "removal_reason_parameters": enrollment.removal_reason_parameters,
        "readmitted_at": optional_utc_text(enrollment.readmitted_at),
    }


def _removal_words(enrollment: Enrollment) -> str | None:
    if enrollment.removal_reason is None:
        return None
    code, parameters = enrollment.removal_reason_code, enrollment.removal_reason_parameters
    return REMOVAL_TEXTS.shown(enrollment.removal_reason, code, parameters)


def link_json(link: Link, enrollment: Enrollment, link_url: str, rate_bp: int | None) -> dict[str, Any]:
    """A link. `link_url` is the start of all short links; `rate_bp` is None if the link has no own rate."""
    return {
        "id": link.id,
        "code": link.code,
        "url": f"{link_url}/{link.code}",
        "destination": link.destination,
        "program": enrollment.program_id,
        "creator": enrollment.creator_id,
        "sub_ids": link.sub_ids,
        "passes": link.passes,
        "deep_links": link.deep_links,
        "expires_at": optional_utc_text(link.expires_at),
        **rate_json(rate_bp),
        "state": link.state,
        "created_at": format_utc(link.created_at),
    }


def rate_json(rate_bp: int | None) -> dict[str, Any]:
    """A rate in basis points, and as a percentage such as "12.5"."""
    return {"rate_bp": rate_bp, "rate": None if rate_bp is None else format_rate(rate_bp)}


def brand_json(
    brand: Brand,
    hosts: Sequence[str],
    policy: AttributionPolicy,
    rules: BrandRules,
    minimums: Sequence[Money],
    now: datetime,
) -> dict[str, Any]:
    """A brand with `policy`, the version in force, and with its rules and minimums as they are at `now`.

    `minimums` are those that the brand has set, the one in its own currency first.
    """
    calendar = rules.calendar_at(now)
    return {
        "id": brand.id,
        "name": brand.name,
        "currency": brand.currency,
        "timezone": calendar.timezone,
        "minimum": minimums[0].as_json(),
        "minimums": [each.as_json() for each in minimums],
        "cadence": calendar.cadence,
        "review_days": rules.review_days_at(now),
        "rules": [rules_json(each) for each in rules.versions],
        **_policy_fields(policy),
        "hosts": list(hosts),
        "fallback_url": brand.fallback_url,
        "created_at": format_utc(brand.created_at),
    }


def rules_json(version: RulesVersion) -> dict[str, Any]:
    """A version of a brand's rules: the calendar counts from `effective_at`, the rest from `created_at`."""
    return {
        "version": version.version,
        "effective_at": format_utc(version.effective_at),
        "created_at": format_utc(version.created_at),
        "cadence": version.cadence,
        "timezone": version.timezone,
        "review_days": version.review_days,
        "approve_without_notice": version.approve_without_notice,
        "second_person_above_minor": version.second_person_above_minor,
    }


def policy_json(version: PolicyVersion) -> dict[str, Any]:
    return {
        "version": version.version,
        "effective_at": format_utc(version.effective_at),
        **_policy_fields(version.policy),
    }


def _policy_fields(policy: AttributionPolicy) -> dict[str, Any]:
    return {
        "attribution_model": policy.model,
        "coupon_policy": policy.coupons,
        "customer_policy": policy.customers,
        "customer_months": policy.months,
    }
