"""Entry point of `edge-agent` and `python -m edge_agent`."""

from edge_agent.cli.main import cli


def main() -> None:
    cli(prog_name="edge-agent")


if __name__ == "__main__":
    main()
