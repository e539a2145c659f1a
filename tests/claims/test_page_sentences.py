"""Sentences of the page: each holds, or the run stops at its place."""

from __future__ import annotations

import pytest

from metarepro.errors import ConfigError
from tests.report.pages import make_page, one_study

PAGE = """page:
  question: Does it help?
  lede:
    - text: "It does: {{pooled(main)}}."
      when: {when}
"""
HOLDS = "says(main) is one_trial and pooled(main, ci_low) < 1"


def project(folder, when=HOLDS):
    one_study(folder)
    with (folder / "config.yaml").open("a", encoding="utf-8") as f:
        f.write(PAGE.format(when=when))
    return folder


def test_a_sentence_that_holds_is_filled_with_the_result(tmp_path):
    made = make_page(project(tmp_path))
    assert made.plain["main"]["summary"]["estimate"] == pytest.approx(12 * 34 / (28 * 6))
    assert made.content.filled[("page", "lede", 0)] == (("It does: ", ""), ("2.43", "pooled(main)"), (".", ""))


@pytest.mark.parametrize(
    ("when", "wrong", "found"),
    [
        ("says(main) is higher", "says(main) is higher", "says(main) is one_trial"),
        ("pooled(main, ci_low) > 1", "pooled(main, ci_low) > 1", "pooled(main, ci_low) is 0.81"),
        (f"{HOLDS} and pooled(main) > 3", "pooled(main) > 3", "pooled(main) is 2.43"),
    ],
)
def test_a_sentence_that_does_not_hold_stops_at_its_place(tmp_path, when, wrong, found):
    with pytest.raises(ConfigError) as stopped:
        make_page(project(tmp_path, when))
    (problem,) = stopped.value.problems
    line = 1 + next(
        i
        for i, text in enumerate((tmp_path / "config.yaml").read_text().splitlines())
        if text.lstrip().startswith("when:")
    )
    assert (problem.code, problem.path, problem.line, problem.column) == ("E111", "config.yaml", line, 7)
    assert problem.message == f"page.lede.0: the condition does not hold: {wrong}"
    assert problem.details == (
        f"results: {found}",
        "Fix: change the sentence to what the results say, and its condition with it.",
    )
