"""What waits to be booked about commissions, and the state of those that it concerns, batch by batch."""
