"""The web entry points for shops and programs: hooks, API, postbacks."""
