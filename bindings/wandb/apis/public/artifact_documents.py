"""The GraphQL documents that list artifacts."""

from wandb.sdk.artifacts.documents import ARTIFACT_FIELDS, COLLECTION_FIELDS

TYPES = """
query ProjectArtifactTypes($entity: String!, $project: String!, $cursor: String,
                           $perPage: Int) {
  project(name: $project, entityName: $entity) {
    artifactTypes(after: $cursor, first: $perPage) {
      edges { node { id name description createdAt } cursor }
      pageInfo { endCursor hasNextPage }
    }
  }
}
"""

TYPE = """
query ProjectArtifactType($entity: String!, $project: String!, $type: String!) {
  project(name: $project, entityName: $entity) {
    artifactType(name: $type) { id name description createdAt }
  }
}
"""

COLLECTION = (
    """
query ProjectArtifactCollection($entity: String!, $project: String!, $type: String!,
                                $name: String!) {
  project(name: $project, entityName: $entity) {
    artifactType(name: $type) {
      artifactCollection(name: $name) { ...CollectionFields }
    }
  }
}
"""
    + COLLECTION_FIELDS
)

COLLECTIONS = (
    """
query ArtifactTypeArtifactCollections($entity: String!, $project: String!,
    $type: String!, $cursor: String, $perPage: Int, $order: String) {
  project(name: $project, entityName: $entity) {
    artifactType(name: $type) {
      artifactCollections(after: $cursor, first: $perPage, order: $order) {
        totalCount
        edges { node { ...CollectionFields } cursor }
        pageInfo { endCursor hasNextPage }
      }
    }
  }
}
"""
    + COLLECTION_FIELDS
)

COLLECTION_ALIASES = """
query ArtifactCollectionAliases($id: ID!) {
  artifactCollection(id: $id) {
    aliases(first: 1000) { edges { node { id alias } } }
  }
}
"""

VERSIONS = (
    """
query ProjectArtifacts($entity: String!, $project: String!, $type: String!,
    $collection: String!, $cursor: String, $perPage: Int, $order: String,
    $filters: JSONString) {
  project(name: $project, entityName: $entity) {
    artifactType(name: $type) {
      artifactCollection(name: $collection) {
        artifacts(after: $cursor, first: $perPage, order: $order, filters: $filters) {
          totalCount
          edges { version node { ...ArtifactFields } cursor }
          pageInfo { endCursor hasNextPage }
        }
      }
    }
  }
}
"""
    + ARTIFACT_FIELDS
)

_RUN = (
    """
query RunArtifacts($entity: String!, $project: String!, $name: String!,
                   $cursor: String, $perPage: Int) {
  project(name: $project, entityName: $entity) {
    run(name: $name) {
      artifacts: CONNECTION(after: $cursor, first: $perPage) {
        totalCount
        edges { node { ...ArtifactFields } cursor }
        pageInfo { endCursor hasNextPage }
      }
    }
  }
}
"""
    + ARTIFACT_FIELDS
)

RUN_OUTPUTS = _RUN.replace("CONNECTION", "outputArtifacts")
RUN_INPUTS = _RUN.replace("CONNECTION", "inputArtifacts")

UPDATE_SEQUENCE = """
mutation UpdateArtifactSequence($input: UpdateArtifactSequenceInput!) {
  result: updateArtifactSequence(input: $input) { artifactCollection { id } }
}
"""

UPDATE_PORTFOLIO = """
mutation UpdateArtifactPortfolio($input: UpdateArtifactPortfolioInput!) {
  result: updateArtifactPortfolio(input: $input) { artifactCollection { id } }
}
"""

MOVE_SEQUENCE = """
mutation UpdateArtifactSequenceType($input: MoveArtifactSequenceInput!) {
  result: updateArtifactSequenceType(input: $input) { artifactCollection { id } }
}
"""

DELETE_SEQUENCE = """
mutation DeleteArtifactSequence($input: DeleteArtifactSequenceInput!) {
  result: deleteArtifactSequence(input: $input) { artifactCollection { id } }
}
"""

DELETE_PORTFOLIO = """
mutation DeleteArtifactPortfolio($input: DeleteArtifactPortfolioInput!) {
  result: deleteArtifactPortfolio(input: $input) { artifactCollection { id } }
}
"""

ADD_TAGS = """
mutation AddArtifactCollectionTags(
  $input: CreateArtifactCollectionTagAssignmentsInput!
) {
  result: createArtifactCollectionTagAssignments(input: $input) { tags { id name } }
}
"""

DELETE_TAGS = """
mutation DeleteArtifactCollectionTags(
  $input: DeleteArtifactCollectionTagAssignmentsInput!
) {
  result: deleteArtifactCollectionTagAssignments(input: $input) { success }
}
"""
