"""Judge cards: what a name on the command line stands for, and what a card may say."""

from __future__ import annotations

import hashlib
import re
import traceback
from pathlib import Path

import pydantic
import pytest

from rmb import content
from rmb.canonical import digest
from rmb.cards import KEYS, Baseline, Generative, NamedCard, Price, open_card
from rmb.errors import ContentError, UnknownName
from rmb.templates import Template
from tests.conftest import CHECKOUT

SHIPPED = content.names("judges")
SECRET = re.compile(r"\bsk-|\bxox|\bAIza|\bhf_|\bghp_|\bBearer\b|\b(?!sha256)(?=\w*\d)(?=\w*[A-Z])\w{24,}")
MINE = "kind: generative\nsummary: Mine.\nmodel: openai/mine\n"
OTHER_KEYS = {"AWS_BEARER_TOKEN_BEDROCK", "DEEPINFRA_API_KEY"}
"""Variables that cards name, of providers that KEYS does not have."""


def published(**changes: str) -> str:
    """My card with published figures, as YAML; each key of theirs can be changed."""
    told = {
        "helpfulness": "{bon: 0.639, pairwise: 0.815}",
        "harmlessness": "{bon: 0.682, pairwise: 0.814}",
        "overall": "0.738",
        "source": "a paper",
    } | changes
    return MINE + "published:\n" + "".join(f"  {key}: {value}\n" for key, value in told.items() if value)


def generative(named: NamedCard) -> Generative:
    """The card, if it is a language model's."""
    assert isinstance(named.card, Generative)
    return named.card


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_card_opens(name: str) -> None:
    """A card of the project's is known by its file's name and hash, and says in one line what it is."""
    named = open_card(name)
    data = (CHECKOUT / "judges" / f"{name}.yaml").read_bytes()
    assert (named.name, named.sha256) == (name, hashlib.sha256(data).hexdigest())
    assert named.card.summary.endswith(".")
    assert "\n" not in named.card.summary


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_card_asks_what_there_is(name: str) -> None:
    """The template and style that a card names by default exist."""
    card = open_card(name).card
    if isinstance(card, Generative):
        assert Template.load(card.template, style=card.style).width in {1, 2}


@pytest.mark.parametrize("name", SHIPPED)
def test_no_shipped_card_holds_a_secret(name: str) -> None:
    """A card names the variable that holds its key, never a key; nothing in its text looks like one."""
    text = content.read("judges", name).text
    card = open_card(name).card
    assert SECRET.findall(text) == []
    if isinstance(card, Generative):
        assert card.key is None or card.key in {*KEYS.values(), *OTHER_KEYS}


@pytest.mark.parametrize("text", ["sk-ant-api03-x", "hf_abcdef", "AIzaSyD", "Zx9Kq2mWv7Rt4Yb8Lp1Nc6Hd"])
def test_the_search_for_secrets_finds_some(text: str) -> None:
    """The pattern above knows a key when it sees one."""
    assert SECRET.search(f"key: {text}")


def test_the_rules_of_baselines_are_the_names_of_their_cards() -> None:
    """Each baseline has a card of its own name."""
    rules = {name: card.rule for name in SHIPPED if isinstance(card := open_card(name).card, Baseline)}
    assert rules == {name: name for name in ("first", "last", "longest", "oracle", "random", "shortest")}


def test_the_default_judge_needs_no_key() -> None:
    """The embedded judge costs nothing, asks no endpoint, and pins its weights by hash."""
    card = generative(open_card("embedded"))
    assert (card.key, card.base_url, card.price) == (None, None, Price(input=0, output=0))
    assert card.serve is not None
    assert re.fullmatch("[0-9a-f]{64}", card.serve.weights.sha256 or "")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param(MINE + "modell: x", "modell: Extra inputs", id="unknown key"),
        pytest.param(MINE + "sampling: {temp: 1}", r"sampling\.temp: Extra inputs", id="unknown key, deeper"),
        pytest.param("kind: generative\nsummary: x", "model: Field required", id="no model"),
        pytest.param("kind: oracle\nsummary: x", "'oracle' .*'generative', 'baseline'", id="unknown kind"),
        pytest.param("summary: x", "kind", id="no kind"),
        pytest.param("kind: baseline\nsummary: x\nrule: best", "rule: Input should be 'longest'", id="rule"),
        pytest.param(MINE + "limits: {concurrency: 0}", r"limits\.concurrency", id="no concurrency"),
        pytest.param(MINE + "limits: {deadline_s: 0}", r"limits\.deadline_s", id="no time"),
        pytest.param(MINE + "price: {input: -1, output: 0}", r"price\.input", id="negative price"),
        pytest.param(MINE + "force: json", "force", id="unknown force"),
        pytest.param(
            published(helpfulness="{bon: 63.9, pairwise: 81.5}"),
            r"published\.helpfulness\.bon: .*less than or equal to 1",
            id="percentages",
        ),
        pytest.param(
            published(harmlessness="{bon: -0.1, pairwise: 0.8}"),
            r"published\.harmlessness\.bon: .*greater than or equal to 0",
            id="negative figure",
        ),
        pytest.param(
            published(harmlessness="{bon: .nan, pairwise: 0.8}"),
            r"published\.harmlessness\.bon: ",
            id="no number",
        ),
        pytest.param(
            published(harmlessness="{bon: 0.682}"),
            r"published\.harmlessness\.pairwise: Field required",
            id="three figures",
        ),
        pytest.param(
            published(overall="1.5"), r"published\.overall: .*less than or equal to 1", id="overall above 1"
        ),
        pytest.param(
            published(overall="0.783"),
            r"published: .*overall 0\.783 is not the mean of the four figures, 0\.7375",
            id="digits swapped",
        ),
        pytest.param(published(source=""), r"published\.source: Field required", id="no source"),
        pytest.param(published(year="2024"), r"published\.year: Extra inputs", id="unknown key of published"),
        pytest.param("- a\n- b", "valid dictionary", id="a list"),
        pytest.param("", "valid dictionary", id="empty"),
        pytest.param("kind: [", "parsing a flow", id="no YAML"),
        pytest.param(MINE + "sampling: {seed: 1, seed: 2}", "a key stands twice, line ", id="a key twice"),
        pytest.param("model: !!python/object:os.system {}", "could not determine a constructor", id="tag"),
    ],
)
def test_a_faulty_card_is_refused(tmp_path: Path, text: str, fault: str) -> None:
    """A card that cannot be used is one line that names the file and the key at fault."""
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(ContentError, match=rf"^judge card \./mine\.yaml: .*{fault}") as refused:
        open_card("./mine.yaml")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("overall", ["0.737", "0.7375", "0.738"])
def test_published_figures_are_kept_as_they_were_published(tmp_path: Path, overall: str) -> None:
    """The four sets and Overall, however it was rounded; size and reference are free text, and may be left out."""
    (tmp_path / "mine.yaml").write_text(published(overall=overall) + "size: 8B\n")
    card = open_card("./mine.yaml").card
    assert card.published is not None
    assert card.published.model_dump() == {
        "helpfulness": {"bon": 0.639, "pairwise": 0.815},
        "harmlessness": {"bon": 0.682, "pairwise": 0.814},
        "overall": float(overall),
        "source": "a paper",
    }
    assert (card.size, card.reference) == ("8B", "")
    (tmp_path / "mine.yaml").write_text(MINE)
    assert (open_card("./mine.yaml").card.published, open_card("./mine.yaml").card.size) == (None, "")


def test_an_impossible_date_in_a_card_is_no_traceback(tmp_path: Path) -> None:
    """A value that YAML takes for a date, and that is none, is a fault like any other."""
    (tmp_path / "mine.yaml").write_text(MINE + "reference: 2024-13-45\n")
    with pytest.raises(ContentError):
        open_card("./mine.yaml")


@pytest.mark.parametrize(
    "name", ["mine.yaml", "mine.yml", "./mine.yaml", "sub/mine.yaml", "sub/mine.yml", "sub/mine"]
)
def test_a_path_is_the_users_own_card(tmp_path: Path, name: str) -> None:
    """A card of the user's is known by its file's stem; all that it leaves out has a default."""
    (tmp_path / "sub").mkdir()
    (tmp_path / name).write_text(MINE)
    named = open_card(name)
    assert (named.name, named.sha256) == ("mine", hashlib.sha256(MINE.encode()).hexdigest())
    assert named.card == Generative(kind="generative", summary="Mine.", model="openai/mine")


def test_an_absent_card_is_named() -> None:
    """A path to no file says so, and does not become a model id."""
    with pytest.raises(ContentError, match=r"no judge file '\./absent\.yaml'"):
        open_card("./absent.yaml")


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("gpt4o", "gpt-4o-mini"),
        ("clade-sonnet", "claude-sonnet"),
        ("longst", "longest"),
        ("embeded", "embedded"),
    ],
)
def test_a_misspelt_judge_brings_the_nearest(name: str, near: str) -> None:
    """A bare name that no card has lists cards of nearly that name."""
    with pytest.raises(UnknownName, match=f"no judge '{name}'; did you mean .*{near}"):
        open_card(name)


@pytest.mark.parametrize(("provider", "variable"), KEYS.items())
def test_a_model_id_takes_its_providers_key(provider: str, variable: str) -> None:
    """provider/model that names no file is LiteLLM's model, with the provider's usual key variable."""
    card = generative(open_card(f"{provider}/some-model"))
    assert (card.model, card.key) == (f"{provider}/some-model", variable)
    assert re.fullmatch("[A-Z_]+_API_KEY", variable)


def test_a_model_id_has_a_name_fit_for_a_folder() -> None:
    """Slashes become dashes in the name; the hash is of the id itself."""
    named = open_card("openrouter/mistralai/mistral-large")
    assert named.name == "openrouter-mistralai-mistral-large"
    assert named.sha256 == digest("openrouter/mistralai/mistral-large")


def test_a_model_of_an_unknown_provider_has_no_key() -> None:
    """Providers that take no single key, such as bedrock or ollama, are left to LiteLLM."""
    assert generative(open_card("ollama/llama3")).key is None


def test_a_file_goes_before_a_model_id(tmp_path: Path) -> None:
    """A path that is a file is that file, even if it reads like a model id."""
    (tmp_path / "openai").mkdir()
    (tmp_path / "openai" / "gpt-4o").write_text(MINE)
    assert generative(open_card("openai/gpt-4o")).model == "openai/mine"


@pytest.mark.parametrize("name", ["small.gguf", "./small.gguf", "sub/../small.gguf"])
def test_a_gguf_file_is_asked_as_the_embedded_judge_is(tmp_path: Path, name: str) -> None:
    """A user's own weights are served by this program, with all else from the embedded judge's card."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "small.gguf").write_bytes(b"GGUF")
    named, embedded = open_card(name), generative(open_card("embedded"))
    card = generative(named)
    assert (named.name, card.model) == ("small", "openai/local-gguf")
    assert card.serve is not None
    assert card.serve.weights.path == str(tmp_path / "small.gguf")
    assert card.serve.weights.sha256 is None
    assert (card.read, card.force, card.limits) == (embedded.read, embedded.force, embedded.limits)


def test_an_absent_gguf_file_brings_its_neighbours(tmp_path: Path) -> None:
    """Weights that are not there are an error that lists files of nearly that name."""
    (tmp_path / "small-q4.gguf").write_bytes(b"GGUF")
    with pytest.raises(ContentError, match=r"no file './small-q5\.gguf'; near it: small-q4\.gguf"):
        open_card("./small-q5.gguf")
    with pytest.raises(ContentError, match=r"^no file 'other/absent\.gguf'$"):
        open_card("other/absent.gguf")


def test_a_card_cannot_be_changed() -> None:
    """Cards are frozen, so that what was recorded of a run is what was run."""
    card = generative(open_card("gpt-4o-mini"))
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        card.model = "openai/other"


def test_a_key_pasted_into_a_card_is_refused(tmp_path: Path) -> None:
    """`key` is the name of an environment variable, and a secret in its place is refused, not recorded."""
    (tmp_path / "mine.yaml").write_text(MINE + "key: sk-proj-0123456789abcdef\n")
    with pytest.raises(ContentError, match=r"generative\.key: .*name of an environment variable") as refused:
        open_card("./mine.yaml")
    assert "0123" not in "".join(traceback.format_exception(refused.value))
