"""The mark of runs that record nothing."""


class RunDisabled:
    """Base of `NoopRun`, for integrations that test with isinstance."""
