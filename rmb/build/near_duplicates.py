"""Prompts that differ in a few words only: found by MinHash, and then told by what they really share."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rmb.build.made import Dropped
from rmb.build.prompt import Prompt
from rmb.build.words import words
from rmb.errors import MissingExtra

if TYPE_CHECKING:
    from datasketch import MinHash, MinHashLSH

Hashes = frozenset[int]
"""Of the runs of words in a text, 64 bits each."""
PERMUTATIONS, WIDEST = 256, 32
"""Of a signature; the most rows of a band."""
MISSED = 1e-6
"""How likely, at most, two prompts at the threshold are not compared."""


def apart(prompts: Sequence[Prompt], threshold: float, ngram: int) -> tuple[list[Prompt], list[Dropped]]:
    """The prompts without near-duplicates of an earlier one that is kept; and these, for the ledger.

    Two are near-duplicates if the Jaccard similarity of their shingles is the threshold or more. Candidates come from
    MinHash signatures cut into bands (Broder 1997, "On the resemblance and containment of documents"; Leskovec,
    Rajaraman and Ullman, "Mining of Massive Datasets", section 3.4); each is compared for certain. A pair at the
    threshold is missed with a probability below MISSED. Raises MissingExtra without datasketch.
    """
    index, blank = banded(threshold)
    place: dict[str, int] = {}
    held: list[tuple[Prompt, Hashes]] = []
    dropped: list[Dropped] = []
    for prompt in prompts:
        hashes = shingles(text_of(prompt), ngram)
        signature = signed(blank, hashes)
        near = (held[at] for at in sorted(place[name] for name in index.query(signature)))
        found = next(twins(hashes, near, threshold), None)
        if found is not None:
            twin, similarity = found
            dropped.append(Dropped(prompt.id, "near-duplicate", f"of {twin.id}, similarity {similarity:.2f}"))
            continue
        index.insert(prompt.id, signature)
        place[prompt.id] = len(held)
        held.append((prompt, hashes))
    return [prompt for prompt, _ in held], dropped


def text_of(prompt: Prompt) -> str:
    """What the user says in all turns; what was answered in between is not theirs."""
    return "\n".join(turn.content for turn in prompt.conversation if turn.role == "user")


def shingles(text: str, ngram: int) -> Hashes:
    """The distinct runs of so many words, hashed; a text of fewer words is one run, one without any is itself a run."""
    found = words(text) or [text.strip()]
    runs = {" ".join(found[at : at + ngram]) for at in range(max(1, len(found) - ngram + 1))}
    return frozenset(
        int.from_bytes(hashlib.blake2b(run.encode(), digest_size=8).digest(), "big") for run in runs
    )


def jaccard(one: Hashes, other: Hashes) -> float:
    """The share of two sets' elements that both have, in [0, 1]; of sets that are not empty."""
    common = len(one & other)
    return common / (len(one) + len(other) - common)


def twins(
    hashes: Hashes, near: Iterator[tuple[Prompt, Hashes]], threshold: float
) -> Iterator[tuple[Prompt, float]]:
    """Those that are as similar as the threshold, with the similarity."""
    for prompt, its in near:
        # Sets that differ so much in size cannot be: it need not be counted.
        if min(len(its), len(hashes)) >= threshold * max(len(its), len(hashes)) * (1 - 1e-9):
            similarity = jaccard(hashes, its)
            if similarity >= threshold:
                yield prompt, similarity


def bands(threshold: float) -> tuple[int, int]:
    """How many bands of how many rows: the most rows by which a pair at the threshold is still compared."""
    for rows in range(WIDEST, 1, -1):
        if (1 - threshold**rows) ** (PERMUTATIONS // rows) <= MISSED:
            return PERMUTATIONS // rows, rows
    return PERMUTATIONS, 1


def banded(threshold: float) -> tuple[MinHashLSH, MinHash]:
    """An empty index that finds candidates for a threshold, and the signature of nothing.

    Raises MissingExtra without datasketch.
    """
    try:
        from datasketch import MinHash, MinHashLSH
    except ImportError as error:
        raise MissingExtra(
            'near_duplicates needs datasketch: pip install "rmb-judge[build]"; or set it to null in build.yaml'
        ) from error
    # One signature to copy: the permutations are drawn once, always by the same seed.
    blank = MinHash(num_perm=PERMUTATIONS, hashfunc=int)
    return MinHashLSH(num_perm=PERMUTATIONS, params=bands(threshold)), blank


def signed(blank: MinHash, hashes: Hashes) -> MinHash:
    """The MinHash signature of some shingles: 32 bits of each hash are permuted. blank: that of nothing."""
    signature: MinHash = blank.copy()
    signature.update_batch([one & 0xFFFFFFFF for one in hashes])
    return signature
