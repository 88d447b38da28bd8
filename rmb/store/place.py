"""Where a store lies: whose folder it is, who may look, which release made it, and what disk it is on."""

from __future__ import annotations

import json
import logging
import os
import re
import stat
from pathlib import Path

import platformdirs

from rmb import __version__, content
from rmb.errors import StorageError
from rmb.store.keys import SCHEMA

LOG = logging.getLogger("rmb.store")
LAYOUT = 1
"""Counts up when older releases can no longer read what newer ones write."""
ABOUT = "store.json"
OURS = {ABOUT, SCHEMA, "weights"}
"""What this program puts into the folder of a store."""
NETWORK = {
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "9p",
    "afs",
    "ceph",
    "lustre",
    "gpfs",
    "fuse.sshfs",
    "fuse.glusterfs",
}


def default_folder() -> Path:
    """Where answers go if nobody says: $RMB_CACHE, else the checkout's cache/, else the user's cache folder."""
    named = os.environ.get("RMB_CACHE")
    if named:
        return Path(named).expanduser()
    return (
        content.content_root() / "cache"
        if content.in_checkout()
        else Path(platformdirs.user_cache_dir("rmb"))
    )


def settle(folder: Path) -> Path:
    """Makes the folder of a store ready; gives the one inside it that holds the answers, which is private.

    Raises StorageError if it belongs to somebody else or was made by a newer release, and OSError if it cannot be
    made.
    """
    home = folder / SCHEMA
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    refuse_others(folder)
    check_layout(folder)
    if not home.exists():
        warn_of_network(folder)
    home.mkdir(exist_ok=True, mode=0o700)
    refuse_others(home)
    narrow(folder, home)
    return home


def refuse_others(folder: Path) -> None:
    """Raises StorageError if a folder belongs to another user, who could put anything there.

    Not for root: in a container, the folders that are mounted belong to whoever started it.
    """
    me = getattr(os, "geteuid", lambda: None)()
    if me and folder.stat().st_uid != me:
        raise StorageError(f"{folder} belongs to another user; name a store of your own with --cache")


def check_layout(folder: Path) -> None:
    """Writes down the layout if nobody has. Raises StorageError for one of a newer release."""
    file = folder / ABOUT
    try:
        about = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        write_about(file)
        return
    except ValueError:
        LOG.warning("%s was damaged and is written anew", file)
        write_about(file)
        return
    layout = about.get("layout") if isinstance(about, dict) else None
    if not isinstance(layout, int) or layout > LAYOUT:
        by = about.get("written_by") if isinstance(about, dict) else None
        raise StorageError(
            f"the store {folder} was made by a newer release ({by or 'unknown'}, this is {__version__}); "
            "upgrade rmb-judge, or name another store with --cache"
        )


def write_about(file: Path) -> None:
    """Writes down which release made the store, at once or not at all."""
    about = {"layout": LAYOUT, "schema": SCHEMA, "written_by": __version__}
    beside = file.with_name(f"{file.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
        json.dump(about, opened)
    beside.replace(file)


def narrow(folder: Path, home: Path) -> None:
    """Takes from everybody else what they may do here, and says so once.

    The outer folder is left as it is if it holds other things than a store: it may be the user's home.
    """
    mine = [home, *home.iterdir()]
    if {entry.name for entry in folder.iterdir()} <= OURS:
        mine.append(folder)
    if not any(map(is_wide, mine)):
        return
    for path in {*mine, *home.rglob("*")}:
        if is_wide(path):
            path.chmod(stat.S_IMODE(path.stat().st_mode) & 0o700)
    LOG.warning("others could look into the answer store %s; now only you can", folder)


def is_wide(path: Path) -> bool:
    """Whether anybody but the owner may do anything with a file or folder; never for a link, or what is gone."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return False
    return not stat.S_ISLNK(mode) and os.name == "posix" and bool(mode & 0o077)


def warn_of_network(folder: Path) -> None:
    """Says so if the folder is on a disk that several machines share, on which SQLite is not safe."""
    kind = file_system(folder)
    if kind in NETWORK:
        LOG.warning(
            "%s is on a network disk (%s): let only one machine use it, or name another with --cache",
            folder,
            kind,
        )


def file_system(folder: Path, mounts: Path = Path("/proc/self/mountinfo")) -> str:
    """The kind of file system that a folder is on, "ext4"; "" where the system does not tell."""
    best = (-1, "")
    place = folder.resolve()
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return ""
    for told in lines:
        before, _, after = told.partition(" - ")
        point = Path(re.sub(r"\\(\d{3})", lambda octal: chr(int(octal[1], 8)), before.split()[4]))
        if place.is_relative_to(point):
            # The last of equals lies on top.
            best = max(best, (len(point.parts), after.split()[0]), key=lambda pair: pair[0])
    return best[1]
