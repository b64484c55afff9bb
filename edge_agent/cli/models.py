"""`edge-agent models`: what is shipped."""

import click


@click.command()
def models() -> None:
    """List the shipped models, each checked."""
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
