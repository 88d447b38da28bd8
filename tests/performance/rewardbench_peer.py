"""The peer of the reward models: the pipeline of the package rewardbench 0.1.4 (allenai/reward-bench), as released.

Its class is run from its own file in the wheel, which needs torch alone: importing the package would import every
architecture that it has, and fails under the transformers of today. The loop around it is part of long functions that
also load data and upload results, so it is written here anew: batches in the order of the data, and for each batch
the texts that were chosen, then those that were rejected.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
import types
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from rmb.scorers.weights import pip_commands
from tests.conftest import REAL_CACHE

WHEEL = "rewardbench==0.1.4"
SHA256 = "4ea9db0aa7c56fd5c048a5146fba1b7b137b119485e94de609ca4c8a5e546f38"
MEMBER = "rewardbench/models/pipeline.py"
BATCH, MAX_LENGTH = 64, 2_048
"""Texts of a batch and tokens of a text, where a user of its script for reward models says nothing."""


def wheel() -> Path:
    """The wheel, fetched once into the cache by its hash; the test is skipped if it cannot be had."""
    kept = REAL_CACHE / "peers" / f"{WHEEL.replace('==', '-')}.whl"
    if not kept.is_file():
        with tempfile.TemporaryDirectory() as folder:
            fetched = download(Path(folder))
            if fetched is None:
                pytest.skip(f"the peer {WHEEL} is not in {REAL_CACHE.name}/peers, and pip cannot fetch it")
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(fetched, kept)
    if hashlib.sha256(kept.read_bytes()).hexdigest() != SHA256:
        pytest.skip(f"{REAL_CACHE.name}/peers/{kept.name} is not {WHEEL}: remove it")
    return kept


def download(folder: Path) -> Path | None:
    """The wheel as pip fetches it, without what it needs; None if no pip can."""
    pins = folder / "pins.txt"
    pins.write_text(f"{WHEEL} --hash=sha256:{SHA256}\n", encoding="utf-8")
    options = ["--quiet", "--no-deps", "--require-hashes", "-r", str(pins), "-d", str(folder)]
    for pip in pip_commands():
        if subprocess.run([*pip, "download", *options], capture_output=True, check=False).returncode == 0:
            return next(folder.glob("*.whl"))
    return None


def pipeline() -> Any:
    """The peer's class, unchanged."""
    module = types.ModuleType("rewardbench_pipeline")
    with zipfile.ZipFile(wheel()) as archive:
        exec(compile(archive.read(MEMBER), MEMBER, "exec"), module.__dict__)
    return module.RewardBenchPipeline


class OnDevice:
    """A tokenizer whose tensors stay on a device: the peer sends them to "cuda", wherever its model is."""

    def __init__(self, tokenizer: Any, device: torch.device) -> None:
        """tokenizer: does the work; device: the model's."""
        self.tokenizer, self.device = tokenizer, device

    def __getattr__(self, name: str) -> Any:
        return getattr(self.tokenizer, name)

    def __call__(self, *texts: Any, **options: Any) -> Any:
        encoded = self.tokenizer(*texts, **options)
        move = encoded.to
        encoded.to = lambda _: move(self.device)
        return encoded


class Meter:
    """What goes through a model, whoever asks it: forward passes, tokens with the padding, and without it."""

    def __init__(self, model: torch.nn.Module) -> None:
        """model: any of transformers that is given token ids and a mask."""
        self.reset()
        model.register_forward_pre_hook(self.see, with_kwargs=True)

    def reset(self) -> None:
        """Nothing went through yet."""
        self.passes = self.padded = self.real = 0

    def see(self, _model: Any, _positional: Any, given: dict[str, Any]) -> None:
        """One forward pass. The mask may begin with what is kept of earlier ones."""
        ids = given["input_ids"]
        self.passes += 1
        self.padded += ids.numel()
        self.real += int(given["attention_mask"][:, -ids.shape[1] :].sum())


@dataclass(frozen=True)
class Peer:
    """The pipeline with its model."""

    pipe: Any
    tokenizer: Any
    meter: Meter

    @classmethod
    def opened(cls, folder: Path, *, device: str = "cpu", dtype: torch.dtype = torch.float32) -> Peer:
        """A sequence-classification model of a folder, loaded as the peer's script does."""
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        tokenizer.truncation_side = "left"
        loader = transformers.AutoModelForSequenceClassification
        model = loader.from_pretrained(folder, dtype=dtype).to(device)
        pipe = pipeline()("text-classification", model=model, tokenizer=OnDevice(tokenizer, model.device))
        return cls(pipe, tokenizer, Meter(model))

    def scores(
        self, chosen: Sequence[str], rejected: Sequence[str], batch: int = BATCH
    ) -> list[tuple[float, float]]:
        """The scores of rendered texts: each pair is a row, and each of its texts is scored for it."""
        options = {
            "batch_size": batch, "truncation": True, "padding": True, "max_length": MAX_LENGTH,
            "function_to_apply": "none", "return_token_type_ids": False,
        }  # fmt: skip
        self.meter.reset()
        found: list[tuple[float, float]] = []
        rows = list(zip(chosen, rejected, strict=True))
        for better, worse in torch.utils.data.DataLoader(rows, batch_size=batch):
            sides = [self.pipe(list(texts), **options).float().cpu()[:, 0] for texts in (better, worse)]
            found += zip(*(side.tolist() for side in sides), strict=True)
        return found

    def cut(self, texts: Sequence[str]) -> list[bool]:
        """For each text, whether the peer sees a part of it only."""
        return [len(ids) > MAX_LENGTH for ids in self.tokenizer(list(texts))["input_ids"]]
