"""An image that stands in for a Toxiproxy of Shopify's make: see `stock/stock.py`."""

from __future__ import annotations

from pathlib import Path

from harness.engine import BuildSpec, Engine
from harness.environment.images import DOOR

STOCK = Path(__file__).parent / "stock"


def in_the_proxys_place(engine: Engine, directory: Path) -> Path:
    """Build it; the override of a stack that names it."""
    door = engine.images.build([DOOR])[DOOR.name].tag
    (directory / "stock.py").write_text((STOCK / "stock.py").read_text())
    entry = 'ENTRYPOINT ["python3", "/stock.py"]'
    (directory / "Dockerfile").write_text(f"FROM {door}\nCOPY stock.py /stock.py\n{entry}\nCMD []\n")
    image = engine.images.build([BuildSpec(name="stock-toxiproxy", context=directory)])["stock-toxiproxy"].tag
    override = directory / "override.yaml"
    override.write_text(f"x-harness:\n  proxy: {{image: {image}}}\n")
    return override
