"""One config and one summary of several writers that share a run.

Each writer sends all that it knows; what others know stays.
"""

from collections.abc import Callable, Mapping

from wandb_proto import json_codec

from wandb_server.model.json_value import Json

_Object = dict[str, Json]


def merge_summaries(stored: str, received: str) -> str:
    """Of several writers' summaries: `received` wins key by key (top level).

    Text that is not an object loses to one that is.
    """
    return _merged(stored, received, lambda ours, theirs: {**ours, **theirs})


def merge_configs(stored: str, received: str) -> str:
    """Of several writers' configs: `received` wins key by key.

    In `_wandb` the writers' environments (`e`) stay side by side, and metrics (`m`)
    that only others defined are kept. Text that is not an object loses to one that is.
    """
    return _merged(stored, received, _merge_config_objects)


def _merged(
    stored: str, received: str, merge: Callable[[_Object, _Object], _Object]
) -> str:
    documents = []
    for text in (stored, received):
        try:
            document = json_codec.loads(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(document, dict):
            documents.append(document)
    if len(documents) < 2:
        return stored if not documents else json_codec.dumps(documents[0]).decode()
    return json_codec.dumps(merge(*documents)).decode()


def _merge_config_objects(stored: _Object, received: _Object) -> _Object:
    merged = {**stored, **received}
    ours, theirs = (_object(_value(x.get("_wandb"))) for x in (stored, received))
    if ours and theirs:
        private = {**ours, **theirs}
        private["e"] = {**_object(ours.get("e")), **_object(theirs.get("e"))}
        private["m"] = _merge_metrics(ours.get("m"), theirs.get("m"))
        merged["_wandb"] = {"value": private}
    return merged


def _merge_metrics(stored: Json, received: Json) -> list[Json]:
    """Definitions name their x-axis ("5") by its place in their list, from 1."""
    merged: list[Json] = []
    places: dict[str, int] = {}
    for definitions in (received, stored):
        known = [one for one in _list(definitions) if isinstance(one, dict)]
        fresh = [one for one in known if _metric_name(one) not in places]
        for place, one in enumerate(fresh, len(merged) + 1):
            places[_metric_name(one)] = place
        merged += [_replaced_axis(one, known, places) for one in fresh]
    return merged


def _replaced_axis(
    definition: _Object, own: list[_Object], places: Mapping[str, int]
) -> _Object:
    axis = definition.get("5")
    if not isinstance(axis, int) or not 1 <= axis <= len(own):
        return definition
    return {**definition, "5": places[_metric_name(own[axis - 1])]}


def _metric_name(definition: _Object) -> str:
    return str(definition.get("1") or definition.get("2") or "")


def _value(wrapped: Json) -> Json:
    return wrapped.get("value") if isinstance(wrapped, dict) else None


def _object(value: Json) -> _Object:
    return dict(value) if isinstance(value, dict) else {}


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
