"""What every test has: an empty environment, a store of its own, and no network but loopback."""

from __future__ import annotations

import os
import shutil
import socket
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest_plugins = ["tests.browsing"]
CHECKOUT = Path(__file__).parents[1]
SHARED = CHECKOUT.parent / "shared"
SCRUBBED = ("_API_KEY", "_API_BASE", "_BASE_URL", "_PROXY", "_proxy")
REAL_CACHE = Path(os.environ.get("RMB_CACHE") or CHECKOUT / "cache")
"""Where weights that were fetched once stay between test runs."""


LONG = (
    *("test_memory.py", "test_ablate_command.py", "test_kill.py", "test_chaos.py", "test_interrupt.py"),
    *(
        "test_real_rmb.py",
        "test_embedded.py",
        "test_real_rmb_prompts.py",
        "test_budget.py",
        "test_build_whole.py",
    ),
    *("test_paired.py", "test_ray_engine.py", "test_shared_store.py", "test_direct_client.py"),
)
"""Files that take long for few tests: begun first, so that no worker is left alone with one of them at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the long files first; the others stay in their order."""
    order = {name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: order.get(item.path.name, len(LONG)))


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No keys, proxies or endpoints of whoever runs the tests; runs and answers below the test's own folder."""
    for name in list(os.environ):
        if name.endswith(SCRUBBED) or name in {"RMB_DATA", "NO_COLOR", "FORCE_COLOR", "COLUMNS"}:
            monkeypatch.delenv(name)
    monkeypatch.setenv("RMB_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(autouse=True)
def loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection to any host but this one fails the test that tried it."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        host = address[0] if isinstance(address, tuple) else "localhost"
        assert host in {"127.0.0.1", "::1", "localhost"}, f"a test tried to reach {host}"
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(scope="session")
def rmb_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real RMB files, unpacked. They have no licence, so they are not in the repository."""
    archive = SHARED / "data" / "RMB_dataset.tar.xz"
    if not archive.is_file():
        pytest.skip("the real RMB files are not beside the checkout (../shared/data/RMB_dataset.tar.xz)")
    folder = tmp_path_factory.mktemp("rmb")
    with tarfile.open(archive) as opened:
        opened.extractall(folder, filter="data")
    return folder / "RMB_dataset"


@pytest.fixture
def weights_at_hand(clean_environment: Path) -> Iterator[Path]:
    """The test's own cache, with the embedded model's weights in it if they were ever fetched on this machine.

    Weights that the test fetches are kept for the next run.
    """
    kept, mine = REAL_CACHE / "weights", clean_environment / "cache" / "weights"
    mine.mkdir(parents=True)
    for file in kept.glob("*.gguf"):
        (mine / file.name).symlink_to(file)
    yield mine.parent
    kept.mkdir(parents=True, exist_ok=True)
    for file in mine.glob("*.gguf"):
        if not file.is_symlink():
            shutil.move(file, kept / file.name)
