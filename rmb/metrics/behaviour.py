"""How a judge behaves, whether right or wrong: place, length, its own family, the writers, how sure it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rmb.metrics import calibration
from rmb.metrics.columns import columns
from rmb.metrics.families import family
from rmb.metrics.generators import generators
from rmb.metrics.intervals import RESAMPLES, found_in
from rmb.metrics.position import flips, position_test
from rmb.metrics.preferences import length_parts, own_family_parts, slopes
from rmb.outcomes import HEADLINE, Convention, Outcome


def behaviour(
    outcomes: Sequence[Outcome],
    *,
    model: str | None = None,
    convention: Convention = HEADLINE,
    resamples: int = RESAMPLES,
) -> dict[str, Any]:
    """The block "behaviour" of summary.json.

    model: the judge's own, whose family is looked for among the writers. Shares are scores as in the rest of
    summary.json; None where nothing was measured. resamples: 0 leaves out intervals.
    """
    judged = columns(outcomes)
    mine = family(model)
    parts = [*length_parts(judged, convention), *own_family_parts(judged, mine)]
    found = found_in(parts, resamples=resamples)
    cells = {name: None if figure is None else figure.to_json() for name, figure in found.items()}
    of_shown, of_averaged = calibration.shown(judged), calibration.combined(judged)
    return {
        "position": {"p": position_test(judged), "flips": flips(judged).to_json()},
        "length": {
            name: cells[name]
            for name in ("longer_preferred", "longer_is_best", "accuracy_longer", "accuracy_shorter")
        },
        "own_family": {
            "family": mine,
            "preferred": cells["own_preferred"],
            "is_best": cells["own_is_best"],
        },
        "slopes": slopes(judged, mine).to_json(),
        "generators": generators(judged, convention),
        "calibration": None
        if of_shown is None
        else {"shown": of_shown.to_json(), "averaged": of_averaged and of_averaged.to_json()},
    }
