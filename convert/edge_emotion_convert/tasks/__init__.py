"""What is particular to a task, one file each: its figures, how they are measured, what may change.

A table of them (`table`) is all that the gate, the conversion and the evaluation ask.
"""
