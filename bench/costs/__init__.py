"""What the books cost: measurements, each in a process of its own, and their floors."""
