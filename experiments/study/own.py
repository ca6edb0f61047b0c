"""Metrics and figures of the user's own: classes that a configuration names, found and built as agents are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from experiments.configuration.canonical import parts
from experiments.configuration.settings import Settings
from experiments.errors import UsageError
from experiments.plugins import provenance
from experiments.plugins.guard import attempted, problems_told
from experiments.plugins.sources import PluginCode, measuring_code

if TYPE_CHECKING:
    from sim.metrics.measure import Metric
    from sim.record import Record

NAME = re.compile(r"[A-Za-z]\w*")
NOT_METRICS = {"key", "arm", "shock", "seed", "status", "measured", "processor", "error", "day", "days", "date"}


class MetricError(Exception):
    """A metric of the user's own that cannot be taken."""


@dataclass(frozen=True)
class Measuring:
    """What a run is measured by: the user's own metrics as configured, and a hash of all code that measures."""

    metrics: Mapping[str, Any] = field(default_factory=dict)
    plugins: tuple[str, ...] = ()
    code: str = ""

    def measure(self, record: Record, window: tuple[int, int]) -> dict[str, float]:
        """All metrics of a run over a window of days, ours and the user's; MetricError names one that fails."""
        from sim.metrics import measure
        from sim.metrics.measure import Window

        found = measure(record, window)
        for name, metric in own_metrics(self.metrics, self.plugins).items():
            try:
                found[name] = float(metric.of(Window(record, *window)))
            except Exception as error:
                said = f"metric {name}: {type(error).__name__}: {error}"
                raise MetricError(said).with_traceback(error.__traceback__) from error
        return {name: float(value) for name, value in found.items()}


def measuring_of(settings: Settings, plugins: PluginCode) -> Measuring:
    """What the runs of a study are measured by."""
    return Measuring(settings.metrics, tuple(settings.plugins), code_of(settings.metrics, plugins))


def code_of(metrics: Mapping[str, Any], plugins: PluginCode) -> str:
    """A hash of the code that measures by these metrics of the user's and by ours."""
    return provenance.digest([measuring_code(), metrics, plugins.used_by(metrics)])[:16]


def own_metrics(section: Mapping[str, Any], plugins: tuple[str, ...] = ()) -> dict[str, Metric]:
    """The user's own metrics by name; SpecError with all that is wrong."""
    from sim.metrics import METRICS
    from sim.metrics.measure import Metric, OwnMetric
    from sim.parts import build_part, cannot
    from sim.problems import Problem as Wrong
    from sim.problems import SpecError

    found, wrong = {}, []
    for name, settings in section.items():
        if name in METRICS or name in NOT_METRICS or not NAME.fullmatch(str(name)):
            allowed = (
                "is a column of runs.parquet already" if NAME.fullmatch(str(name)) else "letters, digits and _ only"
            )
            wrong.append(Wrong("metrics", name, f"the name of a metric: {allowed}; give it another"))
            continue
        try:
            built = build_part("metrics", name, settings, plugins)
        except SpecError as error:
            wrong += error.problems
            continue
        if not isinstance(built, OwnMetric):
            target = settings["_target_"]
            wrong.append(Wrong(f"metrics.{name}._target_", target, "is not an OwnMetric of sim.metrics.measure"))
            continue
        try:
            found[name] = Metric(name, built.unit, built.meaning(), built.family, built.of)
        except (Exception, SystemExit) as error:
            wrong.append(Wrong(f"metrics.{name}._target_", settings["_target_"], cannot(error)))
    if wrong:
        raise SpecError(wrong)
    return found


def own_figures(section: Mapping[str, Any], plugins: tuple[str, ...] = ()) -> dict[str, Any]:
    """The user's own figures by name, each with a `draw(results)`; SpecError with all that is wrong."""
    from sim.parts import build_part
    from sim.problems import SpecError

    found, wrong = {}, []
    for name, settings in section.items():
        try:
            found[name] = build_part("figures", name, settings, plugins)
        except SpecError as error:
            wrong += error.problems
    if wrong:
        raise SpecError(wrong)
    return found


def checked_metrics(settings: Settings) -> dict[str, Metric]:
    """The user's own metrics, once these and the figures are known to be sound; a UsageError tells what is not."""
    plugins = tuple(settings.plugins)
    metrics, unsound = attempted(lambda: own_metrics(settings.metrics, plugins))
    _, undrawn = attempted(lambda: own_figures(settings.figures, plugins))
    problems = [*problems_told("metrics", unsound), *problems_told("figures", undrawn)]
    if problems:
        raise UsageError("the study cannot be read; nothing was run", problems)
    return dict(metrics)


def in_one_form(settings: Settings) -> Settings:
    """The settings with the user's own metrics and figures as their classes read them; all are known to be sound."""
    from sim.problems import SpecError

    plugins, forms = tuple(settings.plugins), {}
    for name, build in (("metrics", own_metrics), ("figures", own_figures)):
        section = getattr(settings, name)
        try:
            forms[name] = parts(section, plugins)
            build(forms[name], plugins)
        except SpecError:  # a class may refuse to be given what it would itself fill in
            forms[name] = parts(section, plugins, filled=False)
    return settings.model_copy(update=forms)


def described(settings: Settings) -> dict[str, dict[str, str]]:
    """Name -> unit, meaning and family of the user's own metrics, as config.yaml keeps them for readers."""
    built = own_metrics(settings.metrics, tuple(settings.plugins))
    return {name: {"unit": m.unit, "meaning": m.meaning, "family": m.family} for name, m in built.items()}
