"""A brand to try everything out with: its shop, its history, and the pages that show what happens."""
