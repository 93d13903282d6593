"""What all visitors of one server share: settings, suites, and the job cache."""

from __future__ import annotations

import hashlib
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

from mergelab.checkpoints import Suite, list_suites
from mergelab.evaluation.scoring import QUICK_ROWS
from mergelab.jobs import Worker
from mergelab.recipe import Recipe
from mergelab.ui.form.examples import FIRST, presets
from mergelab.ui.form.form import Form, Models
from mergelab.ui.form.texts.link import Link, link_of
from mergelab.ui.messages import PanelMessages, parts_of
from mergelab.ui.session.job_cache import LRU, JobCache
from mergelab.ui.session.merge_service import sketch_key
from mergelab.ui.session.queueing.job_limits import Client, JobLimits, Owner
from mergelab.ui.session.queueing.spare_time import SpareJob
from mergelab.ui.session.session import Session

FIRST_SUITES = ("pixels", "minilm")
SESSIONS = 500
"""How many visitors the server remembers; who opens one more page makes it forget the one that was quiet for longest."""
SESSIONS_OF_CLIENT = 100
"""How many of them one client may have, so that it cannot make the server forget the visitors of others."""


@dataclass(frozen=True)
class Settings:
    """How this server was started. With `read_ahead`, the worker reads the other delivered suites while nobody asks for anything."""

    device: str = "auto"
    models_dir: str | None = None
    threads: int | None = None
    read_ahead: bool = True


class Lab:
    """The server's side of the page: settings, the job cache, and one session per visitor."""

    def __init__(
        self, settings: Settings | None = None, job_cache: JobCache | None = None, sessions: int = SESSIONS
    ) -> None:
        self.settings = settings or Settings()
        self.job_cache = job_cache or JobCache(lambda: Worker(threads=self.settings.threads))
        self.job_limits = JobLimits(self.job_cache.backlog.wait)
        self._forgotten: LRU[str, bool] = LRU(8 * sessions)
        self.sessions: LRU[str, Session] = LRU(sessions, dropped=lambda visitor: self._forgotten.put(visitor, True))
        self._visitors: LRU[Client, deque[str]] = LRU(sessions)

    def session(self, visitor: str | None) -> Session:
        """The session of a visitor, created at the first visit."""
        name = visitor or ""
        return self.sessions.get_or_make(name, lambda: self._new_session(Owner(name)))

    def has_forgotten(self, visitor: str) -> bool:
        """Whether this visitor's session was dropped for those of others."""
        return bool(self._forgotten.get(visitor))

    def welcome(self, visitor: str, client: Client) -> Session:
        """The session of a visitor who opens the page. A client with too many has its oldest one forgotten."""
        session = self.session(visitor)
        session.owner = Owner(visitor, client)
        visitors = self._visitors.get_or_make(client, deque)
        if visitor not in visitors:
            visitors.append(visitor)
        if len(visitors) > SESSIONS_OF_CLIENT and not client.is_loopback:
            self.sessions.drop(visitors.popleft())
        return session

    def suites(self) -> dict[str, Suite]:
        """The installed suites, quickest first."""
        found = list_suites()
        order = [name for name in FIRST_SUITES if name in found]
        return {name: found[name] for name in [*order, *(name for name in found if name not in order)]}

    def opening(self, suite: Suite | None = None) -> Form:
        """The form that the page opens with: the first suite, all its experts, the first preset; or the same of another suite."""
        models = Models.of_suite(suite or next(iter(self.suites().values())))
        recipe = presets()[FIRST].recipe
        return Form(models, tuple(models.titles), recipe.method.name, device=self.settings.device, rows=QUICK_ROWS)

    def link(self, form: Form, complete: bool = False) -> Link:
        """The link to a form; a complete one leaves no default out."""
        return link_of(form.written(), form.models, self._opening_recipe, complete)

    def warm(self, form: Form, finished: Callable[[PanelMessages], None]) -> threading.Thread:
        """Compute the opening in a thread, which is returned. `finished` gets all messages of the opening.

        Then the worker gets ready to score: what the opening shows is in the cache from an earlier start, but the first knob
        that somebody turns is not. In its spare time it reads the models of the other delivered suites: those that were built
        here may be large, and would keep it busy for long.
        """

        def work() -> None:
            shown = PanelMessages()
            for update in self._new_session(Owner()).first(form):
                shown = replace(shown, **parts_of(update))
                if update.charts and update.scores:
                    finished(shown)
            self.job_cache.worker.submit("ready_to_score", model=form.models.base, device=form.device)
            for suite in list(self.suites().values())[1:] if self.settings.read_ahead else ():
                if suite.is_delivered:
                    self._read_in_spare_time(self.opening(suite))

        thread = threading.Thread(target=work, name="mergelab-warm", daemon=True)
        thread.start()
        return thread

    def _read_in_spare_time(self, form: Form) -> None:
        """Have the sketch ready that a change to the form's models asks for."""
        arguments = {
            "recipe": form.written().to_mapping(),
            "device": form.device,
            "models_dir": self.settings.models_dir,
        }
        sketches, key = self.job_cache.sketches, sketch_key(form)
        self.job_cache.spare_time.add(SpareJob("sketch", arguments, lambda found: sketches.put(key, found)))

    @cached_property
    def _opening_recipe(self) -> Recipe | None:
        return self.opening().recipe() if self.suites() else None

    def _new_session(self, owner: Owner) -> Session:
        visit = _visit(owner.visitor)
        return Session(
            self.job_cache, self.link, self.settings.models_dir, visit, owner=owner, job_limits=self.job_limits
        )


def _visit(visitor: str) -> str:
    """The group of a visitor's runs. It does not tell the visitor's name, with which their page could be asked for."""
    return f"visit {hashlib.sha256(visitor.encode()).hexdigest()[:8]}" if visitor else ""
