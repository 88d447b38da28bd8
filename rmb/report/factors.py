"""What a study says of criteria and of instructing methods, in sentences: what was shown, what was not, what would have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rmb.metrics.intervals import FEW
from rmb.report.table import NOTHING

Found = Mapping[str, Any]

AXES: Mapping[str, str] = {"criteria": "criteria", "style": "method"}
"""The axes in question, and what their levels are called."""
ALL = "all judges"


@dataclass(frozen=True, slots=True)
class Panel:
    """The axes as one judge shows them, or all together. place: where `factors` stands in results.json."""

    name: str
    place: tuple[str, ...]
    factors: Found

    @property
    def axes(self) -> list[str]:
        """Those of AXES that have several levels."""
        return [axis for axis in AXES if axis in self.factors["axes"] and self.reference(axis) != NOTHING]

    def reference(self, axis: str) -> str:
        """The level of an axis that others are held against."""
        return str(self.factors["axes"][axis]["reference"])

    def levels(self, axis: str) -> dict[str, Found]:
        """The levels of an axis, the reference first; that of judges which are not prompted is none."""
        told = self.factors["axes"][axis]["levels"]
        return {name: level for name, level in told.items() if name != NOTHING}

    def effects(self, axis: str) -> dict[str, Found]:
        """Each other level of an axis against the reference."""
        return {name: one["effect"] for name, one in self.levels(axis).items() if one["effect"] is not None}

    @property
    def tests(self) -> int:
        """How many effects Holm corrects for: the measured ones of all axes."""
        every = [
            level["effect"] for axis in self.factors["axes"].values() for level in axis["levels"].values()
        ]
        return sum(effect is not None and effect["p_holm"] is not None for effect in every)


def panels(found: Found) -> list[Panel]:
    """All judges together, then each that has criteria or methods of its own; of one such judge that one alone.

    found: results.json. Empty where neither criteria nor style is an axis, or nothing is held against anything.
    """
    judges = [
        Panel(judge, ("by_judge", judge), told) for judge, told in (found.get("by_judge") or {}).items()
    ]
    mine = [one for one in judges if one.axes]
    if len(mine) == 1 or found["factors"] is None:
        return mine
    names = dict.fromkeys(line["levels"].get("judge", "") for line in found["leaderboard"])
    together = Panel(ALL if len(names) > 1 else next(iter(names), ""), ("factors",), found["factors"])
    return [*([together] if together.axes else []), *mine]


def answer(found: Found) -> Iterator[str]:
    """The answer in sentences, for every panel: criteria, then methods, and what the p-values allow for."""
    told = panels(found)
    for one in told:
        before = f"{one.name}: " if len(told) > 1 else ""
        for axis in one.axes:
            yield from (f"{before}{line}" for line in of_axis(one, axis))
    yield from allowances(told)


def of_axis(panel: Panel, axis: str) -> Iterator[str]:
    """What may be said of an axis: a sentence for each level that was shown to differ, one for each sort of the others."""
    effects, what, reference = panel.effects(axis), AXES[axis], panel.reference(axis)
    by_finding: dict[str, dict[str, Found]] = {}
    for level, effect in effects.items():
        by_finding.setdefault("none" if effect["difference"] is None else effect["finding"], {})[level] = (
            effect
        )
    shown = sorted(by_finding.get("different", {}).values(), key=worth, reverse=True)
    yield from (sentence(effect) for effect in shown)
    if not shown:
        yield f"no {what} was shown to differ from {reference}."
    for finding, text in (
        ("no difference shown", "no difference shown between {} and {}; {} would have shown."),
        ("not enough data", "not enough data to tell {} from {}; {} could show."),
    ):
        if finding in by_finding:
            some = by_finding[finding]
            yield text.format(named(some, axis), reference, detectable(list(some.values())))
    if "identical" in by_finding:
        yield f"{named(by_finding['identical'], axis)}: the same credit as {reference} on every item."
    if "none" in by_finding:
        yield f"nothing was measured of {named(by_finding['none'], axis)}."


def worth(effect: Found) -> float:
    """The difference in Overall of an effect that was measured."""
    return float(effect["difference"]["overall"]["value"])


def sentence(contrast: Found) -> str:
    """What results.json says of an effect or an interaction, with its axes by the names that they have here."""
    words = str(contrast["words"])
    for levels in (contrast["levels"], contrast["reference"]):
        for axis, level in levels.items():
            words = words.replace(f"{axis} {level}", f"{AXES.get(axis, axis)} {level}")
    return f"{words}."


def named(levels: Mapping[str, Found], axis: str) -> str:
    """Levels with their differences: "method rubric (+0.4)"."""
    return ", ".join(f"{AXES[axis]} {level}{gap(effect)}" for level, effect in levels.items())


def gap(effect: Found) -> str:
    """A difference in points, in brackets; nothing where none was measured or there is none."""
    return f" ({100 * worth(effect):+.1f})" if effect["difference"] is not None else ""


def detectable(effects: Sequence[Found]) -> str:
    """From which difference on effects would have shown, with 80 % power."""
    known = [100 * one["detectable"] for one in effects if one["detectable"] is not None]
    if len(known) < len(effects):
        return "no difference of any size"
    low, high = f"{min(known):.1f}", f"{max(known):.1f}"
    return f"{low} points" if low == high else f"{low} to {high} points"


def allowances(told: Sequence[Panel]) -> Iterator[str]:
    """What must be known to read the answer: how many comparisons, on how much, and over what else."""
    families = [f"{one.tests} of {one.name}" if len(told) > 1 else str(one.tests) for one in told]
    apart = ", each by itself" if len(told) > 1 else ""
    yield (
        f"p is Holm's, which allows for all comparisons: {', '.join(families)}{apart}. What would have shown, or could show, "
        "is the smallest true difference that is found at that level with 80 % power."
    )
    for one in told:
        count = one.factors["conversations"]
        if count < FEW:
            yield f"{one.name}: {count} conversations; with so few, intervals are too narrow."
    others = [axis for axis in told[0].factors["axes"] if axis not in (*AXES, "judge")] if told else []
    if others:
        yield f"Effects are means over {' and '.join(others)} as well."
    yield "A level is one wording of its criteria or method; another wording may do better or worse."


def interactions(found: Found) -> Iterator[str]:
    """The interactions of criteria and methods, with each other or with the judge, that were shown; or that none was."""
    told = panels(found)
    for one in told:
        before = f"{one.name}: " if len(told) > 1 else ""
        every = [each for each in one.factors["interactions"] if each["difference"] is not None]
        mine = [
            each
            for each in every
            if set(AXES) & set(each["levels"]) and NOTHING not in each["levels"].values()
        ]
        shown = sorted((each for each in mine if each["finding"] == "different"), key=lambda each: each["p"])
        yield from (f"{before}{sentence(each)}" for each in shown)
        if mine and not shown:
            yield (
                f"{before}none of {len(mine)} interactions was shown (Holm over {len(every)}); "
                f"{detectable(mine)} would have shown."
            )
