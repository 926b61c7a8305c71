"""What kind of place this process runs in; pure but for two marker files."""

import os
from collections.abc import Mapping

BATCH_VARIABLES = (
    "CI",
    "GITHUB_ACTIONS",
    "GITLAB_CI",
    "JENKINS_URL",
    "BUILDKITE",
    "TF_BUILD",
    "SLURM_JOB_ID",
    "PBS_JOBID",
    "LSB_JOBID",
    "SGE_TASK_ID",
    "COBALT_JOBID",
    "OAR_JOB_ID",
    "AWS_BATCH_JOB_ID",
)
"""Set by continuous integration and by batch schedulers."""

_CONTAINER_FILES = ("/.dockerenv", "/run/.containerenv")


def batch_variable(environ: Mapping[str, str]) -> str | None:
    """Name of the variable that says "nobody looks at a page here", or None."""
    for name in BATCH_VARIABLES:
        if environ.get(name, "").lower() not in ("", "0", "false"):
            return name
    return None


def in_container(environ: Mapping[str, str]) -> bool:
    """Whether the disk probably ends with the process."""
    if environ.get("KUBERNETES_SERVICE_HOST") or environ.get("container"):
        return True
    return any(os.path.exists(path) for path in _CONTAINER_FILES)
