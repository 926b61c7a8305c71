"""Tail a log, fold it, upload it, move the cursor: live, after a crash, and in sync."""
