"""Memory does not grow with the number of questions."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from tests.fake_api import served
from tests.judged import finish, start, write_judge, write_questions

FEW, MANY, MOST_MB = 1_000, 50_000, 100


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
def test_memory_is_flat(tmp_path: Path) -> None:
    """From 1,000 to 50,000 questions, no more than 100 MB, though all verdicts are at hand for the figures."""
    few, many = (peak_mb(tmp_path / str(number), number) for number in (FEW, MANY))
    print(f"{FEW:,}: {few:.0f} MB, {MANY:,}: {many:.0f} MB")
    assert many - few < MOST_MB
