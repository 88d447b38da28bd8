"""`rmb prompts`: what judges are asked."""

from __future__ import annotations

import click

from rmb.cli.options import DATA, ITEM, PARTS, options


@click.group()
def prompts() -> None:
    """List, show and render templates, criteria and styles."""


@prompts.command("list")
def list_prompts() -> None:
    """List templates, criteria, styles, and what styles and criteria have written first, each with its summary."""
    from rmb import content
    from rmb.templates import FrontMatter, PartMatter

    for folder, title in (
        ("prompts", "templates"),
        ("prompts/criteria", "criteria"),
        ("prompts/styles", "styles"),
        ("prompts/written", "written before"),
    ):
        click.echo(f"{title}:")
        for name in content.names(folder):
            source = content.read(folder, name)
            matter = (
                content.split(source, FrontMatter)[0]
                if folder == "prompts"
                else content.split(source, PartMatter)[0]
            )
            click.echo(f"  {name:<22}{matter.summary}")


@prompts.command()
@click.argument("name")
def show(name: str) -> None:
    """Print a template, criteria or style as it is written."""
    from rmb import content
    from rmb.errors import UnknownName

    folders = ("prompts", "prompts/criteria", "prompts/styles", "prompts/written")
    known = {each: folder for folder in folders for each in content.names(folder)}
    if name not in known and not content.is_path(name, ".jinja"):
        raise UnknownName("template, criteria or style", name, known)
    click.echo(content.read(known.get(name, "prompts"), name).text, nl=False)


@prompts.command(epilog="Example: rmb prompts render pairwise_v2 --item bon/0 --style verdict_only")
@click.argument("name")
@options((ITEM, DATA), PARTS)
def render(name: str, item: str, data: str | None, criteria: str | None, style: str | None) -> None:
    """Print exactly what a judge would be sent for an item: one block a message, for each order shown.

    How many tokens that is goes to stderr, so that what is sent can be piped.
    """
    from rmb.cli.opening import load_data
    from rmb.datasets.select import by_id
    from rmb.run.plan import plan
    from rmb.scorers.examples import Examples
    from rmb.scorers.litellm_client import count_tokens
    from rmb.templates import Known, Template

    template = Template.load(name, criteria=criteria, style=style)
    items = load_data(data).items
    examples = Examples(items, template, seed=0)
    for number, question in enumerate(plan([by_id(items, item)], width=template.width).questions, 1):
        messages = template.render(question, Known(examples=examples.of(question)))
        length = sum(len(message.content) for message in messages)
        tokens = count_tokens([{"role": each.role, "content": each.content} for each in messages])
        click.echo(
            f"--- question {number}: {tokens:,} tokens as GPT-4o counts them, {length:,} characters", err=True
        )
        for message in messages:
            click.echo(f"--- question {number}, {message.role} ---\n{message.content}\n")


@prompts.command(epilog="Example: rmb prompts diff runs/…-pairwise_v1 runs/…-pairwise_v2")
@click.argument("one", metavar="TEMPLATE|RUN")
@click.argument("other", metavar="TEMPLATE|RUN")
@click.option("--json", "as_json", is_flag=True, help="The parts' names and all flipped items, as JSON.")
def diff(one: str, other: str, *, as_json: bool) -> None:
    """Show two prompts side by side; of two runs, also which verdicts flipped, right to wrong and back."""
    from rmb.cli.prompt_diff import prompt_diff

    prompt_diff(one, other, as_json=as_json)
