"""What a study is: its axes, from a file or from options, and the cells that they span."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic

from rmb import content
from rmb.errors import ContentError, UnknownName, UsageError, one_line
from rmb.outcomes import Average, Order
from rmb.records import Orders
from rmb.strict import Strict

AXES = ("template", "criteria", "style", "orders", "samples", "judge")
"""In the order of tables and of names."""
NONE = "–"
"""The level of a judge that is not prompted, on the axes of prompts."""
FILES = ("template", "criteria", "style", "judge", "data", "baseline")
"""Keys whose values may be paths."""
MOST_CELLS, MOST_SAMPLES = 10_000, 1_000


def several(value: Any) -> Any:
    """One level may stand without brackets."""
    return value if isinstance(value, list | tuple) else [value]


def text(value: Any) -> Any:
    """A number where YAML reads one and a word is meant."""
    return f"{value:g}" if isinstance(value, int | float) and not isinstance(value, bool) else value


Levels = (pydantic.BeforeValidator(several), pydantic.Field(min_length=1))
Names = Annotated[tuple[str, ...], *Levels]
Count = Annotated[int, pydantic.Field(ge=1)]
Samples = Annotated[int, pydantic.Field(ge=1, le=MOST_SAMPLES)]
Word = pydantic.BeforeValidator(text)


class Study(Strict):
    """The axes of a study, each a list of levels, and what is the same for all its cells.

    An axis that is left out is none: there each cell has its judge's or template's own.
    vote: how the samples of a cell with several make one verdict; "each" counts each by itself.
    baseline: a level of some axes; on the others, the first. adaptive: whether clearly worse cells are stopped early;
        error_rate: at which the best may be lost by that.
    """

    description: str = ""
    template: Names = ()
    criteria: Names = ()
    style: Names = ()
    orders: Annotated[tuple[Orders, ...], *Levels] = ("both",)
    samples: Annotated[tuple[Samples, ...], *Levels] = (1,)
    judge: Names = ("embedded",)
    vote: Literal["majority", "mean", "each"] = "majority"
    baseline: Mapping[str, Annotated[str, Word]] = {}
    adaptive: bool = False
    error_rate: Annotated[float, pydantic.Field(gt=0, lt=1)] = 0.05
    data: str | None = None
    set: Literal["pairwise", "bon", "all"] = "all"
    scenario: str | None = None
    limit: Count | None = None
    seed: int = 0
    temperature: Annotated[float, pydantic.Field(ge=0)] | None = None
    max_tokens: Count | None = None
    tie: Annotated[Literal["0", "0.5"] | None, Word] = None
    failure: Annotated[Literal["0", "chance", "excluded"] | None, Word] = None
    credit: Order | None = None
    average: Average | None = None

    @property
    def axes(self) -> dict[str, tuple[str, ...]]:
        """The levels of each axis that has any, each once, in the order of AXES."""
        levels = {axis: tuple(dict.fromkeys(map(str, getattr(self, axis)))) for axis in AXES}
        return {axis: names for axis, names in levels.items() if names}

    def reference(self) -> dict[str, str]:
        """The baseline's level on each axis; a file may go by its name without folder and ending.

        Raises UnknownName for an axis or level that there is not.
        """
        axes, found = self.axes, {axis: levels[0] for axis, levels in self.axes.items()}
        for axis, level in self.baseline.items():
            if axis not in axes:
                raise UnknownName("axis of the study", axis, axes)
            meant = [one for one in axes[axis] if level in (one, short(one))]
            if not meant:
                raise UnknownName(f"level of {axis}", level, axes[axis])
            found[axis] = meant[0]
        return found


def read(name: str) -> dict[str, Any]:
    """The keys of a study of the project's, or of a file; paths in a file are below its own folder.

    Raises ContentError for a file that is none, and UnknownName for a study or a key that there is not, with the nearest.
    """
    path, source = content.user_path(name), content.read("studies", name)
    try:
        told = content.read_yaml(source.text)
    except content.YAML_FAULTS as error:
        raise ContentError(f"{name}: {one_line(error)}") from error
    if not isinstance(told, dict):
        raise ContentError(f"{name}: no study; it holds keys such as 'template: [pairwise_v1, pairwise_v2]'")
    for key in told:
        if key not in Study.model_fields:
            raise UnknownName(f"key of a study (in {name})", str(key), Study.model_fields)
    return {key: beside(path, value) if key in FILES else value for key, value in told.items()}


def beside(path: Path, value: Any) -> Any:
    """A value of a study file with "./x" and "../x" taken from the file's folder."""
    if isinstance(value, list):
        return [beside(path, each) for each in value]
    if isinstance(value, dict):
        return {key: beside(path, each) for key, each in value.items()}
    if isinstance(value, str) and value.startswith(("./", "../")):
        return str(path.parent / value)
    return value


def study(file: str | None, given: Mapping[str, Any]) -> Study:
    """The study that a file and options make; what is given by option takes the place of what the file says.

    Raises ContentError naming the key that is wrong, and UsageError for a grid that is no study.
    """
    told = read(file) if file else {}
    told |= {key: value for key, value in given.items() if value not in (None, (), {})}
    try:
        made = Study.model_validate(told)
    except pydantic.ValidationError as error:
        raise ContentError(f"{file or 'study'}: {one_line(error)}") from error
    made.reference()
    cells = len(list(grid(made.axes)))
    if cells > MOST_CELLS:
        raise UsageError(f"{cells:,} cells are more than {MOST_CELLS:,}; leave out levels")
    return made


def grid(axes: Mapping[str, Sequence[str]]) -> Iterator[dict[str, str]]:
    """Every combination of levels, the last axis changing fastest."""
    for levels in product(*axes.values()):
        yield dict(zip(axes, levels, strict=True))


def labels(axes: Mapping[str, Sequence[str]], judges: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """What the levels of each axis are called: a file by its name, a judge as `judges` says.

    Raises UsageError where two levels of an axis would be called alike.
    """
    found = {}
    for axis, levels in axes.items():
        named = judges if axis == "judge" else {level: short(level) for level in levels}
        by_label = {named[level]: level for level in levels}
        twice = [level for level in levels if by_label[named[level]] != level]
        if twice:
            both = f"{twice[0]!r} and {by_label[named[twice[0]]]!r}"
            raise UsageError(f"two levels of {axis}, {both}, go by one name; rename a file")
        found[axis] = {level: named[level] for level in levels}
    return found


def short(level: str) -> str:
    """A level as names have it: of a file, its name without folder and ending."""
    file = content.is_path(level, ".jinja") or level.endswith(
        (".yaml", ".yml", ".gguf", ".jsonl", ".parquet")
    )
    return Path(level).stem if file else level


def called(levels: Mapping[str, str], axes: Mapping[str, Sequence[str]]) -> str:
    """A cell's name: its levels on the axes that have several, as far as it has one; the judge's if there is none."""
    several = [axis for axis in axes if len(axes[axis]) > 1 and levels[axis] != NONE]
    return " + ".join(spelt(axis, levels[axis]) for axis in several or ["judge"])


def spelt(axis: str, level: str) -> str:
    """A level in a cell's name."""
    if axis != "samples":
        return level
    return f"{level} sample" if level == "1" else f"{level} samples"
