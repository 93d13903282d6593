"""What the Tensor tab asks for: the list, a tensor, windows of its map, conflicts of two experts, singular values."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mergelab.analysis.tensor_map import Window
from mergelab.ui.messages import PairRequest, TensorRequest, WindowRequest
from mergelab.ui.page.panel_texts import sent
from mergelab.ui.page.sidebar.sidebar_state import SidebarState
from mergelab.ui.page.sidebar.wiring import PANEL, Call, Updates
from mergelab.ui.session import update
from mergelab.ui.session.session import Session

LONGEST_KEY = 500
Work = Callable[[Session], update.Updates]


@dataclass(frozen=True)
class TensorTab:
    """The handlers of the tab."""

    state: SidebarState

    def tensors(self, call: Call) -> Iterator[Updates]:
        """The list of tensors."""
        yield from self._follow(call, lambda session: session.tensor_view.tensors(self.state.form(session)))

    def look(self, call: Call) -> Iterator[Updates]:
        """Open a tensor."""
        asked: TensorRequest = call.message
        key = asked.tensor[:LONGEST_KEY]
        yield from self._follow(call, lambda session: session.tensor_view.look(self.state.form(session), key))

    def cells(self, call: Call) -> Updates:
        """A window of the map as sums over cells."""
        asked: WindowRequest = call.message
        found = list(self._follow(call, lambda session: session.tensor_view.cells(Window(*asked.window))))
        return found[-1] if found else {}

    def coordinates(self, call: Call) -> Iterator[Updates]:
        """A window of the map weight by weight."""
        asked: WindowRequest = call.message
        yield from self._follow(call, lambda session: session.tensor_view.coordinates(Window(*asked.window)))

    def pair_conflicts(self, call: Call) -> Iterator[Updates]:
        """The largest clashes between two experts."""
        asked: PairRequest = call.message
        yield from self._follow(call, lambda session: session.tensor_view.pair_conflicts(asked.pair))

    def spectrum(self, call: Call) -> Iterator[Updates]:
        """Singular values."""
        yield from self._follow(call, lambda session: session.tensor_view.spectrum())

    def _follow(self, call: Call, work: Work) -> Iterator[Updates]:
        try:
            for each in work(self.state.lab.session(call.visitor)):
                yield {PANEL: sent(each)}
        except ValueError:
            return  # the form itself is wrong, and its preview explains the problem
