"""`python -m metarepro`, the same as the `metarepro` command."""

import sys

from metarepro.cli import main

sys.exit(main())
