"""How large a cluster a job needs: as many workers as make it in time, and what would break first."""

import pytest

from zjk_gis.batch import plan_cluster
from zjk_gis.errors import InputError
from zjk_gis.words import speaking

JOB = (10**10, 20_000, 250 * 10**9)


@pytest.fixture(autouse=True)
def _english():
    with speaking("en"):
        yield


@pytest.mark.parametrize("hours", [0.1, 0.4, 3])
@pytest.mark.parametrize("storage_mb_s", [20, 200, 5000])
def test_the_workers_make_it_in_time_and_one_less_would_not(hours, storage_mb_s):
    how = {"storage_mb_s": storage_mb_s}
    plan = plan_cluster(*JOB, hours=hours, **how)
    assert plan.hours <= hours
    if plan.workers > 1:
        assert plan_cluster(*JOB, workers=plan.workers - 1, **how).hours > hours


def test_twice_the_workers_take_half_the_time_as_long_as_there_are_parts():
    few, more = (plan_cluster(*JOB, workers=workers) for workers in (4, 8))
    assert more.hours == pytest.approx(few.hours / 2)
    assert more.store_mb_s == pytest.approx(2 * few.store_mb_s)
    idle = plan_cluster(10**7, 20_000, 10**9, workers=4)
    assert idle.parts == 4
    assert "fewer parts (4) than cores (32)" in idle.remarks[0]
    assert plan_cluster(10**7, 20_000, 10**9, workers=40).hours == idle.hours


def test_one_part_has_the_store_of_a_worker_to_itself():
    plan = plan_cluster(10**6, 20_000, 10**8, storage_mb_s=100)
    assert plan.step_hours["read"] * 3600 == pytest.approx(1, abs=0.1)


def test_what_takes_longest_is_named_and_what_helps():
    slow = plan_cluster(*JOB, storage_mb_s=20)
    assert slow.limit in ("read", "write")
    assert "a faster one helps" in slow.remarks[0]
    packed = plan_cluster(10**11, 200_000, 10**11, storage_mb_s=10_000)
    assert packed.limit == "assign"
    assert "more cores help" in packed.remarks[0]
    assert sum(packed.step_hours.values()) == pytest.approx(packed.hours)


def test_what_breaks_first_is_told():
    """A hundred billion rows are the most: of them the store, the scheduler and the plan are looked at."""
    told = " ".join(plan_cluster(10**11, 10**6, 30 * 10**12, hours=0.5).remarks)
    for words in (
        "MB/s for all workers",
        "parts of 256 MB are many",
        "more than 200,000 zones",
        "a plan of 5.0 GB",
    ):
        assert words in told
    assert "few schedulers live through 33.2 h" in " ".join(plan_cluster(*JOB[:2], 10**13, workers=1).remarks)
    with pytest.raises(InputError, match="a job for each year"):
        plan_cluster(2 * 10**11, 100, 10**12)
