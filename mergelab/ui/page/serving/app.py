"""Builds the page and serves it, for `mergelab ui`, app.py and the tests."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

import gradio as gr
from starlette.middleware import Middleware

from mergelab.evaluation.tasks.tables.limits import MOST_BYTES
from mergelab.runs import RunLogger
from mergelab.runtime.folders.data_folder import NOWHERE
from mergelab.ui.messages import PanelMessages, parts_of
from mergelab.ui.page import gradio_compat as compat
from mergelab.ui.page.lab_page import LabPage
from mergelab.ui.page.serving.alive import ROUTE as ALIVE
from mergelab.ui.page.serving.crash_log import logged_crash
from mergelab.ui.page.serving.documents import ROUTE as DOCUMENTS
from mergelab.ui.page.serving.endpoints import add_endpoints
from mergelab.ui.page.serving.entry.admission import Admission, admission
from mergelab.ui.page.serving.entry.login import Entrance, Login
from mergelab.ui.page.serving.event_limits import QUEUE, THREADS, too_many_events
from mergelab.ui.page.serving.first_paint import FirstPaint
from mergelab.ui.page.serving.guard import Guard
from mergelab.ui.page.serving.kept_answers import KeptAnswers
from mergelab.ui.page.serving.module_files import ROUTE as MODULES
from mergelab.ui.page.serving.plotly_file import ROUTE as PLOTLY
from mergelab.ui.page.serving.startup_cache import StartupCache
from mergelab.ui.page.serving.theme import STYLES, theme
from mergelab.ui.page.uploads.upload_limits import UploadLimits
from mergelab.ui.page.visitor import owner_of
from mergelab.ui.session.job_cache import JobCache, whole_crash
from mergelab.ui.session.remembering.run_memory import RunMemory
from mergelab.ui.session.server import Lab, Settings

FIRST_PORT, PORTS = 7860, 100
FIRST_START = 60.0
"""Seconds that the first start waits for its opening example."""


def build(lab: Lab | None = None) -> gr.Blocks:
    """The page as Blocks. No process starts until somebody opens the page."""
    return _built(lab or Lab())[1]


def _built(lab: Lab) -> tuple[LabPage, gr.Blocks]:
    with gr.Blocks(title="MergeLab", analytics_enabled=False, fill_width=True, delete_cache=(3600, 86400)) as blocks:
        add_endpoints(lab)  # before the page's own events, so that these get the plain names
        page = LabPage(lab, page_downloads(), _startup_cache(lab).read())
        page.wire(blocks)
    blocks.queue(max_size=QUEUE, api_open=False)
    compat.limit_events(blocks, lambda asked, held: too_many_events(owner_of(asked), [owner_of(each) for each in held]))
    return page, blocks


def launch(
    host: str = "127.0.0.1",
    port: int | None = None,
    device: str = "auto",
    models_dir: str | None = None,
    auth: Sequence[str] = (),
    read_ahead: bool = True,
    runs: str | None = None,
    track: Sequence[str] = (),
) -> None:
    """Serve the lab until interrupted, printing its address once it answers, and the access code if there is one.

    `auth` are accounts, each USER:PASSWORD or a file of such lines. Raises ValueError, before anything starts, if others could
    come in without a login, or open models outside of one folder. With `read_ahead`, the worker reads the other suites while
    nobody asks for anything.

    The worker computes the opening example, which is kept on disk. The first start waits for it, so nobody sees an empty
    page; later starts serve the kept example while the worker starts.

    What people merge is remembered at `runs`: a file or a database, None for the default place, `none` for nowhere.
    Each of those runs is also logged to the trackers in `track`.
    """
    if track and runs == NOWHERE:
        raise ValueError("--track logs runs that are remembered, and --runs none remembers none; leave one of them out")
    admitted = admission(host, auth, models_dir)
    private = tempfile.mkdtemp(prefix="mergelab-")
    os.environ["GRADIO_TEMP_DIR"] = private
    memory = RunMemory(runs, RunLogger(track, lambda sentence: _say(f"Note: {sentence}")))
    if runs and runs != NOWHERE and memory.store() is None:
        raise ValueError(memory.problem)
    job_cache = JobCache(crash_error=logged_crash if admitted.accounts else whole_crash, run_memory=memory)
    lab = Lab(Settings(device, models_dir, read_ahead=read_ahead), job_cache)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # a service manager's stop cleans up as well
    try:
        page, blocks = _built(lab)
        warming = lab.warm(lab.opening(), lambda shown: _opened(page, blocks, shown))
        if not _startup_cache(lab).read():
            _say("Preparing the opening example; later starts have it at once …")
            warming.join(FIRST_START)
        chosen = port if port is not None else _free_port(host)
        entrance = Entrance(admitted.accounts) if admitted.accounts else None
        blocks.launch(**launch_options(host, chosen, admitted, entrance))
        _say_where(host, chosen, entrance)
        blocks.block_thread()
    finally:
        lab.job_cache.close()
        for folder in (private, page_downloads()):
            shutil.rmtree(folder, ignore_errors=True)


def _say(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


def _say_where(host: str, port: int, entrance: Entrance | None) -> None:
    """The address, and the access code: the only place where it is ever shown."""
    _say(f"MergeLab is at http://{'127.0.0.1' if host in ('0.0.0.0', '::') else host}:{port}")
    if entrance:
        entrance.started.set()
        if entrance.accounts.code:
            _say(f"Access code, valid until this server stops: {entrance.accounts.code}")


def _opened(page: LabPage, blocks: gr.Blocks, shown: PanelMessages) -> None:
    parts = parts_of(replace(shown, link=None, answer=None))  # every visit gets its own
    page.show_first(parts, blocks)
    _startup_cache(page.lab).keep(parts)


def _startup_cache(lab: Lab) -> StartupCache:
    return StartupCache(lab.opening().recipe(), next(iter(lab.suites().values())).digest)


def launch_options(host: str, port: int, admitted: Admission, entrance: Entrance | None) -> dict[str, Any]:
    """What Gradio is told: closed, quiet, with plotly.js, the page's own modules, and those who
    stand before all of it."""
    login = [Middleware(Login, entrance=entrance)] if entrance else []
    return {
        "server_name": host,
        "server_port": port,
        "share": False,
        "quiet": True,
        "prevent_thread_lock": True,
        "inbrowser": False,
        "ssr_mode": False,
        "run_history": False,
        "enable_monitoring": False,
        "allowed_paths": [],
        "max_threads": THREADS,
        "max_file_size": MOST_BYTES,
        "show_error": False,
        "footer_links": ["api", "settings"],
        "theme": theme(),
        "css_paths": STYLES,
        "app_kwargs": {
            "routes": [PLOTLY, MODULES, ALIVE, DOCUMENTS],
            "middleware": [
                Middleware(Guard, hosts=admitted.hosts),
                *login,
                Middleware(UploadLimits),
                Middleware(KeptAnswers),
                Middleware(FirstPaint),
            ],
            "lifespan": compat.own_middleware_first,
        },
    }


def page_downloads() -> Path:
    """Where this server packs models for download, in one private folder per visitor."""
    return Path(tempfile.gettempdir()) / f"mergelab-downloads-{os.getpid()}"


def _free_port(host: str) -> int:
    for port in range(FIRST_PORT, FIRST_PORT + PORTS):
        with socket.socket() as probe:
            if probe.connect_ex((host if host != "0.0.0.0" else "127.0.0.1", port)):
                return port
    raise ValueError(f"ports {FIRST_PORT} to {FIRST_PORT + PORTS - 1} are all taken; name one with --port")
