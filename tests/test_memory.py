"""Memory does not grow with the number of questions."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from tests.fake_api import served
from tests.judged import finish, start, write_judge, write_questions

FEW = 1_000


def peak_mb(folder: Path, questions: int) -> float:
    """The most memory that a run of so many questions ever had, in MB."""
    folder.mkdir()
    write_questions(folder, questions)
    with served() as url:
        write_judge(folder, f"{url}/v1", concurrency=64)
        process, most = start(folder, "run"), 0.0
        status = Path(f"/proc/{process.pid}/status")
        # What the system says of a process that has ended counts the memory of the one that started it as well.
        while process.poll() is None:
            told = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
            most = max(most, int(told[1]) / 1024 if told else 0.0)
            time.sleep(0.02)
        finish(process, folder, "run")
    return most


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
@pytest.mark.parametrize(
    ("many", "most_mb"), [(5_000, 40), pytest.param(50_000, 100, marks=pytest.mark.slow)]
)
def test_memory_is_flat(many: int, most_mb: float, tmp_path: Path) -> None:
    """From 1,000 to 50,000 questions, no more than 100 MB; the quick run does a part of the way."""
    few, all_of_them = (peak_mb(tmp_path / str(number), number) for number in (FEW, many))
    print(f"{FEW:,}: {few:.0f} MB, {many:,}: {all_of_them:.0f} MB")
    assert all_of_them - few < most_mb
