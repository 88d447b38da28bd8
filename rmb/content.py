"""Where judges, prompts, studies and the sample lie, and what a name given by the user stands for.

In an installed wheel the content is in `rmb/_content`; in a checkout it is at the top. There is no third
place, so a bare name means one thing everywhere.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pydantic
import yaml

from rmb.errors import ContentError, UnknownName, one_line

PACKAGE = Path(__file__).parent
ENDINGS = {
    "judges": ".yaml",
    "prompts": ".jinja",
    "prompts/criteria": ".jinja",
    "prompts/styles": ".jinja",
    "prompts/written": ".jinja",
    "prompts/build": ".jinja",
    "studies": ".yaml",
    "prompts/build/taxonomies": ".yaml",
}
PROMPTS = {"template": "prompts", "criteria": "prompts/criteria", "style": "prompts/styles"}
"""What a prompt is put together from, and the folder of each part."""
YAML_FAULTS = (yaml.YAMLError, ValueError, ArithmeticError, RecursionError)
"""What reading YAML and checking it may raise: pydantic's errors are ValueErrors, as are impossible dates."""
Matter = TypeVar("Matter", bound=pydantic.BaseModel)
SHORT = {".yaml": ".yml"}
SORTS = {
    "judges": "judge",
    "prompts": "template",
    "prompts/criteria": "criteria",
    "prompts/styles": "style",
    "prompts/written": "writing",
    "prompts/build": "build prompt",
    "studies": "study",
    "prompts/build/taxonomies": "taxonomy",
}


class OnceLoader(yaml.SafeLoader):
    """Reads YAML in which no key stands twice: one of the two would be lost without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """The mapping of a node. Raises ConstructorError, which tells the place and not the key."""
        keys = [key for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        times = Counter(key.value for key in keys)
        for key in keys:
            if times[key.value] > 1:
                raise yaml.constructor.ConstructorError(None, None, "a key stands twice", key.start_mark)
        return super().construct_mapping(node, deep)


@dataclass(frozen=True, slots=True)
class Source:
    """One content file as it was read: its name, its text, and the sha256 of its bytes."""

    name: str
    text: str
    sha256: str


def content_root() -> Path:
    """The folder that holds judges/, prompts/, sample/ and studies/."""
    packed = PACKAGE / "_content"
    return packed if packed.is_dir() else PACKAGE.parent


def in_checkout() -> bool:
    """True when the program runs from a checkout and not from an installed wheel."""
    return content_root() == PACKAGE.parent and (PACKAGE.parent / "pyproject.toml").is_file()


def names(folder: str) -> list[str]:
    """The names of the project's own files in a content folder, sorted."""
    return sorted(path.stem for path in (content_root() / folder).glob(f"*{ENDINGS[folder]}"))


def is_path(name: str, ending: str) -> bool:
    """True if a name given by the user is a file of theirs: it has a slash, or the ending."""
    return "/" in name or "\\" in name or name.endswith((ending, SHORT.get(ending, ending)))


def user_path(name: str) -> Path:
    """The path that the user wrote, ~ being the home folder; as it was written if there is no such home."""
    try:
        return Path(name).expanduser()
    except RuntimeError:
        return Path(name)


def read(folder: str, name: str) -> Source:
    """The content file that `name` stands for: a bare name is the project's own, a path is the user's.

    folder: a key of ENDINGS. Raises UnknownName with the nearest names, or ContentError if the file
    cannot be read as text.
    """
    ending = ENDINGS[folder]
    if is_path(name, ending):
        path = user_path(name)
        if not path.is_file():
            raise ContentError(f"no {SORTS[folder]} file {name!r}; a name without slash is the project's own")
    else:
        path = content_root() / folder / f"{name}{ending}"
        if name not in names(folder):
            raise UnknownName(SORTS[folder], name, names(folder))
    return read_file(path, name=name)


def read_file(path: Path, *, name: str) -> Source:
    """A text file with its hash. Raises ContentError if it cannot be read or is not UTF-8."""
    try:
        data = path.read_bytes()
        return Source(name, data.decode("utf-8"), hashlib.sha256(data).hexdigest())
    except (OSError, UnicodeDecodeError) as error:
        raise ContentError(f"cannot read {path}: {error}") from error


def read_yaml(text: str) -> Any:
    """What a YAML text says. Raises one of YAML_FAULTS, for a key that stands twice as well."""
    return yaml.load(text, OnceLoader)  # noqa: S506 - a SafeLoader, and stricter


def split(source: Source, kind: type[Matter]) -> tuple[Matter, str]:
    """Front matter, checked against its kind, and the Jinja text below it; Windows' line ends are Unix's."""
    text = source.text.removeprefix("\ufeff").replace("\r\n", "\n")
    opening, marker, rest = text.partition("---\n")
    front, closing, body = rest.partition("\n---\n")
    if opening.strip() or not marker or not closing:
        raise ContentError(
            f"{source.name}: no front matter; the file starts with a block between two '---' lines"
        )
    try:
        return kind.model_validate(read_yaml(front)), body
    except YAML_FAULTS as error:
        raise ContentError(f"{source.name}: {one_line(error)}") from error
