"""`python -m headway.cli`: the command line of this very Python."""

from headway.cli.main import app

app(prog_name="headway")
