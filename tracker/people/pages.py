"""All pages of people. Importing this module adds their views to the blueprint."""

from flask import Flask

from tracker.people.access.current import install_sessions
from tracker.people.blueprint import blueprint
from tracker.people.connections import Connections, install_connections
from tracker.people.frames import frame_of_person
from tracker.people.invitations import acceptance_pages, team_pages
from tracker.people.looks import look_pages
from tracker.people.profile import email_pages, notices
from tracker.people.profile import pages as profile_pages
from tracker.people.profile import passkey_pages as own_passkey_pages
from tracker.people.profile import password_pages as own_password_pages
from tracker.people.sign_in import home_pages, passkey_pages, password_pages, sign_in_pages, step_up_pages
from tracker.ui.frame import install_frames

__all__ = [
    "acceptance_pages",
    "blueprint",
    "email_pages",
    "home_pages",
    "install_people",
    "look_pages",
    "notices",
    "own_passkey_pages",
    "own_password_pages",
    "passkey_pages",
    "password_pages",
    "profile_pages",
    "sign_in_pages",
    "step_up_pages",
    "team_pages",
]


def install_people(app: Flask, connections: Connections) -> None:
    """Sessions, the frame of each page, and what other packages add."""
    install_connections(app, connections)
    install_sessions(app)
    install_frames(app, frame_of_person)
