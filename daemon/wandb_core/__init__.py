"""Core: the daemon that takes records from training processes and keeps them safe.

One per user and machine, started on demand. It does two things that never wait for each
other: *receive → commit → append → acknowledge*, and *tail the log → fold → upload*.
Begin reading at `model.py`; `pipeline.py` wires one run, `daemon.py` the process.
"""
