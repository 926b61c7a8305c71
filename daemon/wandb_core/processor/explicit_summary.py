"""Summary values that the user sets inside of a value that was set whole.

`summary["z"] = {"a": 1}` is logged as one JSON text. An update of `z → b` behind it
makes official readers forget `a`; so the log gets the complete `z` instead.
"""

from wandb_proto.v1 import record_pb2 as pb

from wandb_core.run_state import JsonTree, item_path
from wandb_core.run_state.json_tree import open_text


def complete_update(summary: pb.SummaryRecord, known: JsonTree) -> None:
    """Rewrite the updates and removals that lead into a whole JSON object.

    Order matters inside one record too, so each is looked at after those before it.
    """
    if not any(len(item.nested_key) > 1 for item in (*summary.update, *summary.remove)):
        return
    changed = JsonTree()
    rewritten = pb.SummaryRecord()
    for item in summary.update:
        path = item_path(item)
        found = _whole_value(path, changed, known)
        if found is None:
            rewritten.update.append(item)
            changed.set(path, item.value_json)
            continue
        whole, value = found
        value.set(path[len(whole) :], item.value_json)
        _put(rewritten, whole, value, changed)
    for item in summary.remove:
        path = item_path(item)
        found = _whole_value(path, changed, known)
        if found is None:
            rewritten.remove.append(item)
            continue
        whole, value = found
        value.remove(path[len(whole) :])
        _put(rewritten, whole, value, changed)
    summary.CopyFrom(rewritten)


def _whole_value(
    path: tuple[str, ...], changed: JsonTree, known: JsonTree
) -> tuple[tuple[str, ...], JsonTree] | None:
    """The object text that the path leads into: where it is, and its values."""
    for length in range(1, len(path)):
        text = changed.get(path[:length])
        if text is None:
            text = known.get(path[:length])
        if isinstance(text, str):
            node = open_text(text)
            if node is None:
                return None
            value = JsonTree(opens_leaves=True)
            value.restore(node)
            return path[:length], value
    return None


def _put(
    rewritten: pb.SummaryRecord,
    path: tuple[str, ...],
    value: JsonTree,
    changed: JsonTree,
) -> None:
    text = value.render()
    if len(path) == 1:
        rewritten.update.add(key=path[0], value_json=text)
    else:
        rewritten.update.add(nested_key=path, value_json=text)
    changed.set(path, text)
