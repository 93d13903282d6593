"""What the Task sets tab and the fields for own task sets ask for: uploads, looks, corrections."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mergelab.ui.messages import TaskCorrection, TaskSetRequest
from mergelab.ui.page.follow import shown
from mergelab.ui.page.sidebar.sidebar_layout import OWN_BASE, OWN_EXPERTS, OWN_TASKS, UPLOAD_TASKS
from mergelab.ui.page.sidebar.sidebar_state import SidebarState
from mergelab.ui.page.sidebar.wiring import Call, Updates
from mergelab.ui.page.uploads.uploaded_files import uploaded_files
from mergelab.ui.session.task_sets.task_sets_view import Looking, TaskSetsView, TypedModels


def typed_models(call: Call) -> TypedModels:
    """The models and task sets that were typed when the event happened."""
    base, experts, tasks = (str(call.values[name] or "") for name in (OWN_BASE, OWN_EXPERTS, OWN_TASKS))
    return TypedModels(base, experts, tasks)


@dataclass(frozen=True)
class TaskSetsTab:
    """The handlers of the tab."""

    state: SidebarState

    def upload(self, call: Call) -> Iterator[Updates]:
        """List uploaded files as task sets."""
        yield from self._follow(
            call, lambda view: view.upload(uploaded_files(call.values[UPLOAD_TASKS]), typed_models(call))
        )

    def look(self, call: Call) -> Iterator[Updates]:
        """Look at the typed and the uploaded task sets."""
        yield from self._follow(call, lambda view: view.look(typed_models(call)))

    def correct(self, call: Call) -> Iterator[Updates]:
        """Take another kind, column or head."""
        asked: TaskCorrection = call.message
        yield from self._follow(call, lambda view: view.correct(asked, typed_models(call)))

    def remove(self, call: Call) -> Iterator[Updates]:
        """Take a task set off the list, and out of the field where it was typed."""
        asked: TaskSetRequest = call.message
        listed = self.state.lab.session(call.visitor).task_sets.listed
        for update in self._follow(call, lambda view: view.remove(asked.key, typed_models(call))):
            yield {**update, OWN_TASKS: "\n".join(listed.lines)}

    def keep(self, call: Call) -> Iterator[Updates]:
        """Keep an uploaded task set in the models folder."""
        asked: TaskSetRequest = call.message
        yield from self._follow(call, lambda view: view.keep(asked.key, typed_models(call)))

    def _follow(self, call: Call, work: Callable[[TaskSetsView], Looking]) -> Iterator[Updates]:
        for update in self.state.lab.session(call.visitor).look_at_tasks(work):
            yield shown(update)
