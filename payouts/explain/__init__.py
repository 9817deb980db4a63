"""Explains one order: its history, from the click to the transfer."""
