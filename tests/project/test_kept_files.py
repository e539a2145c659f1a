"""Pictures of the run before: taken where nothing that they show changed, and never when they were altered."""

from pathlib import Path

import pytest

from metarepro.project.kept_files import KeptFiles


class Drawing:
    """What draws a picture of a text, and counts how often it did."""

    def __init__(self, home: Path) -> None:
        self.home, self.times = home, 0

    def draw(self, shown: str, code: str = "code", home: Path | None = None) -> str:
        """The picture after the job; as Snakemake does it, what was there is deleted first."""
        file = (home or self.home) / "forest.svg"
        file.unlink(missing_ok=True)
        kept = KeptFiles("draw_0", code, self.home / "kept")

        def make() -> tuple[list[Path], dict[str, str]]:
            self.times += 1
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"picture of {shown}")
            return [file], {"about": shown}

        files, known = kept.take_or_make(shown, file.parent, make)
        assert files == [file]
        assert known == {"about": shown}
        kept.forget_others()
        return file.read_text()


@pytest.fixture
def drawing(tmp_path: Path) -> Drawing:
    return Drawing(tmp_path)


def test_the_same_picture_is_drawn_once(drawing: Drawing):
    assert [drawing.draw("1.5"), drawing.draw("1.5")] == ["picture of 1.5"] * 2
    assert drawing.times == 1


def test_other_numbers_other_code_or_another_place_draw_again(drawing: Drawing):
    drawing.draw("1.5")
    assert drawing.draw("1.6") == "picture of 1.6"
    drawing.draw("1.6", code="other")
    drawing.draw("1.6", code="other", home=drawing.home / "elsewhere")
    assert drawing.times == 4


def test_a_picture_edited_in_place_is_drawn_again(drawing: Drawing):
    """The file and what is kept of it may be the same bytes under two names."""
    drawing.draw("1.5")
    with (drawing.home / "forest.svg").open("a") as file:
        file.write(" with a false number")
    assert drawing.draw("1.5") == "picture of 1.5"
    assert drawing.times == 2


@pytest.mark.parametrize("damage", ["{", "{}", '{"files": 3, "known": null}'])
def test_a_damaged_record_is_not_trusted(drawing: Drawing, damage: str):
    drawing.draw("1.5")
    (record,) = (drawing.home / "kept").glob("*/*.json")
    record.write_text(damage)
    assert drawing.draw("1.5") == "picture of 1.5"
    assert drawing.times == 2


def test_what_is_no_longer_asked_for_is_forgotten(drawing: Drawing):
    drawing.draw("1.5")
    drawing.draw("1.6")
    assert len(list((drawing.home / "kept").glob("*/*"))) == 2
