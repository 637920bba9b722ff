"""`python -m server`: see `python -m server --help`."""

from __future__ import annotations

from server.cli import main

if __name__ == "__main__":
    main()
