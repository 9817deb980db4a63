"""Decisions of people about commissions and drafts: taken, recorded, limited, undone."""
