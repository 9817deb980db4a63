"""The infrastructure of the tests: databases, processes, a browser. Nothing here knows the domain."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
"""The root folder of the repository."""
