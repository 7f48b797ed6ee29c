from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.engine.ignore import Ignore, _regex
from harness.errors import ContextError
from suites.soak import many


@pytest.mark.parametrize(
    ("patterns", "path", "excluded"),
    [
        (["*.md"], "README.md", True),
        (["*.md"], "docs/README.md", False),
        (["**/*.md"], "README.md", True),
        (["**/*.md"], "a/b/README.md", True),
        (["*/temp*"], "a/temporary", True),
        (["*/temp*"], "temporary", False),
        (["*/*/temp*"], "a/b/temp", True),
        (["temp?"], "tempa", True),
        (["temp?"], "temp", False),
        (["docs"], "docs/a/b", True),
        (["/docs/"], "docs/a", True),
        (["./docs"], "docs", True),
        (["*.md", "!README.md"], "README.md", False),
        (["!README.md", "*.md"], "README.md", True),
        (["*.md", "!README*.md", "README-secret.md"], "README-secret.md", True),
        (["docs", "!docs/keep"], "docs/keep/x", False),
        (["docs", "!docs/keep"], "docs/other", True),
        (["**"], "a/b", True),
        (["a/**/z"], "a/z", True),
        (["a/**/z"], "a/b/c/z", True),
        (["a/**"], "a/b/c", True),
        (["*"], "a", True),
        (["*", "!a"], "a/x", False),
        (["# a"], "# a", False),
        (["  a  "], "a", True),
        (["."], "a", False),
        (["[a-c].txt"], "b.txt", True),
        (["[^a-c].txt"], "b.txt", False),
        ([r"\*.md"], "x.md", False),
        ([r"\*.md"], "*.md", True),
        (["a.c"], "abc", False),
        (["a+(b)"], "a+(b)", True),
        (["x/../y"], "y", True),
    ],
)
def test_patterns_mean_what_docker_documents(patterns: list[str], path: str, excluded: bool) -> None:
    assert Ignore(patterns).excludes(path) is excluded


def plainly(pattern: str) -> str:
    """The pattern as a regular expression that tries everything."""
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    return "".join(
        {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(part, re.escape(part)) for part in parts
    )


@pytest.mark.soak
@settings(max_examples=many(500), deadline=None)
@given(
    pattern=st.text(alphabet="ab/*?", min_size=1, max_size=8).map(lambda text: text.replace("//", "/").strip("/")),
    path=st.text(alphabet="ab/", min_size=1, max_size=9).map(lambda text: re.sub("/+", "/", text).strip("/")),
)
def test_looking_once_finds_what_trying_everything_finds(pattern: str, path: str) -> None:
    assert bool(re.fullmatch(_regex(pattern), path)) is bool(re.fullmatch(plainly(pattern), path))


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "pattern", ["*a" * 30 + "b", "**/a/" * 20 + "b", "**a" * 30 + "b", "?*" * 30 + "b", "**/*a*/" * 20 + "b"]
)
def test_a_pattern_of_many_wildcards_takes_no_longer_than_others(pattern: str) -> None:
    ignore = Ignore([pattern])
    assert not any(ignore.excludes(path) for path in ("a" * 250, "a/" * 120 + "a", ("a" * 20 + "/") * 10))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("pattern", "path"), [("[[a]", "["), ("[a&&b]", "&"), ("[|~]x", "~x"), ("[~~]", "~")])
def test_signs_that_regular_expressions_have_for_sets_are_plain_in_brackets(pattern: str, path: str) -> None:
    assert Ignore([pattern]).excludes(path)
    assert not Ignore([pattern]).excludes("z")


@pytest.mark.parametrize("pattern", ["[z-a]", "a[b-a]c", "[a--b]"])
def test_a_pattern_that_is_none_is_refused_with_its_line(pattern: str) -> None:
    with pytest.raises(ContextError) as caught:
        Ignore(["*.md", pattern], "web/.dockerignore")
    assert (caught.value.where, caught.value.got) == ("web/.dockerignore, line 2", pattern)
    assert caught.value.exit_code == 4
