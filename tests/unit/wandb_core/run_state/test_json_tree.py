from hypothesis import given, settings
from hypothesis import strategies as st
from wandb_core.run_state import JsonTree
from wandb_core.run_state.json_tree import open_text


def tree(*items: tuple[tuple[str, ...], str], opens_leaves: bool = False) -> JsonTree:
    made = JsonTree(opens_leaves=opens_leaves)
    for path, text in items:
        made.set(path, text)
    return made


def test_leaves_are_nested_again() -> None:
    made = tree((("n", "a"), "1"), (("x.y",), "NaN"), (("n", "b", "c"), "[1,2]"))

    assert made.render() == '{"n":{"a":1,"b":{"c":[1,2]}},"x.y":NaN}'
    assert made.value()["n"] == {"a": 1, "b": {"c": [1, 2]}}
    assert list(made.items()) == [("n", '{"a":1,"b":{"c":[1,2]}}'), ("x.y", "NaN")]


def test_scalar_and_object_replace_each_other() -> None:
    assert tree((("n",), "5"), (("n", "a"), "1")).value() == {"n": {"a": 1}}
    assert tree((("n", "a"), "1"), (("n",), "5")).value() == {"n": 5}


def test_object_text_is_opaque_unless_it_is_to_be_opened() -> None:
    items = ((("z",), '{"a":1}'), (("z", "b"), "2"))

    assert tree(*items).value() == {"z": {"b": 2}}
    assert tree(*items, opens_leaves=True).value() == {"z": {"a": 1, "b": 2}}
    scalar = ((("z",), "5"), (("z", "b"), "2"))
    assert tree(*scalar, opens_leaves=True).value() == {"z": {"b": 2}}


def test_removal_reaches_leaves_objects_and_object_texts() -> None:
    made = tree(
        (("a",), "1"), (("n", "x"), "1"), (("n", "y"), "2"), (("z",), '{"k":1}')
    )

    for path in (
        ("a",),
        ("n", "x"),
        ("z", "k"),
        ("missing",),
        ("no", "such"),
        ("n", "y", "z"),
    ):
        made.remove(path)

    assert made.value() == {"n": {"y": 2}, "z": {}}


def test_get_finds_nodes_and_texts() -> None:
    made = tree((("n", "x"), "1"))

    assert made.get(("n", "x")) == "1"
    assert made.get(("n",)) == {"x": "1"}
    assert made.get(("n", "x", "deeper")) is None
    assert made.get(("missing",)) is None


def test_only_object_texts_open() -> None:
    assert open_text('{"a":[1]}') == {"a": "[1]"}
    assert open_text("[1]") is None
    assert open_text('{"broken') is None


paths = st.lists(st.sampled_from("ab"), min_size=1, max_size=3).map(tuple)


@settings(deadline=None)
@given(st.lists(st.tuples(paths, st.integers(0, 9)), max_size=12))
def test_only_the_last_value_of_a_path_matters(
    changes: list[tuple[tuple[str, ...], int]],
) -> None:
    """What lets many rows become one summary record: each path once, in the order of
    its last change, equals every change one after another."""
    last: dict[tuple[str, ...], str] = {}
    for path, value in changes:
        last.pop(path, None)
        last[path] = str(value)

    every = tree(*((path, str(value)) for path, value in changes))

    assert tree(*last.items()).value() == every.value()
