"""The GraphQL documents that core sends, and the variables of the larger ones."""

from dataclasses import dataclass, fields

VIEWER = """
query Viewer {
  viewer { id entity username email flags teams { edges { node { name } } } }
}
"""

SERVER_FEATURES = """
query ServerFeaturesQuery {
  serverInfo { features { name isEnabled } }
}
"""

UPSERT_RUN = """
mutation UpsertBucket(
  $id: String, $name: String, $project: String, $entity: String,
  $groupName: String, $description: String, $displayName: String, $notes: String,
  $commit: String, $config: JSONString, $host: String, $debug: Boolean,
  $program: String, $repo: String, $jobType: String, $state: String,
  $sweep: String, $tags: [String!], $summaryMetrics: JSONString
) {
  upsertBucket(input: {
    id: $id, name: $name, modelName: $project, entityName: $entity,
    groupName: $groupName, description: $description, displayName: $displayName,
    notes: $notes, commit: $commit, config: $config, host: $host, debug: $debug,
    jobProgram: $program, jobRepo: $repo, jobType: $jobType, state: $state,
    sweep: $sweep, tags: $tags, summaryMetrics: $summaryMetrics
  }) {
    bucket {
      id name displayName description config sweepName
      project { id name entity { id name } }
      historyLineCount
    }
    inserted
  }
}
"""

HISTORY_PAGE = """
query HistoryPage($entity: String, $project: String!, $run: String!,
                  $minStep: Int64!, $maxStep: Int64!, $pageSize: Int!) {
  project(name: $project, entityName: $entity) {
    run(name: $run) {
      history(minStep: $minStep, maxStep: $maxStep, samples: $pageSize)
    }
  }
}
"""

RESUME_STATUS = """
query RunResumeStatus($project: String, $entity: String, $name: String!) {
  model(name: $project, entityName: $entity) {
    id name
    entity { id name }
    bucket(name: $name, missingOk: true) {
      id name displayName summaryMetrics config
      historyLineCount eventsLineCount logLineCount
      historyTail eventsTail tags notes
      wandbConfig(keys: ["t"])
    }
  }
}
"""

CREATE_RUN_FILES = """
mutation CreateRunFiles(
  $entity: String!, $project: String!, $run: String!, $files: [String!]!
) {
  createRunFiles(input: {
    entityName: $entity, projectName: $project, runName: $run, files: $files
  }) {
    runID uploadHeaders
    files { name uploadUrl }
  }
}
"""

ALERT = """
mutation NotifyScriptableRunAlert(
  $entityName: String!, $projectName: String!, $runName: String!,
  $title: String!, $text: String!, $severity: AlertSeverity, $waitDuration: Duration
) {
  notifyScriptableRunAlert(input: {
    entityName: $entityName, projectName: $projectName, runName: $runName,
    title: $title, text: $text, severity: $severity, waitDuration: $waitDuration
  }) { success }
}
"""


@dataclass(frozen=True, slots=True)
class RunFields:
    """What an upsert says about a run; None leaves a field as the server has it."""

    name: str
    project: str | None = None
    entity: str | None = None
    id: str | None = None
    group_name: str | None = None
    display_name: str | None = None
    notes: str | None = None
    commit: str | None = None
    config: str | None = None
    """JSON text of the whole config, each value wrapped in {"value": …}."""
    host: str | None = None
    program: str | None = None
    repo: str | None = None
    job_type: str | None = None
    sweep: str | None = None
    tags: tuple[str, ...] | None = None

    def variables(self) -> dict[str, object]:
        """All variables of the document; those never set by runs are null."""
        own = {_camel(spec.name): getattr(self, spec.name) for spec in fields(self)}
        own["tags"] = None if self.tags is None else list(self.tags)
        unset = ("description", "debug", "state", "summaryMetrics")
        return own | dict.fromkeys(unset)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
