"""What each layer of a network takes, beside what the machine can do at best."""
