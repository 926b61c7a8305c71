"""The GraphQL documents of the public API."""

_RUN_FIELDS = """
  id name displayName state config summaryMetrics systemMetrics tags notes description
  group jobType sweepName commit createdAt heartbeatAt historyLineCount
  historyKeys user { name username }
"""

VIEWER = "query GetViewer { viewer { id username email entity admin } }"

RUN = """
query Run($entity: String!, $project: String!, $name: String!) {
  project(name: $project, entityName: $entity) { run(name: $name) { RUN_FIELDS } }
}""".replace("RUN_FIELDS", _RUN_FIELDS)

RUNS = """
query Runs($entity: String!, $project: String!, $after: String, $first: Int!,
           $order: String, $filters: JSONString) {
  project(name: $project, entityName: $entity) {
    runCount(filters: $filters)
    runs(filters: $filters, after: $after, first: $first, order: $order) {
      edges { cursor node { RUN_FIELDS } }
      pageInfo { hasNextPage }
    }
  }
}""".replace("RUN_FIELDS", _RUN_FIELDS)

PROJECTS = """
query GetProjects($entity: String, $perPage: Int) {
  models(entityName: $entity, first: $perPage) {
    edges { node { name entityName createdAt } }
  }
}"""

HISTORY = """
query RunFullHistory($entity: String!, $project: String!, $name: String!,
                     $samples: Int) {
  project(name: $project, entityName: $entity) {
    run(name: $name) { history(samples: $samples) }
  }
}"""

SYSTEM_HISTORY = """
query RunFullHistory($entity: String!, $project: String!, $name: String!,
                     $samples: Int) {
  project(name: $project, entityName: $entity) {
    run(name: $name) { history: events(samples: $samples) }
  }
}"""

SAMPLED_HISTORY = """
query RunSampledHistory($entity: String!, $project: String!, $name: String!,
                        $specs: [JSONString!]!) {
  project(name: $project, entityName: $entity) {
    run(name: $name) { sampledHistory(specs: $specs) }
  }
}"""

HISTORY_PAGE = """
query HistoryPage($entity: String!, $project: String!, $name: String!,
                  $minStep: Int64!, $maxStep: Int64!, $pageSize: Int!) {
  project(name: $project, entityName: $entity) {
    run(name: $name) {
      history(minStep: $minStep, maxStep: $maxStep, samples: $pageSize)
    }
  }
}"""

UPSERT_RUN = """
mutation UpsertBucket($id: String, $displayName: String, $notes: String,
                      $tags: [String!], $config: JSONString, $groupName: String,
                      $jobType: String, $summaryMetrics: JSONString) {
  upsertBucket(input: {id: $id, displayName: $displayName, notes: $notes, tags: $tags,
                       config: $config, groupName: $groupName, jobType: $jobType,
                       summaryMetrics: $summaryMetrics}) {
    bucket { id }
  }
}"""

DELETE_RUN = """
mutation DeleteRun($id: ID!) {
  deleteRun(input: {id: $id}) { clientMutationId }
}"""
