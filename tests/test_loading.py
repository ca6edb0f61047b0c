"""What is loaded with the simulator: nothing that its days do not use; what is late is whole when it is asked for."""

import subprocess
import sys

import pytest

from sim.abm import loaded_late

HEAVY = ("pandas", "networkx", "matplotlib", "hydra", "scipy.spatial", "scipy.stats", "mesa.space", "statsmodels")


def said(code):
    """What a fresh process prints that runs this code."""
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def test_a_worker_loads_nothing_that_a_day_does_not_use():
    loaded = said(
        "import sys, experiments.execute.worker, sim.economy, sim.metrics, sim.spec\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    assert loaded == "[]"


@pytest.mark.parametrize("first", ["import sim.abm, mesa", "import mesa, sim.abm"])
def test_mesa_is_whole_for_who_imports_it_beside_the_simulator(first):
    asked = (
        f"{first}\n"
        "import mesa.space, pandas\n"
        "from mesa.datacollection import DataCollector\n"
        "class Own(mesa.DataCollector): pass\n"
        "assert issubclass(Own, DataCollector) and sim.abm.Model is mesa.Model\n"
        "model, read = mesa.Model(), Own(model_reporters={'a': lambda model: 3})\n"
        "read.collect(model)\n"
        "assert isinstance(read.get_model_vars_dataframe(), pandas.DataFrame)\n"
        "print(read.get_model_vars_dataframe()['a'][0], hasattr(mesa, 'nothing'))"
    )
    assert said(asked) == "3 False"


def test_a_module_that_is_late_stands_in_nobodys_way_afterwards():
    known = "wave" in sys.modules
    with loaded_late(("wave", "json")):
        import json
        import wave

        late = wave.Error
    assert json.loads("1") == 1  # was loaded already, and stays as it is
    import wave as whole

    assert known or (wave is not whole and issubclass(late.found(), Exception))
    assert wave.Error is whole.Error
