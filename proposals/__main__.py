"""`python -m proposals` is the command line."""

from __future__ import annotations

from proposals.cli import main

if __name__ == "__main__":
    main()
