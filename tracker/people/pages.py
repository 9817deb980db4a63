"""All pages of people. Importing this module adds their views to the blueprint."""

from flask import Flask

from tracker.people.access.current import install_sessions
from tracker.people.blueprint import blueprint
from tracker.people.frames import frame_of_person
from tracker.people.sign_in import home_pages, sign_in_pages, step_up_pages
from tracker.ui.frame import install_frames

__all__ = ["blueprint", "home_pages", "install_people", "sign_in_pages", "step_up_pages"]


def install_people(app: Flask) -> None:
    """Sessions, and the frame of each page."""
    install_sessions(app)
    install_frames(app, frame_of_person)
