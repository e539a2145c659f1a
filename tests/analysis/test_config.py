"""The configuration: bad ones are refused at their line with the nearest key; the schema is in step."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil

import pytest

from metarepro.analysis.config import config_schema
from metarepro.analysis.config_file import read_config
from metarepro.analysis.schema import describe_methods, describe_settings, words_of_methods
from metarepro.analysis.words import check_words
from metarepro.effects.registry import MEASURES, ONE_GROUP
from metarepro.errors import ConfigError, DataError
from metarepro.pooling.method_codes import FILE
from metarepro.template import TEMPLATE
from tests.conftest import ROOT

GOOD = """\
title: Test
outcomes:
  response: {label: Response, better: high}
model: {tau2: REML, ci: HK}
analyses:
  - id: one
    title: One
    outcome: response
    measure: OR
    experimental: {agent: drug}
    control: {agent: placebo}
"""


def read(tmp_path, text):
    (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
    return read_config(tmp_path / "config.yaml")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("    outcome: response", "    outcom: response",
         "config.yaml:8:5: E101 unknown key 'outcom'\n    Fix: did you mean 'outcome'?"),
        ("ci: HK}", "ci: HKK}",
         "config.yaml:4:21: E102 model.ci = 'HKK' is not allowed\n    Allowed: z, t, HK, HK-adhoc, HK-ci.\n"
         "    Fix: did you mean 'HK'?"),
        ("tau2: REML, ci: HK", "tau2: CE, ci: HK", "E103 model: Hartung-Knapp needs a random-effects model, not CE"),
        ("measure: OR", "measure: ORR", "config.yaml:9:5: E102 analyses.0.measure: measure 'ORR' is unknown"),
        ("measure: OR", "measure: PLO", "config.yaml:11:5: E103 analyses.0.control: PLO is a one-arm measure and takes no control"),
        ("id: one", "id: ../one", "config.yaml:6:5: E102 analyses.0.id = '../one' is not allowed"),
        ("title: Test", "title: Test\ndata: ../data", "config.yaml:2:1: E102 data: '../data' leads out of the project"),
        ("title: Test", "title: Test\ntitle: Two",
         "config.yaml:2:1: E104 the key 'title' is there twice (first in line 1)\n    Fix: keep one."),
        ("ci: HK}", "ci: HK, level: 95}", "E102 model.level: must be below 1 (written: 95)\n    Fix: write 0.95."),
        ("ci: HK}", "ci: HK, level: 0,95}", "E101"),
        ("agent: drug}", "agent: no}", "config.yaml:10:27: E102 'no' is read as true or false by some programs"),
        ("agent: drug}", "agent: 012}", "E102 '012' is an octal number to some programs"),
        ("agent: drug}", "agent: 1:30}", "E102 '1:30' is a number of base 60 to some programs"),
        ("agent: drug}", "agent: 0:30}", "E102 '0:30' is a number of base 60 to some programs\n    Fix: quote it: \"0:30\"."),
        ("agent: drug}", "agent: 0e309}", "E102 '0e309' is a number to some programs, a text to others\n    Fix: quote it"),
        ("agent: drug}", "agent: 0000-01-01}", "E102 '0000-01-01' is a date to some programs, a text to others"),
        ("agent: drug}", "agent: 0b2}", "E102 '0b2' is a number to some programs, not in base 10\n    Fix: quote it"),
        ("title: One", "title: *x", "E100 anchors, aliases and tags are not allowed"),
        ("title: One", "title: !!python/name:os.system", "E100 anchors, aliases and tags are not allowed"),
        ("outcome: response", "outcome: respons",
         "E106 the outcome 'respons' is not in `outcomes`\n    Fix: did you mean 'response'?"),
        ("title: Test\n", "", "E101 the key 'title' is missing"),
        ("title: One", "\ttitle: One", "E100 "),
    ],
)  # fmt: skip
def test_bad_configurations_are_refused_with_their_place(tmp_path, old, new, message):
    assert GOOD.count(old) == 1
    with pytest.raises(ConfigError) as error:
        read(tmp_path, GOOD.replace(old, new))
    assert message in str(error.value), str(error.value)
    assert re.match(r"config\.yaml:\d+:\d+: E1\d\d |config\.yaml: E1\d\d ", str(error.value))


def test_one_wrong_default_gives_one_message(tmp_path):
    with pytest.raises(ConfigError) as error:
        read(tmp_path, GOOD.replace("tau2: REML", "tau2: RMEL"))
    assert len(error.value.problems) == 1 and "did you mean 'REML'?" in str(error.value)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("ascertainment: pont", "config.yaml:12:5: E102 analyses.0.ascertainment.0 = 'pont' is not allowed"),
        ("statistic: [endpoint, changes]", "E102 analyses.0.statistic.1 = 'changes' is not allowed"),
        ("population: {level: primry}", "E102 analyses.0.population.level.0 = 'primry' is not allowed"),
        ("population: {setting: trials}", "E102 analyses.0.population.setting.0 = 'trials' is not allowed"),
    ],
)
def test_words_of_closed_lists_are_checked(tmp_path, line, message):
    with pytest.raises(ConfigError) as error:
        read(tmp_path, GOOD + f"    {line}\n")
    assert message in str(error.value) and "Fix: did you mean" in str(error.value)


def test_a_target_lies_inside_its_window(tmp_path):
    with pytest.raises(ConfigError, match=r"E103 analyses\.0\.time\.target: the target lies outside the window"):
        read(tmp_path, GOOD + "    time: {from: 10, to: 20, target: 30}\n")


def test_the_same_arms_on_both_sides_are_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"E103 .*experimental and control arms are the same"):
        read(tmp_path, GOOD.replace("agent: placebo", "agent: drug"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "agent: [saline, placebo, midazolam]",
            "agent: [saline, placbo, midazolam]",
            "agent 'placbo'\n    Fix: did you mean 'placebo'?",
        ),
        (
            "population: {diagnosis: MDD}",
            "population: {diagnosis: MMD}",
            "diagnosis 'MMD'\n    Fix: did you mean 'MDD'?",
        ),
        (
            "population: {studies: evans2025}",
            "population: {studies: evans2052}",
            "studies 'evans2052'\n    Fix: did you mean 'evans2025'?",
        ),
        ("scale: IES-R", "scale: IESR", "scale 'IESR'\n    Fix: did you mean 'IES-R'?"),
    ],
)
def test_words_that_no_row_has_are_refused(tmp_path, data, old, new, message):
    text = (ROOT / "config.yaml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "config.yaml").write_text(text.replace(old, new, 1), encoding="utf-8")
    config = read_config(tmp_path / "config.yaml")
    with pytest.raises(ConfigError, match=r"config\.yaml:\d+:\d+: E106 no row of the tables has") as error:
        check_words(config, data, tmp_path / "config.yaml", "config.yaml")
    assert message in str(error.value)


@pytest.mark.parametrize("word", ["respnse", "Response", "responses", "repsonse"])
def test_a_word_of_the_tables_that_is_a_letter_off_is_refused(data, config, word):
    row = data.dichotomous[0].model_copy(update={"outcome": word})
    typo = dataclasses.replace(data, dichotomous=(row, *data.dichotomous[1:]))
    with pytest.raises(DataError) as error:
        check_words(config, typo, ROOT / "config.yaml", "config.yaml")
    assert str(error.value).startswith(
        f"data/raw/dichotomous.csv:2: E033 outcome {word!r} is used by no analysis, but 'response' is"
    )


def test_an_analysis_without_its_table_is_refused(data, config):
    empty = dataclasses.replace(data, continuous=())
    with pytest.raises(ConfigError, match=r"E106 analysis 'score_24h_smd' needs data/raw/continuous.csv"):
        check_words(config, empty, ROOT / "config.yaml", "config.yaml")


def test_an_id_may_stand_once(tmp_path):
    again = GOOD[GOOD.index("  - id: one") :]
    with pytest.raises(ConfigError, match=r"config.yaml:12:5: E105 the analysis id 'one' is there twice"):
        read(tmp_path, GOOD + again)


def test_an_analysis_overrides_single_keys_of_the_default_model(tmp_path):
    config = read(tmp_path, GOOD + "    model: {tau2: DL}\n")
    assert (config.analyses[0].model.tau2, config.analyses[0].model.ci) == ("DL", "HK")


def test_mixing_endpoints_and_changes_in_an_smd_is_refused(tmp_path):
    text = GOOD.replace("measure: OR", "measure: SMD") + "    statistic: [endpoint, change]\n"
    with pytest.raises(
        ConfigError, match=r"E103 analyses\.0\.statistic: an SMD must not mix endpoint and change scores"
    ):
        read(tmp_path, text)


def test_a_bad_sensitivity_key_is_refused(tmp_path):
    text = GOOD + "sensitivity:\n  - {id: x, label: X, population: {levle: primary}}\n"
    with pytest.raises(ConfigError, match="E101 unknown key 'levle'"):
        read(tmp_path, text)


def test_empty_and_missing_files_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="E100 the file holds no settings"):
        read(tmp_path, "# nothing\n")
    with pytest.raises(ConfigError, match="E100 cannot be read: No such file"):
        read_config(tmp_path / "none.yaml")


def test_the_list_of_methods_is_that_of_the_tables():
    text = (ROOT / "docs/methods.md").read_text(encoding="utf-8")
    assert text == describe_methods(), "renew it: python -m metarepro.analysis.schema"
    assert FILE.read_text(encoding="utf-8") == words_of_methods(), "renew it: python -m metarepro.analysis.schema"
    assert "| GENQ | generalised Q |" in text and "| HK-ci | the wider of Hartung-Knapp and Wald |" in text


def test_the_schema_file_is_the_models_schema():
    kept = json.loads((ROOT / "workflow/schemas/config.schema.json").read_text(encoding="utf-8"))
    assert kept == config_schema(), "renew it: python -m metarepro.analysis.schema"


def test_the_description_of_the_settings_is_in_step():
    text = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    assert text == describe_settings(), "renew it: python -m metarepro.analysis.schema"


@pytest.mark.parametrize(
    ("csv", "message"),
    [
        ("{delimiter: ',', decimal: ','}", "E103 csv.delimiter: delimiter ',' cannot separate cells with decimal ','"),
        ("{encoding: utf8x}", "E102 csv.encoding: encoding 'utf8x' is unknown"),
        ("{delimiter: ';;'}", "csv.delimiter"),
        ("{tables: {dichotomus: {}}}", "there is no table 'dichotomus'"),
        ("{decimals: ','}", "E101 unknown key 'decimals'"),
    ],
)
def test_ways_of_writing_tables_are_checked(tmp_path, csv, message):
    with pytest.raises(ConfigError) as error:
        read(tmp_path, GOOD + f"csv: {csv}\n")
    assert message in str(error.value), str(error.value)


def test_ways_of_writing_tables(tmp_path):
    config = read(tmp_path, GOOD + "csv: {delimiter: ';', decimal: ',', tables: {arms: {encoding: cp1252}}}\n")
    assert config.dialects[""].delimiter == ";" and config.dialects["arms"].encoding == "cp1252"
    assert config.dialects["arms"].delimiter == ","


@pytest.mark.parametrize("rows", ["contrasts", "comparisons", "[comparisons, contrasts]"])
def test_every_measure_with_a_scale_can_be_analysed(tmp_path, rows):
    for code in (m for m, info in MEASURES.items() if info.display != "none"):
        text = GOOD.replace("measure: OR", f"measure: {code}") + f"    rows: {rows}\n"
        if MEASURES[code].inputs in ONE_GROUP:
            text = re.sub(r"\n *control: .*", "", text)
        if MEASURES[code].inputs in ONE_GROUP and "contrasts" in rows:
            with pytest.raises(ConfigError, match="one-arm measures take rows: arms or comparisons only"):
                read(tmp_path, text)
            continue
        assert read(tmp_path, text).analyses[0].measure == code


def test_one_text_stands_for_a_list_of_one(tmp_path):
    shutil.copytree(TEMPLATE, tmp_path / "p")
    file = tmp_path / "p/config.yaml"
    plain = file.read_text(encoding="utf-8")
    file.write_text(
        plain.replace("    measure: PLO\n", "    measure: PLO\n    notes: Invented, all of it\n"), encoding="utf-8"
    )
    assert read_config(file).analyses[0].notes == ("Invented, all of it",)
    file.write_text(plain.replace("    measure: PLO\n", "    measure: PLO\n    notes: [One, Two]\n"), encoding="utf-8")
    assert read_config(file).analyses[0].notes == ("One", "Two")
    panels = "panels: [{id: p, title: P, analyses: response_rate}]\n"
    file.write_text(plain + panels, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"E102 panels\.0\.analyses: must name at least 2"):
        read_config(file)


def test_times_may_have_units(tmp_path):
    text = GOOD + "    time: {from: 4 wk, to: 3 mo, target: 30 d}\n"
    window = read(tmp_path, text).analyses[0].time
    assert (window.low, window.high, window.target) == (672, 2191.5, 720)
    with pytest.raises(ConfigError, match=r"'4 weeks' has a unit that is not known") as error:
        read(tmp_path, text.replace("4 wk", "4 weeks"))
    assert "Fix: write 4 wk." in str(error.value)
