"""The GraphQL documents about artifacts that the bindings send."""

COLLECTION_FIELDS = """
fragment CollectionFields on ArtifactCollection {
  __typename id name description createdAt updatedAt
  project { id internalId name entity { id name } }
  type: defaultArtifactType { name }
  tags { edges { node { id name } } }
}
"""

ARTIFACT_FIELDS = """
fragment ArtifactFields on Artifact {
  id
  artifactSequence {
    id name project { id internalId name entity { id name } }
  }
  versionIndex
  artifactType { name }
  description metadata ttlDurationSeconds ttlIsInherited
  tags { id name }
  historyStep state size digest commitHash fileCount createdAt updatedAt
  aliases {
    id alias
    artifactCollection { __typename name project { name entity { name } } }
  }
}
"""

MEMBERSHIP_FIELDS = (
    """
fragment MembershipFields on ArtifactCollectionMembership {
  id versionIndex createdAt
  aliases { id alias }
  artifactCollection {
    __typename id name project { id internalId name entity { id name } }
  }
  artifact { ...ArtifactFields }
}
"""
    + ARTIFACT_FIELDS
)

MEMBERSHIP_BY_NAME = (
    """
query ArtifactMembershipByName($entity: String!, $project: String!, $name: String!) {
  project(name: $project, entityName: $entity) {
    artifactCollectionMembership(name: $name) { ...MembershipFields }
  }
}
"""
    + MEMBERSHIP_FIELDS
)

ARTIFACT_BY_ID = (
    """
query ArtifactByID($id: ID!) {
  artifact(id: $id) { ...ArtifactFields }
}
"""
    + ARTIFACT_FIELDS
)

CLIENT_ID = """
query ClientIDMapping($clientID: ID!) {
  clientIDMapping(clientID: $clientID) { serverID }
}
"""

MANIFEST = """
query FetchArtifactManifest($id: ID!) {
  artifact(id: $id) { currentManifest { file { directUrl } } }
}
"""

FILE_URLS = """
query GetArtifactFileUrls($id: ID!, $cursor: String, $perPage: Int, $names: [String!]) {
  artifact(id: $id) {
    files(after: $cursor, first: $perPage, names: $names) {
      edges { node { name directUrl } cursor }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""

FILES = """
query ArtifactFiles($id: ID!, $cursor: String, $perPage: Int, $names: [String!]) {
  artifact(id: $id) {
    files(after: $cursor, first: $perPage, names: $names) {
      edges {
        node { id name url directUrl sizeBytes mimetype updatedAt md5 } cursor
      }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""

CREATED_BY = """
query ArtifactCreatedBy($id: ID!) {
  artifact(id: $id) {
    createdBy {
      __typename ... on Run { name project { name entity { name } } }
    }
  }
}
"""

USED_BY = """
query ArtifactUsedBy($id: ID!) {
  artifact(id: $id) {
    usedBy { edges { node { name project { name entity { name } } } } }
  }
}
"""

ADD_ALIASES = """
mutation AddAliases($input: AddAliasesInput!) {
  result: addAliases(input: $input) { success }
}
"""

DELETE_ALIASES = """
mutation DeleteAliases($input: DeleteAliasesInput!) {
  result: deleteAliases(input: $input) { success }
}
"""

UPDATE_ARTIFACT = (
    """
mutation UpdateArtifact($input: UpdateArtifactInput!) {
  result: updateArtifact(input: $input) { artifact { ...ArtifactFields } }
}
"""
    + ARTIFACT_FIELDS
)

DELETE_ARTIFACT = """
mutation DeleteArtifact($input: DeleteArtifactInput!) {
  result: deleteArtifact(input: $input) { artifact { id } }
}
"""

USE_ARTIFACT = """
mutation UseArtifact($input: UseArtifactInput!) {
  result: useArtifact(input: $input) { artifact { id } }
}
"""

CREATE_ARTIFACT = """
mutation CreateArtifact($input: CreateArtifactInput!) {
  result: createArtifact(input: $input) { artifact { id state } }
}
"""

LINK_ARTIFACT = """
mutation LinkArtifact($input: LinkArtifactInput!) {
  result: linkArtifact(input: $input) { versionIndex }
}
"""

UNLINK_ARTIFACT = """
mutation UnlinkArtifact($input: UnlinkArtifactInput!) {
  result: unlinkArtifact(input: $input) { artifactID }
}
"""

LINKED_ARTIFACTS = (
    """
query FetchLinkedArtifacts($id: ID!) {
  artifact(id: $id) {
    artifactMemberships { edges { node { ...MembershipFields } } }
  }
}
"""
    + MEMBERSHIP_FIELDS
)
