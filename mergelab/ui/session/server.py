"""What all visitors of one server share: settings, suites, and the job cache."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

from mergelab.checkpoints import Suite, list_suites
from mergelab.evaluation.scoring import QUICK_ROWS
from mergelab.jobs import Worker
from mergelab.recipe import Recipe
from mergelab.ui.form.examples import FIRST, presets
from mergelab.ui.form.form import Form, Models
from mergelab.ui.form.link import Link, link_of
from mergelab.ui.messages import PanelMessages, parts_of
from mergelab.ui.session.job_cache import LRU, JobCache
from mergelab.ui.session.session import Session

FIRST_SUITES = ("pixels", "minilm")


@dataclass(frozen=True)
class Settings:
    """How this server was started."""

    device: str = "auto"
    models_dir: str | None = None
    threads: int | None = None


class Lab:
    """The server's side of the page: settings, the job cache, and one session per visitor."""

    def __init__(
        self, settings: Settings | None = None, job_cache: JobCache | None = None, sessions: int = 500
    ) -> None:
        self.settings = settings or Settings()
        self.job_cache = job_cache or JobCache(lambda: Worker(threads=self.settings.threads))
        self.sessions: LRU[str, Session] = LRU(sessions)

    def session(self, visitor: str | None) -> Session:
        """The session of a visitor, created at the first visit."""
        return self.sessions.get_or_make(visitor or "", self._new_session)

    def suites(self) -> dict[str, Suite]:
        """The installed suites, quickest first."""
        found = list_suites()
        order = [name for name in FIRST_SUITES if name in found]
        return {name: found[name] for name in [*order, *(name for name in found if name not in order)]}

    def opening(self) -> Form:
        """The form that the page opens with: the first suite, all its experts, the first preset."""
        models = Models.of_suite(next(iter(self.suites().values())))
        recipe = presets()[FIRST].recipe
        return Form(models, tuple(models.titles), recipe.method.name, device=self.settings.device, rows=QUICK_ROWS)

    def link(self, form: Form) -> Link:
        """The link to a form."""
        return link_of(form.written(), form.models, self._opening_recipe)

    def warm(self, form: Form, finished: Callable[[PanelMessages], None]) -> threading.Thread:
        """Compute the opening in a thread, which is returned. `finished` gets all messages of the opening."""

        def work() -> None:
            shown = PanelMessages()
            for update in self._new_session().first(form):
                shown = replace(shown, **parts_of(update))
                if update.charts and update.scores:
                    finished(shown)

        thread = threading.Thread(target=work, name="mergelab-warm", daemon=True)
        thread.start()
        return thread

    @cached_property
    def _opening_recipe(self) -> Recipe | None:
        return self.opening().recipe() if self.suites() else None

    def _new_session(self) -> Session:
        return Session(self.job_cache, self.link, self.settings.models_dir)
