"""Who is credited for a sale, and why."""
