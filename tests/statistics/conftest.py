"""A made-up result folder with plausible numbers: four arms, one outage, forked runs, recorded days."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

ARMS = {"no_finance": 0.12, "loans": 0.13, "futures": 0.10, "both": 0.11}  # log rent's jump in the outage
SEEDS, DAYS, START, LENGTH = 12, 210, 100, 30
ENDPOINTS = ["rent_volatility", "unserved_gpu_hours", "defaults", "rent_overshoot"]
SUPPLY_VE, GPUS = 470_000.0, 2_500_000.0


def noise(*key: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=list(key)[:2] if len(key) > 1 else key[0]))


def one_path(arm: str, shock: str, seed: int, forked: bool) -> pd.DataFrame:
    """A row a day: log rent is an AR(1) all arms of a seed share, and a bump while the outage lasts."""
    day = np.arange(DAYS)
    shocks = noise(1, seed).normal(scale=0.027, size=DAYS)
    own = 0.0 if forked else 0.004 * list(ARMS).index(arm)
    deviation = np.zeros(DAYS)
    for t in range(1, DAYS):
        deviation[t] = 0.96 * deviation[t - 1] + (1 + own) * shocks[t]
    dark = (day >= START) & (day < START + LENGTH) if shock != "none" else np.zeros(DAYS, bool)
    deviation = deviation + ARMS[arm] * (1 + 0.2 * noise(2, seed).normal()) * dark
    path = 2.81 * np.exp(-0.32 * day / 365)
    growth = np.exp(0.56 * day / 365)
    rent = path * np.exp(deviation)
    fleet = SUPPLY_VE * 5.3 * growth * (1 + 0.01 * np.cumsum(shocks))
    frame = pd.DataFrame({
        "arm": arm + ("@fork" if forked else ""), "shock": shock, "seed": seed, "day": day,
        "date": pd.date_range("2026-10-01", periods=DAYS),
        "rent_h100_usd_per_gpu_hour": rent,
        "rent_b200_usd_per_gpu_hour": 2.09 * rent * np.exp(0.012 * noise(3, seed).normal(size=DAYS)),
        "rent_path_usd_per_ve_hour": path,
        "index_transaction_usd_per_gpu_hour": rent,
        "index_quote_usd_per_gpu_hour": 1.1 * path * np.round(np.exp(deviation), 1),
        "fleet_neocloud_gpus": GPUS * growth, "fleet_hyperscaler_gpus": 13.2e6 * growth,
        "fleet_ve": fleet, "fleet_path_ve": SUPPLY_VE * 5.3 * growth,
        "orders_ve": np.where(day % 30 == 0, SUPPLY_VE * 0.35 * growth * np.exp(deviation), 0.0),
        "orders_path_ve": np.where(day % 30 == 0, SUPPLY_VE * 0.35 * growth, 0.0),
        "occupancy": np.clip(0.81 + 0.4 * deviation, 0, 1),
        "unserved_gpu_hours": np.where(dark, 3e4 * ARMS[arm], 0.0),
        "defaults": (noise(4, seed).uniform(size=DAYS) < (0.002 if arm in ("loans", "both") else 0)).astype(int),
        "loans_usd": 55e9 * growth, "dscr_median": 1.4 + 0.5 * deviation, "q_mean": 1.13 + 0.3 * deviation,
        "rent_usd_per_ve_hour": rent, "reserved_3m_usd_per_ve_hour": 0.96 * rent,
        "reserved_12m_usd_per_ve_hour": 0.85 * rent, "reserved_36m_usd_per_ve_hour": 0.63 * rent,
    })  # fmt: skip
    if arm in ("futures", "both"):
        for k in range(1, 7):
            frame[f"future_{k}_usd_per_gpu_hour"] = path * np.exp(-0.32 * k / 12 + deviation * 0.9**k)
        frame["open_interest_contracts"] = 2.3e6 * growth
    return frame


def summary(path: pd.DataFrame) -> dict[str, float]:
    window = path.iloc[START:]
    log_rent = np.log(window["rent_h100_usd_per_gpu_hour"].to_numpy())
    over = np.exp(log_rent) / window["rent_path_usd_per_ve_hour"].to_numpy()
    return {
        "rent_mean_usd_per_gpu_hour": float(np.exp(log_rent).mean()),
        "rent_peak_share": float(over.max()),
        "rent_volatility": float(np.diff(log_rent).std() * np.sqrt(365)),
        "rent_overshoot": float(max(0.0, 1 - over.min())),
        "unserved_gpu_hours": float(window["unserved_gpu_hours"].sum()),
        "defaults": float(window["defaults"].sum()),
        "recovery_days": float("nan") if path["shock"].iloc[0] == "none" else 30.0,
    }


def write_folder(out: Path, record: str = "paths", seeds: int = SEEDS, failed: int = 1) -> Path:
    (out / "paths").mkdir(parents=True)
    study = {
        "name": "outage", "kind": "paired", "baseline": "no_finance", "arms": {arm: [] for arm in ARMS},
        "question": "What does a 30-day outage of 15 % of capacity do to rents and defaults?",
        "shocks": {"pool_outage": ["pool_outage"]}, "event": {"start_day": START, "end_day": START + LENGTH},
        "endpoints": ENDPOINTS, "equivalence": {"rent_mean_usd_per_gpu_hour": 0.05},
    }  # fmt: skip
    config = {"study": study, "seeds": list(range(1, seeds + 1)), "days": DAYS, "window": [START, DAYS]}
    changes = {f"{arm}, none": {"loan.on": "loans" in arm or arm == "both"} for arm in list(ARMS)[1:]}
    config |= {"first": "no_finance, none", "world": {"loan": {"on": False, "cap": 0.6}}, "differences": changes}
    (out / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    (out / "provenance.json").write_text('{"rackrate": "0.1.0", "source": "abc123", "versions": {"numpy": "2.4.6"}}')
    rows = []
    for arm in ARMS:
        for shock in ("none", "pool_outage"):
            for forked in (False, True):
                frames = [one_path(arm, shock, seed, forked) for seed in range(1, seeds + 1)]
                for frame in frames:
                    keys = {name: frame[name].iloc[0] for name in ("arm", "shock", "seed")}
                    key = f"{len(rows):08x}".ljust(16, "0")
                    rows.append({"key": key, **keys, "status": "ok", "error": "", **summary(frame)})
                    if record == "paths":
                        name = f"{keys['arm']}-{shock}-{keys['seed']:04d}-{key[:8]}.parquet"
                        frame.to_parquet(out / "paths" / name, index=False)
    for row in rows[:failed]:
        row |= {"status": "failed", "error": "ValueError: made up"}
        row |= {name: None for name in row if name not in ("key", "arm", "shock", "seed", "status", "error")}
    pd.DataFrame(rows).to_parquet(out / "runs.parquet", index=False)
    return out


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folder(tmp_path_factory.mktemp("results") / "outage")


@pytest.fixture
def summary_folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "summary", record="summary", seeds=4, failed=0)
