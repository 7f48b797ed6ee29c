"""Files as one, as Compose merges them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harness.stack import merge, shorthand
from harness.stack.nodes import Node, SourceMapping, walk
from harness.stack.source import parse
from harness.stack.validate import data


def merged(base: str, over: str) -> dict[str, object]:
    """Both as the content of one service `s`, merged, as plain values."""
    first, second = (
        shorthand.document(
            parse("services:\n  s:\n" + "\n".join(f"    {line}" for line in text.splitlines()), "c.yaml")
        )
        for text in (base, over)
    )
    root = data(merge.clean(merge.fields(first, second)))
    found: dict[str, object] = root["services"]["s"]
    return found


def test_mappings_merge_and_the_later_value_wins() -> None:
    assert merged("labels: {a: 1, b: 1}", "labels: {b: 2, c: 2}") == {"labels": {"a": 1, "b": 2, "c": 2}}


def test_lists_append() -> None:
    assert merged("x-l: [a, b]", "x-l: [b, c]") == {"x-l": ["a", "b", "b", "c"]}


def test_a_capability_stands_once() -> None:
    assert merged("cap_add: [A, B]", "cap_add: [B, C]") == {"cap_add": ["A", "B", "C"]}


def test_commands_and_health_tests_are_replaced() -> None:
    assert merged("command: a b", "command: [c]") == {"command": ["c"]}
    assert merged("entrypoint: [a, b]", "entrypoint: c") == {"entrypoint": ["c"]}
    found = merged("healthcheck: {test: [CMD, a], retries: 5}", "healthcheck: {test: b}")
    assert found == {"healthcheck": {"test": ["CMD-SHELL", "b"], "retries": 5}}


def test_environments_merge_by_name_whatever_their_form() -> None:
    found = merged("environment: [A=1, B=1]", "environment: {B: 2, C: 3}")
    assert found == {"environment": {"A": "1", "B": 2, "C": 3}}


def test_a_name_without_a_value_in_the_later_file_takes_the_callers() -> None:
    assert merged("environment: {A: 1}", "environment: [A]") == {"environment": {"A": None}}


def test_an_argument_of_a_build_without_a_value_takes_the_callers() -> None:
    found = merged("build: {context: ., args: {A: 1, B: 1}}", "build: {args: {A: }}")
    assert found == {"build": {"context": ".", "args": {"A": None, "B": 1}}}


def test_a_key_without_a_value_in_the_later_file_changes_nothing() -> None:
    assert merged("image: a", "image:") == {"image": "a"}


def test_ports_are_the_same_by_address_port_and_protocol() -> None:
    found = merged('ports: ["80:80", "81:81"]', 'ports: ["80:80/tcp", "80:80/udp"]')
    ports = found["ports"]
    assert isinstance(ports, list)
    assert [(port["published"], port["protocol"]) for port in ports] == [("80", "tcp"), ("81", "tcp"), ("80", "udp")]


def test_a_port_in_its_long_form_is_tcp_where_it_does_not_say() -> None:
    found = merged("ports: [{target: 80, published: '80'}]", "ports: [{target: 80, published: '80', protocol: tcp}]")
    assert found["ports"] == [{"target": 80, "published": "80", "protocol": "tcp"}]
    assert len(merged("ports: [{target: 80}]", "ports: [{target: 80, protocol: udp}]")["ports"]) == 2  # type: ignore[arg-type]


def test_ports_that_differ_in_one_part_only_are_two() -> None:
    port = {"target": 80, "published": "80", "protocol": "tcp", "host_ip": "127.0.0.1"}
    for part, other in (("target", 81), ("published", "81"), ("protocol", "udp"), ("host_ip", "127.0.0.2")):
        found = merged(f"ports: [{port}]", f"ports: [{port | {part: other}}]")
        assert found["ports"] == [port, port | {part: other}], part


def test_files_of_variables_are_the_same_by_path() -> None:
    found = merged("env_file: [{path: a.env, required: true}, b.env]", "env_file: [{path: a.env, required: false}]")
    paths = found["env_file"]
    assert isinstance(paths, list)
    assert (paths[0]["path"], paths[0]["required"]) == ("a.env", False)
    assert len(paths) == 2


def test_only_the_lists_of_a_service_have_values_that_stand_once() -> None:
    """One of the same name deeper in a service, or elsewhere in the file, is a list like any other."""
    assert merged("x-l: {tmpfs: [a]}", "x-l: {tmpfs: [a]}") == {"x-l": {"tmpfs": ["a", "a"]}}
    first, second = (parse("x-all:\n  s:\n    tmpfs: [a]\n", "c.yaml") for _ in range(2))
    assert data(merge.fields(first, second)) == {"x-all": {"s": {"tmpfs": ["a", "a"]}}}


def test_what_is_merged_carries_no_tag_on() -> None:
    """A tag that stays would reset or override once more in the file after."""
    third = "x-m: {a: 1}\nx-l: [a]"
    first, second = (parse(text, "c.yaml") for text in (third, "x-m: !override {b: 2}\nx-l: !override [b]"))
    both = merge.fields(first, second)
    again = merge.fields(parse("x-m: {c: 3}\nx-l: [c]", "c.yaml"), both)
    assert data(again) == {"x-m": {"c": 3, "b": 2}, "x-l": ["c", "b"]}


def test_nothing_in_a_clean_tree_has_a_tag() -> None:
    root = parse("a: !override 1\nb: !override [x, !override y]\nc: !override {d: !override null}\n", "c.yaml")
    assert [node.tag for node in walk(merge.clean(root))] == [""] * 7
    assert data(merge.clean(root)) == {"a": 1, "b": ["x", "y"], "c": {"d": None}}


def test_volumes_are_the_same_by_target_and_the_later_one_wins() -> None:
    volumes = merged("volumes: [a:/x, b:/y]", "volumes: ['c:/x:ro']")["volumes"]
    assert isinstance(volumes, list)
    assert [volume["source"] for volume in volumes] == ["c", "b"]


def test_dependencies_merge_by_service() -> None:
    found = merged("depends_on: [a, b]", "depends_on: {b: {condition: service_healthy}}")
    assert found == {"depends_on": {"a": {"condition": "service_started"}, "b": {"condition": "service_healthy"}}}


def test_a_short_build_merges_with_a_long_one() -> None:
    found = merged("build: ./here", "build: {args: [A=1]}")
    assert found == {"build": {"context": "./here", "args": {"A": "1"}}}


def test_reset_removes_what_was_there() -> None:
    assert merged("image: a\nenvironment: {A: 1, B: 1}", "image: !reset null\nenvironment: {A: !reset null}") == {
        "environment": {"B": 1}
    }


def test_override_replaces_what_was_there() -> None:
    assert merged("x-l: [a]\nlabels: {a: 1}", "x-l: !override [b]\nlabels: !override {b: 2}") == {
        "x-l": ["b"],
        "labels": {"b": 2},
    }


def test_tags_in_a_file_with_nothing_before_it_take_effect_too() -> None:
    root = parse("a: !reset null\nb: !override [x, !reset y]\n", "c.yaml")
    assert data(merge.clean(root)) == {"b": ["x"]}


def test_the_commands_of_a_deployer_are_replaced_and_its_environment_merges() -> None:
    first = parse("x-harness: {deployer: {deploy: [a], environment: {A: 1}}, probes: {queue: {command: [x]}}}", "c")
    second = parse("x-harness: {deployer: {deploy: [b], environment: {B: 2}}, probes: {queue: {command: [y]}}}", "c")
    assert data(merge.fields(first, second)) == {
        "x-harness": {
            "deployer": {"deploy": ["b"], "environment": {"A": 1, "B": 2}},
            "probes": {"queue": {"command": ["y"]}},
        }
    }


def test_what_is_merged_keeps_its_own_place() -> None:
    root = merge.fields(parse("a:\n  b: 1\n", "one.yaml"), parse("\n\na:\n  c: 1\n", "two.yaml"))
    inner = root.fields["a"]
    assert isinstance(inner, SourceMapping)
    assert [str(node.place) for node in inner.fields.values()] == ["one.yaml, line 2: a.b", "two.yaml, line 4: a.c"]


names = st.sampled_from(["a", "b", "c", "environment", "labels"])
trees = st.recursive(
    st.integers(0, 9),
    lambda below: st.dictionaries(names, below, max_size=4) | st.lists(below, max_size=3),
    max_leaves=12,
)
mappings = st.dictionaries(names, trees, max_size=4)


def tree(values: object) -> SourceMapping:
    node: Node = parse(str(values), "c.yaml")
    assert isinstance(node, SourceMapping)
    return node


def expected(base: object, over: object) -> object:
    """The rule in three lines: mappings merge, lists append, everything else is replaced."""
    if isinstance(base, dict) and isinstance(over, dict):
        return {
            key: expected(base[key], over[key]) if key in base and key in over else {**base, **over}[key]
            for key in {**base, **over}
        }
    return [*base, *over] if isinstance(base, list) and isinstance(over, list) else over


@given(mappings, mappings)
def test_any_two_files_merge_by_the_rule(base: dict[str, object], over: dict[str, object]) -> None:
    assert data(merge.fields(tree(base), tree(over))) == expected(base, over)


@given(mappings)
def test_merging_an_empty_file_changes_nothing(base: dict[str, object]) -> None:
    assert data(merge.fields(tree(base), tree({}))) == base
    assert data(merge.fields(tree({}), tree(base))) == base
