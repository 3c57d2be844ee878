"""``tf.gfile``: files of this machine."""

from __future__ import annotations

import glob as _glob
import os
import shutil
from typing import Any


def GFile(name: str, mode: str = "r") -> Any:
    """An open file."""
    return open(name, mode)


FastGFile = Open = GFile
Exists, IsDirectory, ListDirectory, Remove, Glob = os.path.exists, os.path.isdir, os.listdir, os.remove, _glob.glob
Walk, Stat = os.walk, os.stat


def MakeDirs(dirname: str) -> None:
    """Make a directory and those above it."""
    os.makedirs(dirname, exist_ok=True)


MkDir = MakeDirs


def DeleteRecursively(dirname: str) -> None:
    """Remove a directory with all that is in it."""
    shutil.rmtree(dirname)


def Copy(oldpath: str, newpath: str, overwrite: bool = False) -> None:
    """Copy a file.

    Raises
    ------
    FileExistsError
        If there is a file under the new name, unless `overwrite`.
    """
    if os.path.exists(newpath) and not overwrite:
        raise FileExistsError(newpath)
    shutil.copyfile(oldpath, newpath)


def Rename(oldname: str, newname: str, overwrite: bool = False) -> None:
    """Give a file another name."""
    os.replace(oldname, newname)
