"""Finds the files that Gradio has received, among whatever a browser or a program says about them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from mergelab.evaluation.tasks import TaskError
from mergelab.ui.page.gradio_compat import upload_folder
from mergelab.ui.session.task_sets.uploads import MOST_FILES, UploadedFile

ARRIVAL = 5.0
"""Seconds that a file may take to its place: Gradio answers an upload before it has moved the file there."""
STEP = 0.05


def uploaded_files(given: object) -> list[UploadedFile]:
    """The files in Gradio's upload folder that `given` names: one `FileData`, a list of them, or None.

    Raises `TaskError` for a path that leads elsewhere, and for a file that is not there.
    """
    listed = [] if given is None else given if isinstance(given, list) else [given]
    if len(listed) > MOST_FILES:
        raise TaskError(f"{len(listed):,} files were uploaded at once; {MOST_FILES} are taken")
    return [_uploaded(each) for each in listed]


def _uploaded(given: object) -> UploadedFile:
    path = given.get("path") if isinstance(given, Mapping) else given
    if not isinstance(path, str) or "\0" in path:
        raise TaskError("a file must be uploaded first, and named by what the upload answered")
    place, folder = Path(path).resolve(), upload_folder()
    if not place.is_relative_to(folder) or not _arrived(place):
        raise TaskError(f"{place.name} was not uploaded, or is not there any more; upload it again")
    name = given.get("orig_name") if isinstance(given, Mapping) else None
    return UploadedFile(place, name if isinstance(name, str) and name else place.name)


def _arrived(place: Path) -> bool:
    ends = time.monotonic() + ARRIVAL
    while not place.is_file():
        if time.monotonic() > ends:
            return False
        time.sleep(STEP)
    return True
