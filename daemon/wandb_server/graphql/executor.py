"""Executes documents: parsed once, checked against the limits, answered as bytes.

Errors are told in one form, whatever the HTTP status: `{"errors": [{"message": …}]}`.
Clients show only this form to people. Variables that a document does not declare are
ignored, because the official client sends some.
"""

import logging
from collections import OrderedDict
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from inspect import isawaitable
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    NoUnusedFragmentsRule,
    NoUnusedVariablesRule,
    OperationDefinitionNode,
    execute,
    get_operation_ast,
    parse,
    specified_rules,
    validate,
)

from wandb_server.errors import (
    NotAllowed,
    NotFound,
    QueryError,
    RequestRejected,
    StorageBusy,
    StorageError,
    trouble_of,
)
from wandb_server.graphql.limits import check_weight
from wandb_server.graphql.question import Question
from wandb_server.graphql.schema import load_schema
from wandb_server.graphql.variables import known_variables
from wandb_server.settings import Limits
from wandb_server.strict_json import encode

ASKER_ERRORS = (QueryError, NotFound, NotAllowed, GraphQLError)
"""What the asker can mend: told in full, with status 200 as GraphQL does."""
BUSY = "The server's storage is busy; try again."
RETRY_AFTER_S = 2.0
CANNOT_STORE = "The server cannot store: {error}"
MENDED_AFTER_S = 30.0
"""A full or damaged disk is mended by people: clients keep their data and try again,
which any other status would end for good."""

RULES = tuple(
    rule
    for rule in specified_rules
    if rule not in (NoUnusedVariablesRule, NoUnusedFragmentsRule)
)
"""Unused parts of a document harm nobody, and clients assemble documents from parts."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class GraphqlRequest:
    """One request as sent; `variables` may hold more than the document declares."""

    query: str
    variables: Mapping[str, Any]
    operation_name: str | None = None


@dataclass(frozen=True, slots=True)
class GraphqlAnswer:
    """Body and status; `retry_after_s` is set when trying again later helps."""

    status: int
    body: bytes
    retry_after_s: float | None = None


def read_request(body: Any) -> GraphqlRequest:
    """The parts of a parsed JSON body.

    Raises:
        RequestRejected: it is not a GraphQL request.
    """
    if not isinstance(body, dict) or not isinstance(body.get("query"), str):
        raise RequestRejected('The body must be a JSON object with "query".')
    variables = body.get("variables") or {}
    name = body.get("operationName") or None
    if not isinstance(variables, dict) or not isinstance(name, str | None):
        raise RequestRejected('"variables" must be an object, "operationName" text.')
    return GraphqlRequest(body["query"], variables, name)


def error_body(*messages: str) -> bytes:
    """The one form of errors."""
    return encode({"errors": [{"message": message} for message in messages]})


class GraphqlExecutor:
    """Answers GraphQL requests. One per process; safe to use concurrently."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._schema: GraphQLSchema = load_schema()
        self._documents: OrderedDict[str, DocumentNode] = OrderedDict()

    async def execute(
        self, request: GraphqlRequest, question: Question
    ) -> GraphqlAnswer:
        """The answer to one request; never raises because of what was asked.

        A cancelled call leaves a mutation either done or not begun.
        """
        try:
            document = self._parsed(request)
            operation = self._checked(document, request)
        except RequestRejected as error:
            name = request.operation_name
            logger.warning("refused document operation=%s reason=%s", name, error)
            logger.debug("refused document text=%s", request.query)
            return GraphqlAnswer(error.status, error_body(str(error)))
        result: Any = execute(
            self._schema,
            document,
            context_value=question,
            variable_values=known_variables(self._schema, operation, request.variables),
            operation_name=request.operation_name,
        )
        if isawaitable(result):
            awaited: Awaitable[ExecutionResult] = result
            result = await awaited
        assert isinstance(result, ExecutionResult)
        answer = _answer(result, request.operation_name)
        if question.lost_rows and not result.errors:
            told = {"lostRows": question.lost_rows}
            return GraphqlAnswer(200, encode({"data": result.data, "extensions": told}))
        return answer

    def _parsed(self, request: GraphqlRequest) -> DocumentNode:
        if (known := self._documents.get(request.query)) is not None:
            self._documents.move_to_end(request.query)
            return known
        try:
            document = parse(
                request.query,
                no_location=True,
                max_tokens=self._limits.query_tokens_max,
            )
        except GraphQLError as error:
            raise RequestRejected(error.message) from error
        errors = validate(self._schema, document, RULES, max_errors=5)
        if errors:
            raise RequestRejected("; ".join(error.message for error in errors))
        self._documents[request.query] = document
        if len(self._documents) > self._limits.documents_kept:
            self._documents.popitem(last=False)
        return document

    def _checked(
        self, document: DocumentNode, request: GraphqlRequest
    ) -> OperationDefinitionNode:
        operation = get_operation_ast(document, request.operation_name)
        if operation is None:
            raise RequestRejected(_which_operation(request.operation_name))
        check_weight(document, operation, request.variables, self._limits)
        return operation


def _which_operation(name: str | None) -> str:
    if name is None:
        return "The document has several operations: operationName must name one."
    return f"There is no operation {name!r}."


def _answer(result: ExecutionResult, operation_name: str | None) -> GraphqlAnswer:
    if not result.errors:
        return GraphqlAnswer(200, encode({"data": result.data}))
    causes = [error.original_error for error in result.errors]
    for cause in causes:
        if isinstance(cause, StorageBusy):
            logger.warning("storage busy error=%s", cause)
            return GraphqlAnswer(503, error_body(BUSY), RETRY_AFTER_S)
        if isinstance(cause, StorageError | OSError):
            trouble = trouble_of(cause)
            logger.error("storage refused error=%s", cause, extra={"trouble": trouble})
            text = CANNOT_STORE.format(error=trouble)
            return GraphqlAnswer(503, error_body(text), MENDED_AFTER_S)
    messages = [_message(error, operation_name) for error in result.errors]
    status = _status(causes)
    if status != 200:
        return GraphqlAnswer(status, error_body(*messages))
    errors = [{"message": message} for message in messages]
    return GraphqlAnswer(200, encode({"data": result.data, "errors": errors}))


def _status(causes: Sequence[BaseException | None]) -> int:
    """200 with errors where the request is at fault, 500 (retried) where we are."""
    if any(isinstance(cause, NotAllowed) for cause in causes):
        return 403
    if all(cause is None or isinstance(cause, ASKER_ERRORS) for cause in causes):
        return 200
    return 500


def _message(error: GraphQLError, operation_name: str | None) -> str:
    cause = error.original_error
    if cause is None or isinstance(cause, GraphQLError):
        return error.message
    if isinstance(cause, ASKER_ERRORS):
        return str(cause)  # error.message has lost which part was at fault
    path = ".".join(map(str, error.path or ()))
    logger.error(
        "resolver failed operation=%s path=%s", operation_name, path, exc_info=cause
    )
    return f"The server failed at {path or 'this request'}; its log says why."
