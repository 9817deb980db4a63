"""Sign-in by a link and a code that are sent by mail, step-up, and limits on attempts."""
