"""Other ways to sign in: a password, passkeys."""
