"""Messages about money: who gets them, what they say, and when they are composed."""
