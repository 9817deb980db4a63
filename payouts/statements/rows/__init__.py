"""The rows of statements: lines, totals of creators, adjustments and payments, written as a period closes."""
