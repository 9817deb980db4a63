"""Sales as shops report them: kept raw, applied once, credited for a reason."""
