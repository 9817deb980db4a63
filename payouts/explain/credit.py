"""All attributions of one sale: who is credited, by which rules, and why the other candidates lost."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from tracker.people.accounts.models import Creator
from tracker.programs.models import Enrollment, Terms
from tracker.sales.attribution.inputs import upgraded
from tracker.sales.attribution.models import Attribution
from tracker.sales.attribution.serializers import binding_json, candidates_json, reason_json
from tracker.sales.orders.models import Sale
from tracker.times import format_utc


def credit_explanations(session: Session, sale: Sale) -> list[dict[str, Any]]:
    """One JSON value for each revision, oldest first."""
    revisions = session.scalars(
        select(Attribution).where(Attribution.sale_id == sale.id).order_by(Attribution.revision)
    ).all()
    creators = _creators(session, revisions)
    versions = _terms_versions(session, revisions)
    return [_explanation(each, creators, versions) for each in revisions]


def credit_text_lines(explanation: dict[str, Any]) -> Iterator[str]:
    """What `credit_explanations` returned for one revision, as lines of text."""
    yield f"Attribution {explanation['revision']}: {explanation['reason']}"
    if explanation["creator"] is None:
        yield "  credited: nobody"
    else:
        name, version = explanation["creator"]["name"], explanation["terms_version"]
        yield f"  credited: {name}, by version {version} of the terms"
    policy = explanation["policy"]
    bound = f"{policy['months']} months" if policy["months"] else policy["customers"].replace("_", " ")
    yield f"  policy: {policy['model']} click, codes {policy['coupons'].replace('_', ' ')}, customers {bound}"
    yield from (f"  {_candidate_text(each)}" for each in explanation["candidates"])


def _explanation(
    attribution: Attribution, creators: dict[str, dict[str, Any]], versions: dict[str, int]
) -> dict[str, Any]:
    inputs = upgraded(attribution.inputs)
    return {
        "id": attribution.id,
        "revision": attribution.revision,
        "rules": attribution.inputs["rules"],
        **reason_json(attribution),
        "creator": creators.get(attribution.enrollment_id or ""),
        "click": attribution.click_id,
        "link": attribution.link_id,
        "coupon": attribution.coupon_id,
        "terms_version": versions.get(attribution.terms_id or ""),
        "policy": inputs["policy"],
        "binding": binding_json(inputs["binding"]),
        "candidates": [
            {**each, "creator": creators.get(each["enrollment_id"] or "")}
            for each in candidates_json(attribution)
        ],
        "decided_at": format_utc(attribution.decided_at),
    }


def _creators(session: Session, revisions: Any) -> dict[str, dict[str, Any]]:
    """Id and name of creators, by the enrollment ids of all candidates."""
    named = {each["enrollment_id"] for revision in revisions for each in revision.candidates}
    rows = session.execute(
        select(Enrollment.id, Creator.id, Creator.name)
        .join(Creator, Creator.id == Enrollment.creator_id)
        .where(Enrollment.id.in_(named - {None}))
    )
    return {enrollment_id: {"id": creator_id, "name": name} for enrollment_id, creator_id, name in rows}


def _terms_versions(session: Session, revisions: Any) -> dict[str, int]:
    ids = {each.terms_id for each in revisions} - {None}
    found = session.scalars(select(Terms).where(Terms.id.in_(ids)))
    return {terms.id: terms.version for terms in found}


def _candidate_text(candidate: dict[str, Any]) -> str:
    creator = candidate["creator"]
    whose = f" of {creator['name']}" if creator else ""
    if candidate["kind"] == "coupon":
        what = f"code {candidate['code']}{whose}"
    elif candidate["kind"] == "customer":
        what = f"customer{whose}, known by order {candidate['order_id']} of {candidate['at'][:10]}"
    else:
        when = f" at {candidate['at'][:19]}Z" if candidate["at"] else ""
        what = f"click{whose} {candidate['click_id'] or 'that cannot be read'}{when}"
    return f"{what} {candidate['outcome']}: {candidate['reason']}"
