"""The first steps of the set-up in the browser: the link, the owner, the brand."""
