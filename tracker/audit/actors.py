"""Who did something: a person who signed in, a holder of a key, the command line, or a job."""

from dataclasses import dataclass
from enum import StrEnum


class ActorKind(StrEnum):
    USER = "user"
    KEY = "key"
    CLI = "cli"
    JOB = "job"


@dataclass(frozen=True)
class Actor:
    """`identifier` is the id of the user or key, or the name of the job; the command line has none.

    `entry_point` is the command, route or job through which it was done. Of the device of a person, at most
    the family of the browser ("Firefox") and the country (two letters) are known; never an address.
    """

    kind: ActorKind
    entry_point: str
    identifier: str | None = None
    browser_family: str | None = None
    country: str | None = None

    def columns(self) -> dict[str, str | None]:
        """The columns of a row that says who did it."""
        return {
            "actor_kind": self.kind.value,
            "actor_id": self.identifier,
            "entry_point": self.entry_point,
        }


def command_line(entry_point: str) -> Actor:
    """The actor of a command, such as "commission hold"."""
    return Actor(ActorKind.CLI, entry_point)


def job_actor(name: str) -> Actor:
    """The actor of a job, such as "release"."""
    return Actor(ActorKind.JOB, name, name)
