"""What a recorded session's readings say about it: facts, and emotions over time."""
