"""What a job does for people: changes of addresses whose time has come, and forgetting what has ended."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from tracker.audit.actors import Actor
from tracker.people.credentials.passkeys import forget_challenges
from tracker.people.profile.email_change import apply_due_changes
from tracker.people.sessions.operations import forget_sessions
from tracker.people.sign_in.requests import forget_requests
from tracker.people.sign_in.throttle import forget_attempts

KEEP_REQUESTS = timedelta(days=1)
KEEP_SESSIONS = timedelta(days=90)


def tidy_up_people(session: Session, now: datetime, actor: Actor) -> dict[str, int]:
    """Returns how many addresses were changed and rows forgotten, without those that are 0."""
    done = {
        "addresses_changed": apply_due_changes(session, now, actor),
        "requests_forgotten": forget_requests(session, now - KEEP_REQUESTS),
        "counts_forgotten": forget_attempts(session, now),
        "challenges_forgotten": forget_challenges(session, now),
        "sessions_forgotten": forget_sessions(session, now - KEEP_SESSIONS),
    }
    return {name: number for name, number in done.items() if number}
