"""From a checked report to its rows, each made once."""
