"""`python -m rmb`."""

from __future__ import annotations

from rmb.cli.main import main

if __name__ == "__main__":
    main()
