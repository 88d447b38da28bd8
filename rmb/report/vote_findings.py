"""What `rmb vote` found, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rmb.metrics.intervals import FEW
from rmb.report.figures.svg import shown
from rmb.report.table import p_value

Found = Mapping[str, Any]
"""As `rmb vote --json` prints it, see rmb.metrics.voting."""
VOTES: Mapping[str, str] = {
    "majority": "a majority",
    "weighted": "a vote weighted by accuracy",
    "log_odds": "a vote weighted by log-odds",
}
NAMES: Mapping[str, str] = {"majority": "majority", "weighted": "weighted", "log_odds": "log-odds"}


def findings(found: Found) -> list[str]:
    """What may be said, in sentences, each on one line whatever judges are called."""
    return [shown(sentence) for sentence in sentences(found)]


def sentences(found: Found) -> Iterator[str]:
    """The sentences, the main rule's answer first."""
    main, each = next(iter(found["rules"].items()))
    whole = each["sizes"][-1]
    if found["conversations"] < FEW:
        yield (
            f"{found['conversations']} conversations only: with so few, intervals are too narrow and differences "
            "hard to show."
        )
    if len(found["judges"]) == 2:
        yield "Two judges cannot outvote each other: where they differ there is no majority. Name three or more."
    yield from agreement(main, whole, each["gain"], found)
    yield from uneven(main, each["sizes"])
    yield from others(found)
    yield from best(main, each, len(found["judges"]))
    if whole["independent"] is not None and whole["mean"] is not None:
        yield together(whole)
    yield from ranking(main, each["replaced"], found)


def agreement(rule: str, whole: Found, gain: Found | None, found: Found) -> Iterator[str]:
    """The whole panel beside the best single judge."""
    single = found["best_single"]["name"]
    agreed = next(one["agreement"] for one in found["judges"] if one["name"] == single)
    if whole["mean"] is None or gain is None or agreed is None:
        yield "No comparison counts under this convention."
        return
    told = (
        f"{capital(VOTES[rule])} of {whole['size']} judges agrees with the labels on {share(whole['mean'])}"
    )
    told += f" of {found['comparisons']:,} comparisons"
    if whole["unlabelled"]:
        told += f", and on {percent(whole['unlabelled'])} it gives no label"
    yield f"{told}; the best single judge, {single}, on {percent(agreed['value'])}: {difference(gain)}."


def uneven(rule: str, lines: Sequence[Found]) -> Iterator[str]:
    """Beside an even number of equal votes, that of panels with one judge less, which seldom tie."""
    even = rule == "majority" and lines[-1]["size"] % 2 == 0 and lines[-1]["size"] > 2
    if even and lines[-1]["unlabelled"] and lines[-2]["mean"] is not None:
        line = lines[-2]
        yield (
            f"An even number may tie: panels of {line['size']} agree on {share(line['mean'])} in the mean, without a "
            f"label on {percent(line['unlabelled'])}."
        )


def difference(gain: Found) -> str:
    """How much a vote gains over the best single judge, and whether that is shown."""
    if not gain["value"] and gain["p"] == 1:
        return "no difference"
    told = f"{abs(100 * gain['value']):.1f} points {'more' if gain['value'] >= 0 else 'less'} by voting"
    told += "" if gain["low"] is None else f" (95 %: {100 * gain['low']:+.1f} to {100 * gain['high']:+.1f})"
    return f"{told}, p {p_value(gain['p'])}{'' if gain['p'] <= 0.05 else ': no difference shown'}"


def others(found: Found) -> Iterator[str]:
    """The other ways of weighing, a sentence each."""
    for rule, each in list(found["rules"].items())[1:]:
        whole, gain = each["sizes"][-1]["mean"], each["gain"]
        if whole is not None and gain is not None:
            yield f"{capital(VOTES[rule])} agrees on {share(whole)}: {difference(gain)}."


def best(rule: str, each: Found, judges: int) -> Iterator[str]:
    """The panel that agrees best, of those that may outvote a judge."""
    known = [one for one in each["sizes"] if one["size"] > 1 and one["best"] is not None]
    if judges < 3 or not known:
        return
    top = max(known, key=lambda one: one["best"]["value"])
    if top["size"] == judges:
        yield f"By {NAMES[rule]}, no smaller panel of two or more agrees better than all of them together."
        return
    yield (
        f"By {NAMES[rule]}, the best panel of two or more is {', '.join(top['best']['judges'])}: "
        f"{percent(top['best']['value'])}. It was picked on these labels; expect less on others."
    )


def together(whole: Found) -> str:
    """What erring on the same comparisons costs."""
    cost = 100 * (whole["independent"] - whole["mean"]["value"])
    told = f"Independent judges of these accuracies would reach {percent(whole['independent'])} (Condorcet)"
    if cost >= 0.05:
        return f"{told}: erring together costs {cost:.1f} points."
    return f"{told}: the judges do not err together more than by chance."


def ranking(rule: str, board: Found, found: Found) -> Iterator[str]:
    """Whether labels by the other judges would rank the judges alike."""
    every, told = board["judges"], board["correlation"]
    shares = [one["flipped"] / found["comparisons"] for one in every]
    moved = sum(bool(one["moved"]) for one in every)
    ranked = f", and {moved} of {told['n']} judges would have another rank" if told["n"] else ""
    yield (
        f"If each judge were scored by what {VOTES[rule]} of the others says, {percent(min(shares))} to "
        f"{percent(max(shares))} of the labels would be flipped{ranked}: {told['words']}."
    )


def percent(part: float) -> str:
    """A share as a percentage."""
    return f"{100 * part:.1f} %"


def share(one: Found) -> str:
    """A share with its interval."""
    if one["low"] is None:
        return percent(one["value"])
    return f"{percent(one['value'])} (95 %: {100 * one['low']:.1f}–{100 * one['high']:.1f})"


def capital(text: str) -> str:
    """A sentence's beginning."""
    return text[:1].upper() + text[1:]
