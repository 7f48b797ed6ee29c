from __future__ import annotations

import pytest

from harness.engine.ignore import Ignore


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
