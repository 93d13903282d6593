"""A server that others reach, over HTTP: what it answers without a login and with one, to which paths, and to how many jobs."""

from __future__ import annotations

import asyncio
import gc
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
import pytest
from starlette.routing import Mount
from ui.fake_worker import FakeJob, FakeWorker

from mergelab.jobs import Refused, Stopped, workbench
from mergelab.runtime.folders.models_folder import told_outside
from mergelab.runtime.progress import finish
from mergelab.ui.page.serving.app import _built, launch, launch_options
from mergelab.ui.page.serving.entry.admission import admission
from mergelab.ui.page.serving.entry.guesses import FREE
from mergelab.ui.page.serving.entry.login import REFUSAL, Entrance
from mergelab.ui.page.serving.plotly_file import ADDRESS as PLOTLY
from mergelab.ui.session.job_cache import JobCache
from mergelab.ui.session.queueing.job_limits import PER_CLIENT
from mergelab.ui.session.server import Lab, Settings

pytestmark = pytest.mark.filterwarnings("ignore")
"""Gradio's server shares this process here, and leaves sockets unclosed."""
RECIPE = "base: tiny\nmodels: [tiny/a, tiny/b]\nmethod: ties\n"
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS")


class OpeningWorker(FakeWorker):
    """Opens the models of a sketch as the real worker does, and says what is wrong with them."""

    def submit(self, function: str, /, **arguments: Any) -> FakeJob:
        if function == "sketch":
            try:
                finish(workbench.sketch(**arguments))
            except ValueError as error:
                self.scripts["sketch"] = lambda told=str(error): [Refused(told)]
        return super().submit(function, **arguments)


class Server:
    """A real server with a fake worker, whose merges wait for `gate`."""

    def __init__(self, models: Path) -> None:
        self.gate = threading.Event()
        self.worker = OpeningWorker(merge=lambda: [self.gate, Stopped()])
        self.lab = Lab(Settings("cpu", str(models)), JobCache(lambda: self.worker))  # type: ignore[arg-type,return-value]
        admitted = admission("0.0.0.0", ["ada:secret", "bob:other"], str(models))
        assert admitted.accounts
        self.entrance = Entrance(admitted.accounts)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.blocks = asyncio.run(self._built())
        self.blocks.launch(**launch_options("127.0.0.1", port, admitted, self.entrance))
        self.entrance.started.set()
        self.address = f"http://127.0.0.1:{port}"

    async def _built(self) -> gr.Blocks:
        """Inside a running loop, because Gradio otherwise leaves one of its own unclosed."""
        return _built(self.lab)[1]

    @contextmanager
    def visitor(self, user: str = "", password: str = "") -> Iterator[httpx.Client]:
        with httpx.Client(base_url=self.address, timeout=20, trust_env=False) as client:
            if user:
                assert client.post("/login", data={"username": user, "password": password}).status_code == 200
            yield client


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("models"))
    yield made
    made.gate.set()
    made.blocks.close()
    asyncio.set_event_loop(None)
    gc.collect()  # what Gradio leaves unclosed must not be found in another module


def call(client: httpx.Client, endpoint: str, recipe: str = RECIPE) -> str:
    """Ask an endpoint for a recipe; returns the address of the answer."""
    path = f"/gradio_api/call/{endpoint}"
    options = [None, None, "cpu"] if endpoint == "merge" else []
    asked = client.post(path, json={"data": [recipe, *options]})
    assert asked.status_code == 200, asked.text
    return f"{path}/{asked.json()['event_id']}"


def refusal(client: httpx.Client, answer: str) -> str:
    """The sentence with which a call was refused."""
    event, data = client.get(answer).text.strip().split("\ndata: ")
    assert event.endswith("error")
    return str(json.loads(data)["error"])


def routes(app: Any, prefix: str = "") -> Iterator[str]:
    """An address of every route of an app."""
    for route in app.routes:
        if isinstance(route, Mount):
            yield from (prefix + route.path, f"{prefix}{route.path}/plotly.min.js")
        elif hasattr(route, "original_router"):  # newer versions of FastAPI keep included routers apart
            yield from routes(route.original_router, prefix)
        else:
            yield prefix + route.path


def test_without_a_login_no_route_answers(server: Server) -> None:
    found = set(routes(server.blocks.app))
    assert {"/config", "/gradio_api/queue/join", "/gradio_api/cancel", "/gradio_api/file={path_or_url:path}"} <= found
    assert any(path.startswith("/plotly") for path in found) and any(path.startswith("/web/") for path in found)
    with server.visitor() as stranger:
        stranger.cookies.set("mergelab-0", "forged")
        for path in [*sorted(found), "/gradio_api/call/merge", "/gradio_api/api/merge", "/nothing", "//config"]:
            for method in METHODS:
                preflight = {"Origin": server.address, "Access-Control-Request-Method": "POST"}
                answer = stranger.request(method, server.address + path, headers=preflight)
                page = (path in ("/", "/login") and method in ("GET", "HEAD")) or (path, method) == ("/login", "POST")
                allowed = {401, 429} if page else {303} if (path, method) == ("/logout", "GET") else {401}
                assert answer.status_code in allowed, (method, path)
                assert page or answer.text in (REFUSAL, ""), (method, path)
                assert "set-cookie" not in answer.headers or path == "/logout"
    server.entrance.guesses.right("127.0.0.1")


def test_a_login_opens_the_page_with_its_recipe_and_ends_when_it_is_told_to(server: Server) -> None:
    with server.visitor() as visitor:
        query = "suite=pixels&method=average&x=%22%3E"
        page = visitor.get(f"/?{query}")
        assert f'action="login?{query.replace("&", "&amp;")}"' in page.text
        assert "main.js" not in page.text
        form = {"username": "ada", "password": "secret"}
        went = visitor.post(f"/login?{query}", data=form, headers={"accept": "text/html"})
        assert (went.status_code, went.headers["location"]) == (303, f"./?{query}")
        assert "HttpOnly" in went.headers["set-cookie"] and "SameSite=lax" in went.headers["set-cookie"]
        for path in ("/", "/config", f"/{PLOTLY}", "/gradio_api/app_id"):
            assert visitor.get(path).status_code == 200, path
        assert visitor.get("/login").headers["location"] == "./"
        assert visitor.get("/config", headers={"origin": "http://evil.example"}).status_code == 403
        visitor.get("/logout")
        assert visitor.get("/config").status_code == 401


def test_wrong_guesses_lock_the_address_even_for_the_right_password(server: Server) -> None:
    with server.visitor() as stranger:
        for _ in range(FREE + 1):
            assert stranger.post("/login", data={"username": "ada", "password": "guess"}).status_code == 401
        locked = stranger.post("/login", data={"username": "ada", "password": "secret"})
        assert locked.status_code == 429 and int(locked.headers["retry-after"]) > 20
        assert "Too many wrong tries from your address. Try again in" in locked.text
        assert stranger.post("/login", content=b"a" * 100_000).status_code == 429
    server.entrance.guesses.right("127.0.0.1")


def test_paths_outside_of_the_models_folder_are_refused_alike(server: Server, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    with server.visitor("ada", "secret") as visitor:
        for named in (
            str(tmp_path / "there"),
            str(tmp_path / "absent"),
            "../there",
            "~/there",
            f"{tmp_path}/there.yml",
        ):
            answer = call(visitor, "preview", f"base: {named}\nmodels: [{named}/a]\nmethod: average\n")
            assert refusal(visitor, answer).replace("model 1: ", "") == told_outside(named)
        hub = call(visitor, "preview", "base: owner/name\nmodels: [owner/other]\nmethod: average\n")
        assert "with a models folder no model of the Hub is opened" in refusal(visitor, hub)


def test_one_client_cannot_fill_the_queue_and_others_come_in(server: Server) -> None:
    with server.visitor("ada", "secret") as ada, server.visitor("bob", "other") as bob:
        for _ in range(PER_CLIENT):
            call(ada, "merge")
        _wait_for_merges(server, PER_CLIENT)
        told = refusal(ada, call(ada, "merge"))
        assert told.startswith("Your login ada has 9 jobs on this server, which is the limit for one login: wait until")
        call(bob, "merge")
        _wait_for_merges(server, PER_CLIENT + 1)
        assert all(arguments["models_dir"] == server.lab.settings.models_dir for _, arguments in server.worker.calls)


def _wait_for_merges(server: Server, wanted: int) -> None:
    deadline = time.monotonic() + 20
    while len(server.worker.named("merge")) < wanted and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(server.worker.named("merge")) == wanted


def test_runs_that_are_not_remembered_cannot_be_logged() -> None:
    with pytest.raises(ValueError, match="--runs none remembers none"):
        launch(runs="none", track=["trackio:mine"])
