"""How clicks count: verdicts, visitors, hourly totals, pruning."""
