"""`python -m mergelab` is the `mergelab` command."""

from mergelab.cli import command

if __name__ == "__main__":
    command()
