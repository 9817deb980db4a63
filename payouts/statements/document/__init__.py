"""What a statement says, as one value."""
