"""The data card in words: what was built, of what, by whom, what is left of it, and what it cannot tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from rmb.build.markdown import listed, shown, table

COUNTED = frozenset({"came", "kept", "waiting", "dropped", "read", "made", "at", "settings"})
ASKED = frozenset(
    {"judges", "served_models", "asked", "from_store", "cost_usd", "prompt_tokens", "completion_tokens"}
)
"""What the desk tells of a stage that asks models."""
LICENCE = """\
The prompts are the source's: its licence holds for them, and so do the terms of the models that answered. Look at both
before you pass the data on. Texts are as people and models wrote them, unchecked: they can hold personal data, and
offend."""
CITING = """\
Cite the source of the prompts, RMB for the method and the layout (Zhou et al., ICLR 2025, arXiv 2410.09893), and this
card with the hashes in card.json, which name models and files to the byte."""
CAUTIONS = """\
- Labels are ratings of a model: a judge that resembles it is favoured. See the agreement with people, if any was
  measured; without it nothing is known of how right the labels are.
- Figures do not compare with those of RMB's own data: prompts, models and raters are others.
- Prompts were filtered, and responses with ratings close together make no pair: the items are not a sample of what
  users ask, and easier than a choice between any two responses.
- Categories of few items say little; look at the intervals of `rmb judge`."""


def in_words(card: Mapping[str, Any], old: Sequence[str]) -> str:
    """The data card as Markdown. old: stages that rest on files that were made anew since.

    What a stage tells and this page does not know is listed under its name.
    """
    stages = card["stages"]
    lines = ["# Data card", *opening(card, old), *counts(stages, old), *reasons(stages)]
    for title, part in PARTS.items():
        lines += section(title, list(part(stages)))
    for stage, told in stages.items():
        lines += section(f"Stage {stage}", list(rest(stage, told)))
    for title, said in {"Licence": LICENCE, "How to cite": CITING, "What not to conclude": CAUTIONS}.items():
        lines += section(title, [said])
    return "\n".join(lines) + "\n"


def section(title: str, lines: Sequence[str]) -> list[str]:
    """Lines below a title; none where there is nothing to say."""
    return ["", f"## {title}", *([] if lines[0] == "" else [""]), *lines] if lines else []


def rest(stage: str, told: Mapping[str, Any]) -> Iterator[str]:
    """What a stage tells that stands nowhere else, and the settings that it ran with."""
    shown_elsewhere = COUNTED | ASKED | KNOWN.get(stage, frozenset())
    yield from listed({name: value for name, value in told.items() if name not in shown_elsewhere})
    if told.get("settings"):
        yield from listed({"settings": told["settings"]})


def opening(card: Mapping[str, Any], old: Sequence[str]) -> Iterator[str]:
    """What was built, and of what."""
    recipe, built = card.get("recipe") or {}, card["stages"].get("assemble", {}).get("splits") or {}
    yield ""
    made = [
        f"{shown(name)}: {shown(part.get('pairs'))} pairs and {shown(part.get('lists'))} best-of-N lists on "
        f"{shown(part.get('prompts'))} prompts"
        for name, part in built.items()
    ]
    what = "; ".join(made) if made else "not assembled yet"
    yield f"A preference benchmark in the layout of RMB, made by `rmb build`. {what[0].upper()}{what[1:]}."
    if recipe:
        yield ""
        yield f"Source of the prompts: {shown(PurePath(recipe['source']).name)}. Seed: {recipe['seed']}. build.yaml: {short(recipe['sha256'])}."
    if old:
        yield ""
        yield f"**Out of date**, as files that they rest on were made anew: {shown(list(old))}. Run these stages again."


def counts(stages: Mapping[str, Any], old: Sequence[str]) -> Iterator[str]:
    """A line a stage. What comes and goes are prompts, then responses, then items."""
    rows = [
        [
            f"{stage} (out of date)" if stage in old else stage,
            *(told[name] for name in ("came", "kept")),
            sum(told["dropped"].values()),
            told["waiting"],
        ]
        for stage, told in stages.items()
        if "came" in told
    ]
    yield from ["", "## Counts"]
    yield from table(("stage", "came", "kept", "dropped", "waiting"), rows)
    yield ""
    yield (
        "Prompts come to the first three stages, responses leave `respond`, come to `annotate` and `assemble`, and items "
        "leave it. Waiting: an answer is missing; the same command goes on."
    )


def reasons(stages: Mapping[str, Any]) -> Iterator[str]:
    """Why something was left out, by stage."""
    rows = [
        [stage, reason, count]
        for stage, told in stages.items()
        for reason, count in told.get("dropped", {}).items()
    ]
    if rows:
        yield from ["", "Left out (each with its reason in `<stage>.dropped.jsonl`):"]
        yield from table(("stage", "reason", "dropped"), rows, names=2)


def categories(stages: Mapping[str, Any]) -> Iterator[str]:
    """Prompts, pairs and lists of each category."""
    names = ("prompts", "pairs", "lists", "comparisons")
    rows = [[path, *map(told.get, names)] for path, told in of(stages, "categories").items()]
    if rows:
        yield from table(("category", *names), rows)


def models(stages: Mapping[str, Any]) -> Iterator[str]:
    """How often each model wins its pairs, by goal: a judge that knows who wrote what can guess so much."""
    rows = [
        [goal, model, told.get("pairs"), told.get("won"), told.get("share")]
        for goal, found in of(stages, "models").items()
        for model, told in found.items()
    ]
    if rows:
        yield "Share of its pairs that each model wins:"
        yield from table(("goal", "model", "pairs", "won", "share"), rows, names=2)
        yield from ["", "Mean rating of all responses of each model:"]
        means = ([model, *told.values()] for model, told in of(stages, "ratings").items())
        yield from table(("model", "responses", "mean"), means)


def lengths(stages: Mapping[str, Any]) -> Iterator[str]:
    """How often the longest response wins."""
    rows = [
        [goal, told.get("pairs"), told.get("lists")] for goal, told in of(stages, "chosen_longer").items()
    ]
    if rows:
        yield "Share of items whose winner is the longest response, as who always takes the longest would find:"
        yield from table(("goal", "pairs", "lists"), rows)


def contamination(stages: Mapping[str, Any]) -> Iterator[str]:
    """What the prompts were looked for in."""
    if "assemble" not in stages:
        return
    found = stages["assemble"].get("contamination")
    if not found:
        yield "Not checked: `assemble.against` names no benchmark."
        return
    count = stages["assemble"]["dropped"].get("contaminated", 0)
    yield f"{count:,} prompts were left out that share {found['ngram']} words in a row with one of these:"
    yield from table(("benchmark", "texts"), found["texts"].items())


def people(stages: Mapping[str, Any]) -> Iterator[str]:
    """How far people agree with the labels, and with each other."""
    told = stages.get("agree", {})
    if not told.get("with_labels"):
        yield "Not measured: no person has labelled a sample (`rmb build agree`)."
        return
    columns = ("pairs", "agree", "Cohen's κ")
    yield f"Intervals: 95 %, over conversations. Ties: {shown(told['ties'])}."
    yield from table(
        ("with the labels", *columns), (agreeing(one["who"], one) for one in told["with_labels"])
    )
    between = [agreeing(" – ".join(one["people"]), one) for one in told["between"]]
    if between:
        yield from table(("between people", *columns), between)
        yield from ["", f"Krippendorff's α of all people: {shown(told['alpha'])}"]
    yield from table(("goal", *columns), (agreeing(goal, one) for goal, one in told["by_goal"].items()))
    gaps = (agreeing(f"{one['low']:.2f} to {one['high']:.2f}", one) for one in told["by_gap"])
    yield from table(("gap of the ratings", *columns), gaps)
    yield from ["", *(f"- {shown(note)}" for note in told["notes"])]


def agreeing(name: str, one: Mapping[str, Any]) -> list[Any]:
    """A line of agreement."""
    return [name, one["pairs"], one["raw"], one["kappa"]]


def asked(stages: Mapping[str, Any]) -> Iterator[str]:
    """Who was asked, and what it cost."""
    rows = [
        [stage, one.get("name"), (one.get("identity") or {}).get("model"), short(one.get("sha256"))]
        for stage, told in stages.items()
        for one in told.get("judges") or ()
    ]
    if not rows:
        return
    yield from table(("stage", "asked", "model", "card"), rows, names=4)
    names = ("asked", "from_store", "cost_usd", "prompt_tokens", "completion_tokens")
    costs = [
        [stage, *(told.get(name) for name in names)] for stage, told in stages.items() if "judges" in told
    ]
    yield from table(("stage", "asked", "from store", "dollars", "tokens sent", "tokens written"), costs)


def checks(stages: Mapping[str, Any]) -> Iterator[str]:
    """What `rmb lint` found, and what could not be balanced."""
    if "assemble" not in stages:
        return
    found = stages["assemble"].get("lint") or {}
    yield f"- `rmb lint`: {', '.join(f'{shown(name)} {count:,}' for name, count in found.items()) or 'nothing found'}"
    yield from (f"- {shown(line)}" for line in stages["assemble"].get("balance") or ())
    outside = stages["assemble"].get("comparisons_without_pair")
    yield f"- comparisons in lists that are no pair, since the balance took it out: {shown(outside)}"


PARTS: Mapping[str, Callable[[Mapping[str, Any]], Iterator[str]]] = {
    "Categories": categories,
    "Models": models,
    "Lengths": lengths,
    "Agreement with people": people,
    "Contamination": contamination,
    "Checks": checks,
    "Models that were asked": asked,
}
KNOWN = {
    "assemble": frozenset(
        {
            "categories",
            "models",
            "chosen_longer",
            "contamination",
            "lint",
            "balance",
            "comparisons_without_pair",
        }
    ),
    "agree": frozenset({"with_labels", "between", "alpha", "by_goal", "by_gap", "ties", "notes"}),
}
"""What these parts show, by stage."""


def of(stages: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """What `assemble` tells under a name; nothing if it does not."""
    return stages.get("assemble", {}).get(name) or {}


def short(sha256: str | None) -> str:
    """The first digits of a hash."""
    return sha256[:12] if sha256 else "–"
