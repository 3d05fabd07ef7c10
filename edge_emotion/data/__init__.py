"""Readers for the data sets, one file a format, and what is done to their rows.

Every reader returns one of the tables in `faces` and names the file and the row in its errors.
NumPy and OpenCV only: no reader needs TensorFlow or pandas.
"""
