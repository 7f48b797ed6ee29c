"""The pages about families of faults say what their classes say."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import faults
from harness.faults.docs import families, main, page, parameters

PAGES = Path(__file__).parents[3] / "docs" / "faults"


@pytest.mark.parametrize("family", families())
def test_the_page_of_a_family_is_up_to_date(family: str) -> None:
    found = (PAGES / f"{family}.md").read_text(encoding="utf-8")
    assert found == page(family), "run: python -m harness.faults.docs docs/faults"


def test_there_is_no_page_of_a_family_that_is_not(tmp_path: Path) -> None:
    main([str(tmp_path)])
    assert sorted(one.name for one in tmp_path.iterdir()) == sorted(one.name for one in PAGES.iterdir())


@pytest.mark.parametrize("name", [name for name in faults.names() if "." in name])
def test_every_parameter_of_a_fault_with_a_family_is_explained(name: str) -> None:
    fault = faults.find(name)
    assert sorted(set(fault.model_fields) - set(parameters(fault))) == []
