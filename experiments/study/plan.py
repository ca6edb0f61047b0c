"""What a kind of study does differently before anything runs; every default is that of arms compared in pairs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from experiments.configuration.settings import NO_SHOCK, Settings, Strict, Study
from experiments.study.runs import Expansion, Place


class Plan(Strict):
    """The half of a kind that is asked while a study is spelt out; its fields stand under `study.kind`."""

    needs_paths: ClassVar[bool] = False  # whether the days of every run must be recorded
    simulates: ClassVar[bool] = True  # whether its worlds are run; if not, `run` does all there is to do
    compares_arms: ClassVar[bool] = (
        True  # whether arms may be compared: else answer, page and figures are the kind's own alone
    )

    def study(self, given: dict[str, Any]) -> dict[str, Any]:
        """The section `study` of the configuration as this kind reads it."""
        return given

    def shocks(self, presets: Sequence[str]) -> dict[str, list[str]]:
        """The study's shocks by name where the command line gives presets, sorted: all of them as one shock."""
        return {"+".join(presets): list(presets)} if presets else {}

    def checked(self, settings: Settings) -> Settings:
        """The settings in their one form; a UsageError with all that this kind cannot use."""
        return settings

    def meets(self, study: Study, arm: str, shock: str) -> bool:
        """Whether an arm runs under a shock; every arm runs without one."""
        return shock == NO_SHOCK or arm not in study.calm_only

    def given(self, worlds: Mapping[Place, dict[str, Any]]) -> dict[str, list[str]]:
        """Arm -> overrides that its worlds, once composed, call for; what the command line sets stays as it is."""
        del worlds
        return {}

    def endpoints(self, named: Sequence[str], own: Iterable[str]) -> tuple[str, ...]:
        """The metrics that the answer is about, of those the study names and the user's own: those it names."""
        del own
        return tuple(named)

    def run(self, expansion: Expansion) -> int:
        """Does what there is to do instead of running worlds; the program's exit status."""
        raise NotImplementedError(f"{type(self).__name__} says that it does not simulate, and has no `run`")
