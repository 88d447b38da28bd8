"""Judges asked through their providers' batches: at half the price, some time within a day.

`in_batches` makes a judge that asks so of one that does not; its answers are kept under the same keys. What is under way
stands in a register beside the answer store, so that no batch is ever submitted twice: docs/decisions/0016-batches.md.
"""

from rmb.batches.judge import Batched, check, in_batches
from rmb.batches.provider import PART
from rmb.batches.register import Batch, Register, keys_under_way

__all__ = ["PART", "Batch", "Batched", "Register", "check", "in_batches", "keys_under_way"]
