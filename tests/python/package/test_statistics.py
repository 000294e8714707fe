# SPDX-License-Identifier: Apache-2.0
"""Intervals, paired differences and the stopping rule, against numbers worked out elsewhere."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, cast

import holdfast
import numpy as np
import pandas as pd
import pytest
from holdfast import _core
from holdfast.errors import UsageError
from holdfast.statistics import (
    Interval,
    Narrow,
    bootstrap_interval,
    ecdf,
    mean_interval,
    paired_difference,
    summarize,
    wilson_interval,
)
from scipy import stats

POLICY = "/hosts/0/policy"


def ends(one: Interval) -> list[float]:
    """Return both ends of an interval."""
    return [one.low, one.high]


def test_mean_by_hand() -> None:
    """Five values 1 to 5: mean 3, s = sqrt(2.5), and t(4) = 2.776 in every table."""
    one = mean_interval([1, 2, 3, 4, 5])
    half = 2.776 * math.sqrt(2.5) / math.sqrt(5)
    assert one.estimate == 3
    assert ends(one) == pytest.approx([3 - half, 3 + half], abs=5e-4)
    # 90 %, t(4) = 2.132
    assert mean_interval([1, 2, 3, 4, 5], 0.9).width == pytest.approx(
        2 * 2.132 / math.sqrt(2), abs=1e-3
    )


def test_mean_against_scipy() -> None:
    """The same interval as scipy's, for several sizes and levels."""
    rng = np.random.default_rng(3)
    for n in (2, 3, 30, 400):
        values = rng.exponential(size=n)
        for level in (0.5, 0.95, 0.999):
            expected = stats.ttest_1samp(values, 0).confidence_interval(level)
            one = mean_interval(values, level)
            assert ends(one) == pytest.approx([expected.low, expected.high], rel=1e-9)


@pytest.mark.parametrize("interval", [mean_interval, bootstrap_interval])
def test_few_values(interval: Any) -> None:
    """Of no value nothing is known, of one the interval is not; missing ones are counted."""
    none = interval([])
    assert none.n == 0
    assert math.isnan(none.estimate)
    assert math.isnan(none.width)
    one = interval([None, 7.0, float("nan")])
    assert (one.n, one.dropped, one.estimate) == (1, 2, 7.0)
    assert math.isnan(one.width)
    same = interval([4.0] * 12)
    assert (same.low, same.estimate, same.high) == (4.0, 4.0, 4.0)


def test_wilson_by_hand() -> None:
    """Z = 1.96, z^2 = 3.8415: 0 of 10 reaches z^2 / (10 + z^2); 3 of 10 is in Newcombe's paper."""
    none = wilson_interval(0, 10)
    assert (none.estimate, none.low) == (0, 0)
    assert none.high == pytest.approx(3.841459 / 13.841459, abs=1e-6)
    three = wilson_interval(3, 10)
    assert ends(three) == pytest.approx([0.1078, 0.6032], abs=5e-5)
    every = wilson_interval(10, 10)
    assert ends(every) == pytest.approx([1 - none.high, 1.0])
    assert wilson_interval(0, 0).width == 1


def test_wilson_against_scipy() -> None:
    """The same interval as scipy's."""
    for hits, n, level in ((1, 7, 0.95), (500, 1000, 0.99), (0, 3, 0.8), (9, 9, 0.95)):
        expected = stats.binomtest(hits, n).proportion_ci(level, method="wilson")
        one = wilson_interval(hits, n, level)
        assert ends(one) == pytest.approx([expected.low, expected.high], abs=1e-12)


def test_bca_against_scipy() -> None:
    """The BCa interval of the mean of a skewed sample: what scipy makes of the same resamples."""
    values = np.random.default_rng(5).exponential(size=60)
    theirs = stats.bootstrap((values,), np.mean, n_resamples=2000, method="BCa")
    ours = replace(theirs, bootstrap_distribution=_core.bootstrap(values, None, 1, 2000))
    told = stats.bootstrap((values,), np.mean, n_resamples=0, method="BCa", bootstrap_result=ours)
    one = bootstrap_interval(values, resamples=2000)
    assert one.estimate == pytest.approx(float(values.mean()))
    assert ends(one) == pytest.approx(list(told.confidence_interval), rel=1e-9)
    # Their resamples are others: the tails of 2,000 are known to a few % of the width.
    assert ends(one) == pytest.approx(list(theirs.confidence_interval), abs=0.15 * one.width)


def test_bootstrap_of_the_median() -> None:
    """Of 61 values a resample's median is at most the k-th if 31 of its draws are.

    That is a binomial probability: 3.5 % is passed at k = 24 and 96.5 % at k = 38, each well away
    from what 20,000 resamples leave open.
    """
    reached = [float(stats.binom.sf(30, 61, k / 61)) for k in range(62)]
    assert reached[23] < 0.03 < 0.04 < reached[24]
    assert reached[37] < 0.96 < 0.97 < reached[38]
    one = bootstrap_interval(range(1, 62), 0.93, quantile=0.5, resamples=20000)
    assert (one.low, one.estimate, one.high) == (24, 31, 38)


def test_bca_is_not_symmetric() -> None:
    """Of a sample with a tail to the right the interval reaches further to the right."""
    one = bootstrap_interval([1.0] * 19 + [20.0])
    assert one.high - one.estimate > 1.5 * (one.estimate - one.low)


def test_bootstrap_coverage() -> None:
    """Of 400 samples of 40 uniform values about 95 % have an interval around the true mean.

    400 trials have a standard deviation of 1.1 points; the bounds are four of them, and the
    bootstrap of 40 values is known to be up to 2 points short.
    """
    rng = np.random.default_rng(11)
    samples = rng.uniform(size=(400, 40))
    inside = 0
    for k, sample in enumerate(samples):
        one = bootstrap_interval(sample, resamples=500, seed=k)
        inside += one.low <= 0.5 <= one.high
    assert 0.886 <= inside / 400 <= 0.994


def test_bootstrap_is_deterministic() -> None:
    """The seed decides, on any thread; more resamples begin with the same ones."""
    values = np.arange(200, dtype=np.float64)
    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(lambda _: _core.bootstrap(values, None, 9, 1000), range(8)))
    assert all(np.array_equal(runs[0], other) for other in runs)
    assert np.array_equal(runs[0][:130], _core.bootstrap(values, None, 9, 130))
    assert not np.array_equal(runs[0], _core.bootstrap(values, None, 10, 1000))
    assert len(np.unique(runs[0])) > 500
    assert runs[0].mean() == pytest.approx(99.5, abs=0.7)


def test_ecdf() -> None:
    """Shares by hand; a value that occurs twice is one step of twice the height."""
    told = ecdf([3.0, 1.0, None, 3.0, 2.0])
    assert told["value"].tolist() == [1.0, 2.0, 3.0]
    assert told["share"].tolist() == [0.25, 0.5, 1.0]
    assert ecdf([None]).empty


def table_of_runs() -> pd.DataFrame:
    """Return a sweep by hand: two policies, one of them an object, three seeds."""
    held = {"preset": "cqt-only", "hold_multiplier": 1.5}
    rows = [
        {POLICY: policy, "seed": seed, "stall_s": stall, "verdict": verdict}
        for policy, runs in (
            ("spec", ((1, 2.0, "ok"), (2, 4.0, "ok"), (3, 6.0, None))),
            (held, ((1, 12.0, "corrupt"), (2, 15.0, "ok"), (3, None, "ok"))),
        )
        for seed, stall, verdict in runs
    ]
    return pd.DataFrame(rows)


def test_summarize() -> None:
    """A row a point: t intervals for numbers, Wilson's for verdicts, missing ones counted."""
    told = summarize(table_of_runs(), "stall_s")
    assert told["n"].tolist() == [3, 2]
    assert told["dropped"].tolist() == [0, 1]
    assert told["mean"].tolist() == [4.0, 13.5]
    # t(2) = 4.303, s = 2; t(1) = 12.706, s = 1.5 sqrt(2)
    half = (told["high"] - told["low"]) / 2
    assert half.tolist() == pytest.approx([4.303 * 2 / math.sqrt(3), 12.706 * 1.5], abs=1e-2)
    corrupt = summarize(table_of_runs(), "verdict", by=POLICY)
    assert corrupt["mean"].tolist() == pytest.approx([0.0, 1 / 3])
    assert corrupt["n"].tolist() == [2, 3]
    assert corrupt["low"].iloc[0] == 0.0
    alone = summarize(table_of_runs().drop(columns=[POLICY]), "stall_s", method="bootstrap")
    assert alone["n"].tolist() == [5]
    assert summarize(table_of_runs().iloc[:0], "stall_s").empty


def test_axes_with_names_of_their_own() -> None:
    """What stands before the seed is an axis, whatever it is called."""
    table = pd.DataFrame({"level": ["a", "a", "b"], "seed": [1, 2, 1], "stall_s": [1.0, 3.0, 5.0]})
    assert summarize(table, "stall_s")["mean"].tolist() == [2.0, 5.0]
    assert paired_difference(table, "stall_s", "level", ("a", "b")).estimate == 4.0


def test_paired_difference() -> None:
    """Seeds 1 and 2 are pairs: +10 and +11; seed 3 has no value in one of them."""
    held = '{"preset": "cqt-only", "hold_multiplier": 1.5}'
    one = paired_difference(table_of_runs(), "stall_s", POLICY, ("spec", held))
    assert (one.n, one.dropped, one.estimate) == (2, 1, 10.5)
    assert one.width == pytest.approx(2 * 12.706 * 0.5, abs=1e-3)
    # The same if the run is not there at all.
    short = paired_difference(table_of_runs().iloc[:-1], "stall_s", POLICY, ("spec", held))
    assert (short.n, short.dropped, short.estimate) == (2, 1, 10.5)
    back = paired_difference(table_of_runs(), "stall_s", POLICY, (held, "spec"))
    assert back.estimate == -10.5
    rate = paired_difference(table_of_runs(), "verdict", POLICY, ("spec", held))
    assert (rate.n, rate.estimate) == (2, 0.5)


def test_paired_difference_cancels_what_the_seed_decides() -> None:
    """Seeds differ by far more than policies, and the difference is found all the same."""
    rng = np.random.default_rng(2)
    luck = rng.uniform(0, 100, size=30)
    frames = [
        pd.DataFrame({POLICY: name, "/k": k, "seed": range(30), "stall_s": luck * k + more})
        for name, more in (("a", 0.0), ("b", 1.0))
        for k in (1, 2)
    ]
    table = pd.concat(frames, ignore_index=True).sample(frac=1, random_state=1)
    one = paired_difference(table, "stall_s", POLICY, ("a", "b"))
    assert one.n == 60
    assert one.low == pytest.approx(1.0)
    assert one.high == pytest.approx(1.0)
    with pytest.raises(UsageError, match="name more columns"):
        paired_difference(table, "stall_s", POLICY, ("a", "b"), pair_on="seed")


def test_narrow() -> None:
    """Enough when the widest interval is narrow, and not before each group has enough runs."""
    table = pd.DataFrame(
        {
            "/x": [0] * 10 + [1] * 10,
            "stall_s": [1.0, 2.0] * 5 + [1.0, 4.0] * 5,
            "verdict": ["ok"] * 20,
        }
    )
    # s = 1.5 sqrt(10 / 9) in the wider group, t(9) = 2.262: width 2 * 2.262 * 1.5 / 3 = 2.262
    assert Narrow("stall_s", width=2.27).enough(table)
    assert not Narrow("stall_s", width=2.25).enough(table)
    assert Narrow("stall_s", width=0.76).enough(table[table["/x"] == 0])
    assert not Narrow("stall_s", width=9, at_least=11).enough(table)
    # Wilson for 0 of 10 is 0.2775 wide, for 0 of 20 it is 3.841 / 23.841 = 0.1611.
    assert Narrow("verdict", width=0.28).enough(table)
    assert not Narrow("verdict", width=0.27).enough(table)
    assert Narrow("verdict", width=0.17, by=[]).enough(table)
    assert not Narrow("stall_s", width=9).enough(table.iloc[:0])
    assert not Narrow("stall_s", width=9, at_least=1).enough(table.iloc[[0, 10]])


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda t: summarize(t, "stal_s"), 'did you mean "stall_s"'),
        (lambda t: summarize(t, "stall_s", by="/hosts/0/polcy"), 'did you mean "/hosts/0/policy"'),
        (lambda t: summarize(t, "stall_s", method=cast(Any, "z")), "expected one of t, bootstrap"),
        (lambda t: summarize(t, POLICY), "expected numbers, booleans or verdicts"),
        (lambda t: paired_difference(t, "stall_s", POLICY, ("spec", "spic")), "found 'spic'"),
        (lambda t: mean_interval([1.0], confidence=95), "found 95"),
        (lambda t: wilson_interval(3, 2), "found 3 of 2"),
        (lambda t: bootstrap_interval([1.0], quantile=50), "found 50"),
        (lambda t: bootstrap_interval([1.0], resamples=0), "resamples: found 0"),
        (lambda t: bootstrap_interval([1.0], seed=-1), "seed: found -1"),
        (lambda t: Narrow("stall_s", width=0), "width: found 0"),
        (lambda t: Narrow("stall_s", width=1, at_least=20, at_most=10), "at_least: found 20"),
        (lambda t: Narrow("stal_s", width=1).enough(t), 'did you mean "stall_s"'),
    ],
)
def test_wrong_arguments(call: Any, word: str) -> None:
    """A mistake is answered with what was found and what was meant."""
    with pytest.raises(UsageError) as caught:
        call(table_of_runs())
    assert word in str(caught.value)


def test_narrow_stops_a_sweep() -> None:
    """Six runs of six need 3.841 / 9.841 = 0.39; a stall that is always the same needs no more."""
    points = {POLICY: ["linux-mainline"]}
    for rule, least, most in (
        (Narrow("verdict", width=0.4, at_least=3, at_most=40), 6, 9),
        (Narrow("stall_s", width=0.1, at_least=3, at_most=40), 3, 3),
        (Narrow("verdict", width=0.01, at_least=2, at_most=4), 4, 4),
    ):
        table = holdfast.sweep("rw_test_mainline", points, until=rule, progress=False)
        assert least <= len(table) <= most
