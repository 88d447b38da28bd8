"""Who says where a prompt belongs: the judges of a panel, what they are asked, and what is odd about the panel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from urllib.parse import urlsplit

from rmb.build import votes
from rmb.build.desk import Desk
from rmb.build.prompt import Prompt
from rmb.build.recipe import paths_beside
from rmb.build.taxonomy import Taxonomy
from rmb.build.votes import Vote
from rmb.cards import Generative, NamedCard
from rmb.errors import ContentError, UsageError
from rmb.records import Answer, Failure, Json, Question
from rmb.run.desk import Seat
from rmb.scorers.language_model import Client, Writer, open_client
from rmb.store import answer_key
from rmb.templates import TRIED, Writing, fence
from rmb.verdicts.rule import quoted

PANEL = 3
"""Judges that a three-way cross-validation takes, each of another provider."""
SENTENCE = 300
"""Characters before the category, where a grammar holds a small model to the form."""


class Sorter(Writer):
    """Writes where a prompt belongs: anything, or, where its card forces verdicts by a grammar, a sentence and a category."""

    def __init__(self, card: Generative, client: Client, asking: Writing, known: Taxonomy) -> None:
        """asking: what is said to the model; known: the categories."""
        super().__init__(card, client, lambda question: asking.render(question, categories=known.leaves))
        self.known = known

    def sent(self, question: Question) -> dict[str, Json]:
        """The parameters of a request, with the grammar of a reply that can be read."""
        grammar: dict[str, Json] = {"grammar": in_form(self.known)}
        return super().sent(question) | ({"extra_body": grammar} if self.card.force == "grammar" else {})


def in_form(known: Taxonomy) -> str:
    """A GBNF grammar (llama.cpp) of a sentence and a line that names one category of a taxonomy, or none."""
    choices = " | ".join(quoted(name) for name in [*(leaf.path for leaf in known.leaves), votes.NONE])
    return rf'root ::= [^\n]{{1,{SENTENCE}}} "\nCategory: " ({choices})'


@dataclass(frozen=True, slots=True)
class Categoriser:
    """A judge that labels. name: its own among the panel; sample: 0, or more for a judge that is named again."""

    name: str
    card: NamedCard
    writer: Writer
    sample: int = 0

    def question(self, prompt: Prompt) -> Question:
        """Where does this prompt belong?"""
        return Question(prompt.conversation, (), self.sample)

    @property
    def provider(self) -> str:
        """Who serves the model: a provider as LiteLLM names it, a host, or this machine."""
        card = self.writer.card
        if card.serve:
            return "this machine"
        return urlsplit(card.base_url or "").hostname or card.model.partition("/")[0]


def try_out(asking: Writing, known: Taxonomy) -> None:
    """Renders for words that stand in no prompt. Raises ContentError if they, or a category, are not shown."""
    sent = "\n".join(
        each.content for each in asking.render(Question(TRIED, ()), categories=known.leaves)
    ).casefold()
    shown = {
        "the conversation": TRIED[-1].content,
        "the categories": known.leaves[-1].path.casefold(),
        "the line 'Category:'": "category:",
    }
    hidden = [what for what, text in shown.items() if text not in sent]
    if hidden:
        raise ContentError(f"{asking.source.name}: never shows {' or '.join(hidden)}")


def seated(
    place: Path, names: Sequence[str], asking: Writing, known: Taxonomy, desk: Desk
) -> list[Categoriser]:
    """The judges, ready to be asked. Raises UnknownName or UsageError, naming the key of build.yaml."""
    panel: list[Categoriser] = []
    for at, name in enumerate(names):
        again = names[:at].count(name)
        if again:
            panel.append(replace(panel[names.index(name)], name=f"{name} ({again + 1})", sample=again))
        else:
            panel.append(opened(name, place, asking, known, desk))
    return panel


def opened(name: str, place: Path, asking: Writing, known: Taxonomy, desk: Desk) -> Categoriser:
    """A judge of the panel, by its name in build.yaml; place: the build's folder."""
    card = desk.card(paths_beside(place, name))
    if not isinstance(card.card, Generative):
        raise UsageError(f"build.yaml, categorise.judges: {name} is no language model, so it labels nothing")

    return Categoriser(name, card, Sorter(card.card, open_client(card.card, desk.budget), asking, known))


def warnings(panel: Sequence[Categoriser]) -> list[str]:
    """What makes a panel less than three judges of different providers, a line each."""
    lines = []
    if len(panel) < PANEL:
        lines.append(
            f"{len(panel)} of three judges: agreement of few says little; name three, of different providers"
        )
    for one, other in combinations(panel, 2):
        both = f"{one.name} and {other.name} are"
        if one.writer.card.model == other.writer.card.model and one.provider == other.provider:
            lines.append(f"{both} one model: that they agree says nothing")
        elif one.provider == other.provider:
            lines.append(f"{both} of one provider ({one.provider}): what they share, they agree on")
    return lines


async def asked(
    desk: Desk, one: Categoriser, prompts: Sequence[Prompt], known: Taxonomy
) -> list[Vote | None]:
    """What a judge said of each prompt; None where it has not answered."""
    questions = [one.question(prompt) for prompt in prompts]
    replies = await desk.replies(Seat("", one.name, one.card, one.writer), questions)
    return [vote(one, question, reply, known) for question, reply in zip(questions, replies, strict=True)]


def vote(one: Categoriser, question: Question, reply: Answer | Failure, known: Taxonomy) -> Vote | None:
    """What a judge's reply says; None for a failure of the run, after which the judge may be asked again."""
    key = answer_key(one.writer.identity, one.writer.request(question))
    if isinstance(reply, Answer):
        texts = [turn.content for turn in question.conversation]
        said = votes.read(reply, texts, fence(texts, ()), known)
    elif reply.unanswered:
        return None
    else:
        said = reply
    if isinstance(said, Failure):
        return Vote(one.name, None, f"{said.reason}: {said.detail}" if said.detail else said.reason, key)
    return Vote(one.name, said, answer=key)
