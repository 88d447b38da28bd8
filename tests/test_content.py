"""Content: where judges and prompts lie, and what a name stands for."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from rmb import content
from rmb.errors import ContentError, UnknownName
from tests.conftest import CHECKOUT

SHIPPED = [(folder, name) for folder in content.ENDINGS for name in content.names(folder)]


def test_the_content_of_a_checkout_lies_at_its_top() -> None:
    """In a checkout judges/ and prompts/ are read from the repository's root."""
    assert content.content_root() == CHECKOUT
    assert content.in_checkout()


@pytest.mark.parametrize("folder", content.ENDINGS)
def test_every_file_has_a_name(folder: str) -> None:
    """The names of a folder are its cards or templates without their ending, sorted; a README has none."""
    files = [path.name for path in (CHECKOUT / folder).iterdir()]
    ending = content.ENDINGS[folder]
    assert content.names(folder) == sorted(
        name.removesuffix(ending) for name in files if name.endswith(ending)
    )
    assert content.names(folder) != []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("pairwise_v2", False, id="bare name"),
        pytest.param("gpt-5.5", False, id="bare name with a dot"),
        pytest.param("pairwise_v2.txt", False, id="another ending"),
        pytest.param("", False, id="empty"),
        pytest.param("mine.jinja", True, id="ending"),
        pytest.param("./mine", True, id="slash"),
        pytest.param("/abs/mine.jinja", True, id="absolute"),
        pytest.param(r"prompts\mine", True, id="backslash"),
    ],
)
def test_a_slash_or_the_ending_makes_a_path(name: str, *, expected: bool) -> None:
    """A name given by the user is a file of theirs if it has a slash or the ending, and else the project's."""
    assert content.is_path(name, ".jinja") is expected


@pytest.mark.parametrize(("folder", "name"), SHIPPED, ids="/".join)
def test_a_shipped_file_is_read_with_the_hash_of_its_bytes(folder: str, name: str) -> None:
    """Name, text and sha256 are those of the file in the repository."""
    data = (CHECKOUT / folder / f"{name}{content.ENDINGS[folder]}").read_bytes()
    expected = content.Source(name, data.decode(), hashlib.sha256(data).hexdigest())
    assert content.read(folder, name) == expected


def test_a_file_of_the_users_is_read_by_its_path(tmp_path: Path) -> None:
    """A relative path is looked up in the working directory, and the source is named as it was given."""
    (tmp_path / "mine.jinja").write_bytes("é\r\n".encode())
    source = content.read("prompts", "./mine.jinja")
    assert (source.name, source.text) == ("./mine.jinja", "é\r\n")
    assert source.sha256 == hashlib.sha256("é\r\n".encode()).hexdigest()
    assert content.read("prompts", str(tmp_path / "mine.jinja")).text == source.text


def test_a_tilde_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path may start with ~."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "mine.jinja").write_text("hello")
    assert content.read("prompts", "~/mine.jinja").text == "hello"


def test_nothing_shadows_a_name_of_the_projects(tmp_path: Path) -> None:
    """A bare name is the project's own, even where files and folders of that name lie around."""
    (tmp_path / "pairwise_v2").write_text("mine")
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "pairwise_v2.jinja").write_text("mine")
    assert content.read("prompts", "pairwise_v2").text != "mine"


def test_the_ending_alone_makes_it_the_users_file(tmp_path: Path) -> None:
    """`pairwise_v2.jinja` is a file in the working directory, not the project's template."""
    with pytest.raises(ContentError, match=r"no template file 'pairwise_v2\.jinja'"):
        content.read("prompts", "pairwise_v2.jinja")
    (tmp_path / "pairwise_v2.jinja").write_text("mine")
    assert content.read("prompts", "pairwise_v2.jinja").text == "mine"


@pytest.mark.parametrize(
    ("folder", "name", "message"),
    [
        pytest.param("prompts", "pairwise_v9", "no template .*did you mean pairwise_v", id="template"),
        pytest.param("judges", "gpt4o-mini", "no judge .*did you mean gpt-4o-mini", id="judge"),
        pytest.param("prompts/criteria", "helpfull", "no criteria .*did you mean helpfulness", id="criteria"),
        pytest.param(
            "prompts/styles", "zzz", "there are: answer_first, .*verdict_only", id="few: all listed"
        ),
        pytest.param("judges", "zzz", r"there are \d+, armorm-llama3-8b-v0.1 … \S+", id="many: counted"),
        pytest.param("judges", "GPT-4o-mini", "did you mean gpt-4o-mini", id="letter case matters"),
        pytest.param("judges", "", "no judge ''", id="empty"),
        pytest.param("prompts", "criteria", "no template 'criteria'", id="a folder is no template"),
    ],
)
def test_an_unknown_name_brings_the_nearest(folder: str, name: str, message: str) -> None:
    """A name that nothing answers to says what sort of thing it was to be, and what names come near."""
    with pytest.raises(UnknownName, match=message):
        content.read(folder, name)


@pytest.mark.parametrize("name", ["./absent.jinja", "/nowhere/at/all.jinja", "./", "sub/mine"])
def test_an_absent_file_is_named(name: str) -> None:
    """A path where no file lies is reported as the user wrote it."""
    with pytest.raises(ContentError, match=f"no template file '{name}'"):
        content.read("prompts", name)


@pytest.mark.parametrize(
    "data", [b"caf\xe9", b"\xff\xfeh\0i\0", b"\x80"], ids=["latin-1", "utf-16", "binary"]
)
def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path, data: bytes) -> None:
    """Text in another encoding is an error that names the file, never mojibake."""
    (tmp_path / "mine.jinja").write_bytes(data)
    with pytest.raises(ContentError, match=r"cannot read mine\.jinja: .*utf-8"):
        content.read("prompts", "./mine.jinja")


def test_the_home_of_an_unknown_user_is_no_traceback() -> None:
    """`~nobody-of-that-name/mine.jinja` is an absent file like any other."""
    with pytest.raises(ContentError):
        content.read("prompts", "~nobody-of-that-name/mine.jinja")
