"""Helpers of the tests: drawn faces and data sets made of them."""
