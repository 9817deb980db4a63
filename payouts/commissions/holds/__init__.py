"""Holds of commissions: placed by people, rules, messages and disputes; listed; lifted."""
