"""Delivery: claims of messages, the connection to the mail server, and what it answered."""
