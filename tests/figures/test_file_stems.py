"""Names of scales and outcomes as names of files."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from metarepro.figures.page.file_stems import PAGE, RESERVED, file_stems


@given(st.lists(st.text(max_size=300) | st.sampled_from(["a", "A", "a-2", "ä", "é", "con", "..", "/x", "a b", "a/b", "LPT1"]),
                unique=True, max_size=12))  # fmt: skip
def test_any_names_give_files_that_no_system_takes_for_one(names):
    stems = file_stems(names)
    assert list(stems) == names and file_stems(names[::-1]) == stems
    folded = [s.casefold() for s in stems.values()]
    assert len(set(folded)) == len(folded)
    for stem in folded:
        assert stem and len(stem) <= 90 and stem.isascii() and not RESERVED.fullmatch(stem)
        page = PAGE.fullmatch(stem)
        assert page is None or page[1] not in folded


def test_plain_names_stay_as_they_are():
    names = ["time_course-depression-HDRS-17", "time_course-depression-MADRS item 10"]
    assert list(file_stems(names).values()) == [
        "time_course-depression-HDRS-17",
        "time_course-depression-MADRS-item-10",
    ]
    assert [s.startswith("MADRS-x") for s in file_stems(["MADRS", "madrs"]).values()] == [True, False]
