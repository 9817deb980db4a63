"""The blueprint of all pages of people: sign-in, profile, invitations, teams."""

from flask import Blueprint

blueprint = Blueprint("people", __name__, template_folder="templates")
