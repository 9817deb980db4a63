"""The installation itself: practice or real, and the way in while nobody is there."""
