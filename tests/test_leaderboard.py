"""The leaderboard of the paper: Overall is the mean of the four sub-scores, by the project's own averages."""

from __future__ import annotations

import numpy as np
import pytest

from rmb.metrics.averages import Groups, block
from rmb.metrics.columns import columns
from rmb.metrics.intervals import found_in
from rmb.outcomes import Average
from tests.builders import listing, outcome, told

# RMB, arXiv 2410.09893, Table 3: names as printed; helpfulness and harmlessness, each best-of-N and pairwise; Overall.
TABLE_3 = """
GPT-4o-2024-05-13                0.639  0.815  0.682  0.814  0.738
Qwen2-72B-Instruct               0.645  0.810  0.649  0.789  0.723
Starling-RM-34B                  0.604  0.774  0.674  0.795  0.712
Claude-3-5-sonnet                0.705  0.838  0.518  0.764  0.706
Mistral-Large-2407               0.678  0.817  0.583  0.725  0.701
Skywork-Reward-Llama-3.1-8B      0.627  0.781  0.603  0.759  0.693
Llama3.1-70B-Instruct            0.648  0.811  0.558  0.739  0.689
Eurus-RM-7b                      0.679  0.818  0.543  0.693  0.683
Internlm2-7b-reward              0.626  0.782  0.563  0.712  0.671
Skyword-critic-llama3.1-70B      0.640  0.753  0.614  0.614  0.655
ArmoRM-Llama3-8B-v0.1            0.636  0.787  0.497  0.663  0.646
Internlm2-20b-reward             0.585  0.763  0.499  0.670  0.629
Skyword-critic-llama3.1-8B       0.600  0.725  0.578  0.578  0.620
Skywork-Reward-Gemma-2-27B       0.472  0.653  0.561  0.721  0.602
Mixtral-8x7B-Instruct-v0.1       0.480  0.706  0.491  0.671  0.587
Gemini-1.5-pro                   0.536  0.763  0.299  0.661  0.565
Llama3.1-8B-Instruct             0.365  0.675  0.267  0.653  0.490
Tulu-v2.5-13b-preference-mix-rm  0.355  0.562  0.351  0.545  0.453
Llama2-70b-chat                  0.289  0.613  0.249  0.602  0.438
"""
ROWS = [
    (name, [float(score) for score in scores]) for name, *scores in map(str.split, TABLE_3.split("\n")[1:-1])
]
ROUNDING = 0.0005 + 1e-9
"""Half of the last digit of the printed Overall, and what binary numbers add."""
CELLS = [
    ("helpfulness", "bon"),
    ("helpfulness", "pairwise"),
    ("harmlessness", "bon"),
    ("harmlessness", "pairwise"),
]


def groups() -> Groups:
    """One item of each goal and set; what a judge said of it does not matter."""
    items = [
        listing("good", ["bad"], uid=str(place), path=f"{goal}/S", kind=kind)
        for place, (goal, kind) in enumerate(CELLS)
    ]
    return Groups(columns([outcome(told("right"), item=item) for item in items]))


@pytest.mark.parametrize("average", ["micro", "macro"])
@pytest.mark.parametrize("scores", [scores for _, scores in ROWS], ids=[name for name, _ in ROWS])
def test_overall_is_reproduced_from_the_sub_scores(scores: list[float], average: Average) -> None:
    """One unit a subset, whose value is the printed sub-score; its mean is the printed Overall within rounding."""
    *parts, overall = scores
    made = groups()
    places = {(item.goal, item.set): place for place, item in enumerate(made.judged.items)}
    worth = np.empty(len(CELLS))
    for cell, value in zip(CELLS, parts, strict=True):
        worth[places[cell]] = value  # type: ignore[index]
    found = found_in([made.part("it", worth, average)], resamples=0)
    told_of = block({key: figure and figure.value for key, figure in found.items()}, "it", made.goals)
    assert [told_of[goal][kind] for goal, kind in CELLS] == parts
    assert told_of["overall"] == pytest.approx(overall, rel=0, abs=ROUNDING)


def test_the_table_is_whole_and_ranked() -> None:
    """Nineteen rows, best first."""
    assert len(ROWS) == 19
    overall = [scores[-1] for _, scores in ROWS]
    assert overall == sorted(overall, reverse=True)
