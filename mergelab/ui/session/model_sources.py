"""The models that one visitor may choose: the suites, and models of their own."""

from __future__ import annotations

from dataclasses import dataclass, field

from mergelab.checkpoints import list_suites, load_suite
from mergelab.recipe import RecipeError
from mergelab.ui.form.form import OWN, Models
from mergelab.ui.form.texts.link import source_name


@dataclass
class ModelSources:
    """`own` are the person's current models; `earlier` keeps all that they ever typed, for undo."""

    own: Models | None = None
    earlier: dict[str, Models] = field(default_factory=dict)

    def named(self, source: str) -> Models:
        """The models of a suite, or the person's own. Raises ValueError if there are none."""
        if source != OWN:
            return Models.of_suite(load_suite(source))
        if self.own is None:
            raise RecipeError(
                "You have not chosen models of your own yet: open “Your own models”, fill in base and experts, and press Use these models."
            )
        return self.own

    @property
    def names(self) -> list[str]:
        """What `named` takes now."""
        return [*list_suites(), *([OWN] if self.own else [])]

    @property
    def all(self) -> dict[str, Models]:
        """The models that an address or an earlier state of this page may name."""
        suites = {name: Models.of_suite(suite) for name, suite in list_suites().items()}
        return {**suites, **self.earlier}

    def take(self, models: Models) -> None:
        """Work on these models of the person's own from now on."""
        self.own = self.earlier[source_name(models)] = models
