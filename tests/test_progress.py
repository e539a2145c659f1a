"""Progress of long work: quiet by default, told by the standard module."""

from __future__ import annotations

import logging

import numpy as np

import metarepro as mr
from metarepro import progress


def test_long_work_is_told_where_it_is_asked_for(caplog, monkeypatch):
    monkeypatch.setattr(progress, "PAUSE", 0.0)
    rng = np.random.default_rng(1)
    y, v = rng.normal(size=(6000, 200)), np.full(200, 0.1)
    with caplog.at_level(logging.WARNING, logger="metarepro"):
        quiet = mr.pool(y, v, tau2="DL", ci="z")
    assert not caplog.records
    with caplog.at_level(logging.INFO, logger="metarepro"):
        told = mr.pool(y, v, tau2="DL", ci="z")
    assert caplog.messages and caplog.messages[0].startswith("fits: 0 of ")
    np.testing.assert_array_equal(quiet.beta, told.beta)


def test_the_parts_come_in_their_order():
    assert list(progress.with_progress("parts", range(5))) == [0, 1, 2, 3, 4]
    assert list(progress.with_progress("parts", ["one"])) == ["one"]
