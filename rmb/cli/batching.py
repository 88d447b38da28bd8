"""How a judge of the command line is asked: as ever, or through batches."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from rmb.batches import in_batches, keys_under_way
from rmb.cli.dry_run import taking
from rmb.cli.opening import Judge, Options
from rmb.records import Item
from rmb.run import folder
from rmb.run.execute import prepare
from rmb.scorers import Scorer
from rmb.store import Store

LOG = logging.getLogger(__name__)


def asked(judge: Judge, items: Sequence[Item], options: Options, store: Store | None, place: Path) -> Scorer:
    """The judge's scorer, asked as the options say. place: the run's folder, which names batches while they are under way."""
    noted = folder.noting(place)
    if options.batch and store is not None:
        return in_batches(
            judge.card, judge.scorer, store, lambda batch: noted(batch.to_json()), options.budget
        )
    under_way = keys_under_way(store) if store is not None else set()
    if under_way:
        planned, asking = prepare(judge.scorer, items, options.settings, store)
        found = taking(judge.scorer, planned.questions, asking, set())
        if twice := len(under_way & found.keys):
            LOG.warning(
                "%s questions are in batches under way and are asked again; --batch waits", f"{twice:,}"
            )
    return judge.scorer
