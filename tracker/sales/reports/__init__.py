"""What a shop said, as checked values."""
