"""What a build is to be: build.yaml, a section for each stage."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

import pydantic

from rmb import content
from rmb.errors import ContentError, UnknownName, one_line
from rmb.strict import Strict

FILE = "build.yaml"
Count = Annotated[int, pydantic.Field(ge=1)]
Share = Annotated[float, pydantic.Field(ge=0, le=1)]
Temperature = Annotated[float, pydantic.Field(ge=0, allow_inf_nan=False)]
Names = Annotated[tuple[str, ...], pydantic.Field(min_length=1)]


class Categorise(Strict):
    """Who says where a prompt belongs. agree: how many of the judges must say the same; None: all of them.

    taxonomy: a name or a YAML file; prompt: what the judges are asked.
    """

    judges: Names = ("embedded",)
    agree: Count | None = None
    taxonomy: str = "rmb"
    prompt: str = "categorise"

    @pydantic.model_validator(mode="after")
    def _possible(self) -> Categorise:
        if self.agree is not None and self.agree > len(self.judges):
            raise ValueError(f"agree is {self.agree}, and judges are {len(self.judges)}")
        return self


class Difficulty(Strict):
    """Prompts are kept on which models differ: those that weak and strong models answer alike tell judges nothing.

    weak, strong: models, by card or LiteLLM id. judge: rates their responses, `samples` times each, as `annotate` does.
    gap: kept where the strong models' mean rating is ahead of the weak ones' by so much, or behind it; spread: kept as
    well where any two models' ratings are so far apart.
    """

    weak: Names
    strong: Names
    judge: str
    samples: Count = 1
    gap: Annotated[float, pydantic.Field(gt=0)] = 1.0
    spread: Annotated[float, pydantic.Field(gt=0)] = 2.0


class Filter(Strict):
    """Which prompts go on.

    languages: as the source names them; None for any. characters: the least and the most of the last turn.
    most_characters: of the whole conversation. letters: least share of letters in the last turn. near_duplicates:
    Jaccard similarity of word n-grams from which two prompts count as one; None keeps them. most: of each category,
    drawn before any model is asked for difficulty.
    """

    languages: Names | None = ("English",)
    characters: tuple[Count, Count] = (8, 8_000)
    most_characters: Count = 24_000
    letters: Share = 0.3
    near_duplicates: Annotated[float, pydantic.Field(ge=0.2, le=1)] | None = 0.7
    ngram: Count = 3
    most: Count | None = None
    difficulty: Difficulty | None = None

    @pydantic.model_validator(mode="after")
    def _in_order(self) -> Filter:
        if self.characters[0] > self.characters[1]:
            raise ValueError("characters: the least come first")
        return self


class Respond(Strict):
    """Which models answer each prompt, and how. system: said to all of them first, if anything."""

    models: Names = ("embedded",)
    system: str | None = None
    temperature: Temperature = 1.0
    max_tokens: Count = 1024
    samples: Count = 1


class Annotate(Strict):
    """Who rates the responses. samples: times that each is rated; the rating is their mean.

    least: samples that must give a rating. prompt: a pointwise template; key_points: has the judge write first what a
    good response must hold, None for none. temperature: of the ratings; samples of 0 would all be the same.
    """

    judge: str = "embedded"
    samples: Count = 3
    least: Count = 1
    temperature: Temperature = 1.0
    max_tokens: Count = 1024
    prompt: str = "rating"
    style: str | None = None
    key_points: str | None = "key_points"

    @pydantic.model_validator(mode="after")
    def _can_be_reached(self) -> Annotate:
        if self.least > self.samples:
            raise ValueError(f"least: {self.least} ratings cannot come of samples: {self.samples}")
        return self


class Assemble(Strict):
    """How ratings become pairs and lists.

    pair_gap: least difference of two ratings that makes a pair; pairs_per_prompt: at most, see rmb.build.pairs.
    list_margin: by which a winner must be ahead of every loser, and by pair_gap in any case; losers: fewest and most;
    lists_per_prompt: at most, each with another winner. Every comparison in a list is a pair as well.
    longer: share of pairs, and of lists, whose winner is the longest response, at most; None for any.
    generator: share of pairs, and of lists, that one model may win, at most; None for any. Both hold within a goal of
    a split. against: benchmarks that no prompt may be in, by a run of `ngram` words that both have. test: share of the
    conversations that make the test split; the rest is for training.
    """

    pair_gap: Annotated[float, pydantic.Field(gt=0)] = 1.0
    pairs_per_prompt: Count = 10
    list_margin: Annotated[float, pydantic.Field(gt=0)] = 1.0
    losers: tuple[Annotated[int, pydantic.Field(ge=2)], Count] = (2, 6)
    lists_per_prompt: Count = 3
    longer: Share | None = None
    generator: Share | None = None
    against: tuple[str, ...] = ()
    ngram: Count = 13
    test: Share = 1.0

    @pydantic.model_validator(mode="after")
    def _in_order(self) -> Assemble:
        if self.losers[0] > self.losers[1]:
            raise ValueError("losers: the fewest come first")
        if self.losers[0] > self.pairs_per_prompt:
            raise ValueError(
                "pairs_per_prompt: fewer than a list has losers, and each of these is in a pair as well"
            )
        return self


class Agree(Strict):
    """What people are asked to label. items: how many pairs, spread over the categories; split: of the benchmark."""

    items: Count = 100
    split: Literal["test", "train", "all"] = "all"


class Recipe(Strict):
    """All of build.yaml. source: JSONL or Parquet in WildChat's form; most_turns: of users in a conversation.

    limit: of the source's records; None reads all. seed: of everything that is drawn.
    """

    source: str
    limit: Count | None = None
    most_turns: Count = 3
    seed: int = 0
    categorise: Categorise = Categorise()
    filter: Filter = Filter()
    respond: Respond = Respond()
    annotate: Annotate = Annotate()
    assemble: Assemble = Assemble()
    agree: Agree = Agree()


def blank(source: Path) -> str:
    """A build.yaml with every setting, its default, and what it means."""
    text = (content.content_root() / "prompts/build" / FILE).read_text(encoding="utf-8")
    return text.replace("SOURCE", json.dumps(str(source), ensure_ascii=False), 1)


def read(folder: Path) -> Recipe:
    """The recipe in a build's folder. Raises ContentError naming the key that is wrong, and the nearest there is."""
    path = folder / FILE
    if not path.is_file():
        raise ContentError(f"{folder} has no {FILE}; make one with: rmb build new {folder} --source PROMPTS")
    try:
        told = content.read_yaml(content.read_file(path, name=str(path)).text)
        return Recipe.model_validate(told)
    except pydantic.ValidationError as error:
        raise unknown(path, error) or ContentError(f"{path}: {one_line(error)}") from error
    except content.YAML_FAULTS as error:
        raise ContentError(f"{path}: {one_line(error)}") from error


def unknown(path: Path, error: pydantic.ValidationError) -> UnknownName | None:
    """The error for a key that there is not, with the nearest; None where something else is wrong."""
    for fault in error.errors():
        if fault["type"] == "extra_forbidden":
            *section, key = map(str, fault["loc"])
            kinds = {name: field.default.__class__ for name, field in Recipe.model_fields.items()}
            known = (Difficulty if len(section) > 1 else kinds.get(section[0], Recipe)) if section else Recipe
            return UnknownName(f"key of a build (in {path})", key, known.model_fields)
    return None


def paths_beside(folder: Path, name: str) -> str:
    """A path of the recipe as seen from its folder: "./x" and "../x" are below it, all else is as it stands."""
    return str(folder / name) if name.startswith(("./", "../")) else name
