"""The answer store: what judges answered, on disk, so that nothing is asked or paid for twice.

Rows lie in SQLite by way of diskcache, and each once more in an append-only journal, from which a damaged store is
rebuilt. Nothing is ever unpickled, nothing is evicted, and nobody else may look. See docs/decisions/0002 and 0013.
"""

from rmb.store.answers import Store
from rmb.store.keys import SCHEMA, answer_key
from rmb.store.place import default_folder
from rmb.store.rows import DamagedRowError

__all__ = ["SCHEMA", "DamagedRowError", "Store", "answer_key", "default_folder"]
