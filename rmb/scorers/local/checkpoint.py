"""The files of a trained model: where they are, what identifies them, what of them may be opened, and its tensors.

Weights are read from safetensors; a pickle may run code when it is opened, so it takes the user's word. Code that
comes with a model takes the card's word and the user's.
"""

from __future__ import annotations

import hashlib
import json
import pickle
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import httpx
import huggingface_hub
import safetensors
import torch
import transformers
from huggingface_hub import errors

from rmb.content import user_path
from rmb.errors import ContentError, one_line

FAULTS = (
    *(OSError, ValueError, KeyError, ImportError, RuntimeError, AttributeError, TypeError),
    *(pickle.UnpicklingError, safetensors.SafetensorError),
)
"""What transformers, torch and safetensors raise for a model that cannot be loaded."""
IDENTIFYING = {".json", ".safetensors", ".bin", ".pt", ".jinja", ".model", ".txt", ".py"}
"""Endings of the files of a folder that a score can depend on."""
TRUST = "; if you trust it: trust_remote_code: true in the card, and --trust-remote-code"
SAFE, PICKLED = ("model.safetensors",), ("pytorch_model.bin",)
COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A trained model by its name on the hub or its folder.

    judge: the card's name, for messages. revision: of a name on the hub. code: whether code that comes with the
    model may be run; pickle: whether pickled weights may be opened.
    """

    judge: str
    model: str
    revision: str = "main"
    code: bool = False
    pickle: bool = False

    @property
    def folder(self) -> Path | None:
        """Where the model lies; None if it is a name on the hub."""
        folder = user_path(self.model)
        return folder if folder.is_dir() else None

    @property
    def identity(self) -> str:
        """The sha256 of the folder's files, wherever it lies; or the name with the commit that its revision is now."""
        if self.folder is None:
            return f"{self.model}@{self.commit}"
        total = hashlib.sha256()
        for path in sorted(self.folder.iterdir()):
            if path.suffix in IDENTIFYING and path.is_file():
                with path.open("rb") as file:
                    total.update(path.name.encode() + hashlib.file_digest(file, "sha256").digest())
        return total.hexdigest()

    @property
    def commit(self) -> str:
        """The commit that the revision is now, so that all files are of one; the cached one where there is no network."""
        try:
            return resolved(self.model, self.revision)
        except (OSError, ValueError, httpx.HTTPError) as error:
            raise self.refusal(
                f"is no folder, and not to be had from the hub: {one_line(error)[:300]}"
            ) from error

    @property
    def where(self) -> dict[str, Any]:
        """What every loader of transformers is told."""
        return {
            "pretrained_model_name_or_path": str(self.folder or self.model),
            "revision": "main" if self.folder else self.commit,
            "trust_remote_code": self.code,
        }

    def loaded(self, loader: Callable[..., Any], **options: Any) -> Any:
        """What a loader of transformers makes of the model. Raises ContentError in one line if it cannot."""
        return self.made(loader, **self.where, **options)

    def made(self, loader: Callable[..., Any], *files: Any, **options: Any) -> Any:
        """The same, of options that say where everything is."""
        said = transformers.utils.logging
        # Progress is this program's to show, and tensors of a head are no surprise.
        said.disable_progress_bar()
        loudness = said.get_verbosity()
        said.set_verbosity_error()
        try:
            return loader(*files, **options)
        except FAULTS as error:
            raise self.refusal(f"cannot be loaded: {one_line(error)[:400]}{self.way_out(error)}") from error
        finally:
            said.set_verbosity(loudness)

    def way_out(self, error: Exception) -> str:
        """What a user may do about a model that cannot be loaded."""
        if "trust_remote_code" in str(error):
            return TRUST
        return ""

    def refusal(self, why: str) -> ContentError:
        """The error that says why this judge cannot be had."""
        return ContentError(f"judge {self.judge}: {self.model} {why}")

    def config(self) -> dict[str, Any]:
        """config.json, as it is written."""
        found = self.file("config.json")
        if found is None:
            raise self.refusal("has no config.json")
        settings: dict[str, Any] = json.loads(found.read_text(encoding="utf-8"))
        return settings

    def file(self, name: str) -> Path | None:
        """A file of the model, fetched from the hub if need be; None if it has no such file."""
        if self.folder is not None:
            path = self.folder / name
            return path if path.is_file() else None
        try:
            return Path(huggingface_hub.hf_hub_download(self.model, name, revision=self.commit))
        except errors.EntryNotFoundError:
            # Without a network, what was not fetched before is as good as absent.
            return None
        except FAULTS as error:
            raise self.refusal(f"cannot be loaded: {one_line(error)[:400]}") from error

    def tensors(self, wanted: Callable[[str], bool]) -> dict[str, Any]:
        """The tensors of the weights whose names are wanted, on the CPU, in the dtype that they are stored in."""
        found: dict[str, Any] = {}
        for path in self.shards():
            found.update(self.made(opened, path, wanted))
        return found

    def pickled(self, name: str) -> dict[str, Any]:
        """The tensors of a pickle beside the weights. Raises ContentError if it is not there or may not be opened."""
        self.check_pickle(name)
        path = self.file(name)
        if path is None:
            raise self.refusal(f"has no {name}")
        found: dict[str, Any] = self.made(opened, path, lambda _: True)
        return found

    def check_pickle(self, name: str) -> None:
        """Raises ContentError if the user has not allowed pickles."""
        if not self.pickle:
            raise self.refusal(
                f"has weights in a pickle, {name}, which may run code; if you trust it: --allow-pickle"
            )

    def shards(self) -> Iterator[Path]:
        """The files of the weights. Raises ContentError if there are none that may be opened."""
        for name in chain(SAFE, PICKLED, self.loose()):
            index, single = self.file(f"{name}.index.json"), self.file(name)
            if not (index or single):
                continue
            if name not in SAFE:
                self.check_pickle(name)
            if single:
                yield single
            else:
                assert index is not None
                for shard in sorted(
                    set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
                ):
                    yield Path(str(self.file(shard)))
            return
        raise self.refusal("has no weights: no model.safetensors, or none that can be had now")

    def loose(self) -> Iterator[str]:
        """Pickles by names of their own, as the first reward models were published; looked up when all else fails."""
        folder = self.folder
        if folder is None:
            names = self.made(huggingface_hub.list_repo_files, self.model, revision=self.commit)
        else:
            names = [path.name for path in folder.iterdir()]
        yield from sorted(name for name in names if name.endswith((".pt", "model.bin")))


@cache
def resolved(model: str, revision: str) -> str:
    """The commit of a revision on the hub, or of what was last fetched of it. Raises what the hub's client raises."""
    if COMMIT.fullmatch(revision):
        return revision
    try:
        return str(huggingface_hub.model_info(model, revision=revision, timeout=10).sha)
    except (httpx.TransportError, errors.OfflineModeIsEnabled, errors.HfHubHTTPError) as error:
        if isinstance(error, (errors.RepositoryNotFoundError, errors.RevisionNotFoundError)):
            raise
        try:
            found = huggingface_hub.snapshot_download(model, revision=revision, local_files_only=True)
        except errors.LocalEntryNotFoundError:
            raise error from None
        return Path(found).name


def opened(path: Path, wanted: Callable[[str], bool]) -> dict[str, Any]:
    """The wanted tensors of one file of weights."""
    if path.suffix == ".safetensors":
        with safetensors.safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in filter(wanted, file.keys())}
    # Tensors only, whatever else the pickle holds. Files of torch before 1.6 cannot be mapped.
    mapped = zipfile.is_zipfile(path)
    stored: Mapping[str, Any] = torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
    return {name: tensor for name, tensor in stored.items() if wanted(name)}
