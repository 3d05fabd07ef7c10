"""What makes int8 cost less: one file a remedy, a table of them, and `auto`, which tries them.

A remedy proposes other ways to the same int8 file (`way.Way`); none of them decides whether it
helped.
"""
