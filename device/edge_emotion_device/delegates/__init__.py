"""Accelerators: which one is asked for, whether it can be had, and a model opened on it.

`choice` takes a delegate's name apart, `opening` puts a model file into an interpreter on it or on
the CPU; `trial` tries it out in a process of its own (`child`) first.
"""
