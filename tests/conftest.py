import os
from collections import Counter
from pathlib import Path

import hypothesis
import pytest

hypothesis.settings.register_profile("default", deadline=None, max_examples=60, derandomize=True)
hypothesis.settings.load_profile("default")

SHARED = Path(os.environ.get("MFNAS_SHARED", Path(__file__).parents[2] / "shared"))


#: Markers of tests that take long.
LONG = {"slow", "browser", "cluster"}


def pytest_collection_modifyitems(items):
    """Files with many long tests come first; tests of the measured data skip, by name, where the data is not."""
    # Workers are given whole files: with the long ones first, they end together.
    n_long = Counter(item.path for item in items if LONG & set(item.keywords))
    items.sort(key=lambda item: -n_long[item.path])
    if not SHARED.is_dir():
        skip = pytest.mark.skip(reason="the measured benchmark data (../shared) is not on this machine")
        for item in items:
            if "shared" in item.keywords:
                item.add_marker(skip)


@pytest.fixture(scope="session", autouse=True)
def no_tables_of_the_user(tmp_path_factory):
    """Tests neither see nor touch the tables and downloads of whoever runs them."""
    for name in ("MFNAS_TABLES", "MFNAS_DOWNLOADS"):
        os.environ[name] = str(tmp_path_factory.mktemp("user") / "folder")


@pytest.fixture(autouse=True)
def registered_as_before(monkeypatch):
    """Optimizers, spaces and plug-ins that a test registers are unknown to the next one, and warnings come again."""
    from mfnas_vec.search import OPTIMIZERS
    from mfnas_vec.search.outside import LOADED
    from mfnas_vec.search.registry import OPTIONAL
    from mfnas_vec.spaces import SPACES
    from mfnas_vec.tables import store

    monkeypatch.setattr(store, "_PASSED_OVER", set())  # a warning is given once
    optimizers, spaces, loaded = dict(OPTIMIZERS), dict(SPACES), dict(LOADED)
    LOADED.clear()
    yield
    # Adapters register on their first import only.
    optimizers |= {name: found for name, found in OPTIMIZERS.items() if name in OPTIONAL}
    for registry, before in ((OPTIMIZERS, optimizers), (SPACES, spaces), (LOADED, loaded)):
        registry.clear()
        registry.update(before)


@pytest.fixture
def user_tables(tmp_path, monkeypatch):
    """An empty folder of imported tables."""
    monkeypatch.setenv("MFNAS_TABLES", str(tmp_path / "tables"))
    return tmp_path / "tables"


@pytest.fixture(scope="session")
def shared():
    return SHARED


@pytest.fixture(scope="session")
def cifar10():
    from mfnas_vec import open_table

    return open_table("nb201-cifar10").load()
