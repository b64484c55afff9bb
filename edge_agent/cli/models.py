"""`edge-agent models`: what is shipped, and how good it is."""

from pathlib import Path

import click

PARTS = ("orders", "chatter", "wake", "voice", "commitment", "runtimes")
_folder = click.Path(path_type=Path, file_okay=False, exists=True)


@click.group(invoke_without_command=True)
@click.pass_context
def models(context: click.Context) -> None:
    """List the shipped models, each checked, or measure one."""
    if context.invoked_subcommand is None:
        _list()


def _list() -> None:
    from edge_agent.errors import BundleError
    from edge_agent.models.bundle import MANIFEST, SHIPPED_BUNDLES, Bundle

    folders = [path.parent for path in sorted(SHIPPED_BUNDLES.glob(f"*/{MANIFEST}"))]
    if not folders:
        raise BundleError("no model bundle is shipped: reinstall the package, or train one: python -m export")
    for folder in folders:
        bundle = Bundle.open(folder)
        click.echo(f"{folder.name}: {bundle.name}, complete and unaltered")
        for backend, path in sorted(bundle.files.items()):
            click.echo(f"  {backend:<10} {path.stat().st_size / 1e6:6.2f} MB  {path.name}")
        for figure, value in bundle.measured.items():
            click.echo(f"  {figure}: {value}")


@models.command("eval")
@click.option("--bundle", "bundle_name", default="default", show_default=True, metavar="NAME|FOLDER")
@click.option("--data", type=_folder, default=Path("../shared/data"), show_default=True, help="Labelled recordings.")
@click.option("--only", multiple=True, type=click.Choice(PARTS), help="Only this part; may be given again.")
@click.option("--limit", type=click.IntRange(min=1), default=None, help="At most so many recordings of each kind.")
@click.option("--quick", is_flag=True, help="A fifth of it, in about two minutes.")
@click.option("--chatter", type=_folder, help="Spoken questions, as export spoken-set makes them.")
@click.option("--peer-python", type=click.Path(path_type=Path, exists=True), help="A Python that has the peers.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path("work/eval"), show_default=True)
@click.option("--docs", type=_folder, help="Bring models.md and images/ in this folder up to date.")
def evaluate(
    bundle_name: str,
    data: Path,
    only: tuple[str, ...],
    limit: int | None,
    quick: bool,
    chatter: Path | None,
    peer_python: Path | None,
    out: Path,
    docs: Path | None,
) -> None:
    """Print every figure of a bundle, with confidence intervals.

    Orders right, clean and in held-out noise; chatter taken for orders; wake phrases; voice activity; how soon words
    are committed; runtimes. What the listener hears is kept in OUT, so that the next run is quick.
    """
    from edge_agent.evaluation.evaluate import evaluate as run
    from edge_agent.models.bundle import find_bundle

    run(
        find_bundle(bundle_name),
        data,
        out,
        only=only,
        limit=limit or 0,
        is_quick=quick,
        chatter=chatter,
        peer_python=peer_python,
        docs=docs,
    )
