"""The profile of a person: details, sessions, change of the e-mail address."""
