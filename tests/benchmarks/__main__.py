"""`python -m tests.benchmarks [name ...]`, which `make bench` runs."""

import sys

from tests.benchmarks.command import main

sys.exit(main(sys.argv[1:]))
