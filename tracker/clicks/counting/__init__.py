"""What a click counts as: verdicts, visitors, hourly totals, pruning."""
