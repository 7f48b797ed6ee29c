from __future__ import annotations

import pytest

from harness.engine.dockerfile import Base, bases, labelled, line_before, stages, substitute


def test_every_image_is_found_once_with_its_line() -> None:
    text = "# syntax\nFROM a:1 AS one\nRUN x\nFROM b:2\nFROM a:1\n"
    assert bases(text) == (Base("a:1", 2), Base("b:2", 4))


def test_stages_and_scratch_are_no_images() -> None:
    text = "FROM a AS Build\nFROM build\nFROM scratch\nCOPY --from=build /x /y\nCOPY --from=0 /x /y\n"
    assert bases(text) == (Base("a", 1),)


def test_a_stage_is_known_only_after_it() -> None:
    assert bases("FROM debian\nFROM debian AS debian\n") == (Base("debian", 1),)


@pytest.mark.parametrize(
    ("text", "args", "reference"),
    [
        ("ARG V=1\nFROM a:$V\n", {}, "a:1"),
        ("ARG V=1\nFROM a:${V}\n", {"V": "2"}, "a:2"),
        ('ARG V="1"\nFROM a:${V}-slim\n', {}, "a:1-slim"),
        ("FROM a:${V:-3}\n", {}, "a:3"),
        ("FROM a:${V:-3}\n", {"V": "4"}, "a:3"),
        ("ARG V\nFROM a:${V:-3}\n", {"V": "4"}, "a:4"),
        ("ARG V=1\nFROM a${V:+:5}\n", {}, "a:5"),
        ("ARG A=x\nARG B=$A-y\nFROM a:$B\n", {}, "a:x-y"),
        ("FROM --platform=linux/amd64 a:1 AS b\n", {}, "a:1"),
        ("from a:1 as b\n", {}, "a:1"),
        ("FROM \\\n  # a comment\n  a:1 \\\n  AS b\n", {}, "a:1"),
        ("# escape=`\nFROM `\n a:1\n", {}, "a:1"),
        ("FROM s AS s\nCOPY --chown=1 --from=c:1 /x /y\n", {}, "c:1"),
    ],
)
def test_references_are_read_as_docker_reads_them(text: str, args: dict[str, str], reference: str) -> None:
    assert bases(text, args)[-1].reference == reference


def test_a_substitution_keeps_flags_stage_and_line_numbers() -> None:
    text = "ARG B=debian\nFROM --platform=linux/amd64 \\\n  ${B}:12 AS one\n"
    text += "RUN x\nFROM other\nCOPY --from=debian:12 /a /b\n"
    expected = (
        "ARG B=debian\nFROM --platform=linux/amd64 mine:1 AS one\n\nRUN x\nFROM other\nCOPY --from=mine:1 /a /b\n"
    )
    assert substitute(text, {"debian:12": "mine:1"}) == expected


def test_what_is_not_to_be_replaced_stays_byte_for_byte() -> None:
    text = "from   a:1  as x\r\nRUN FROM debian:12\n"
    assert substitute(text, {"debian:12": "mine:1"}) == text


def test_a_copy_without_the_flag_is_no_reference() -> None:
    assert bases("FROM a\nCOPY x --from=b\n") == (Base("a", 1),)


CONTINUED = "ARG V=1\nFROM a:${V} \\\n  AS one\nRUN x\nFROM one\nCOPY . /\n"


def test_every_stage_is_labelled_right_after_its_from() -> None:
    assert labelled(CONTINUED, "k", "v").splitlines() == [
        "ARG V=1", "FROM a:${V} \\", "  AS one", 'LABEL k="v"', "RUN x", "FROM one", 'LABEL k="v"', "COPY . /",
    ]  # fmt: skip
    assert stages(CONTINUED) == 2


def test_a_line_that_the_engine_complains_of_is_found_in_the_users_file() -> None:
    own, sent = CONTINUED.splitlines(), labelled(CONTINUED, "k", "v").splitlines()
    for number, line in enumerate(sent, start=1):
        if line in own:
            assert own[line_before(CONTINUED, number) - 1] == line
