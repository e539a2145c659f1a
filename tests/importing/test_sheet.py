"""A researcher's sheet: which columns are known, what is left out and told, and what is refused at its place."""

from __future__ import annotations

import pytest
from openpyxl import Workbook

from metarepro.cli import main
from metarepro.errors import ConfigError, DataError, MetareproError
from metarepro.importing.sheet import SheetOptions, read_plain_sheet
from metarepro.importing.sheet.roles import read_map


def write(folder, text, name="sheet.csv"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def imported(folder, text, **options):
    return read_plain_sheet(write(folder, text), SheetOptions(**options))


def refusal(folder, text, **options):
    with pytest.raises(MetareproError) as error:
        imported(folder, text, **options)
    return str(error.value).replace(f"{folder}/", "")


def taken(project):
    """What the first note says each column was taken for."""
    return next(n for n in project.notes if n.startswith("Columns (")).rpartition("--map ")[2].strip("'")


@pytest.mark.parametrize(
    ("header", "row", "found", "measure"),
    [
        ("trial,author,year,tpos,tneg,cpos,cneg", "1,Aronson,1948,4,119,11,128",
         "study=author, year=year, e1=tpos, n1=tpos+tneg, e2=cpos, n2=cpos+cneg", "RR"),
        ("study,ai,bi,ci,di", "A,4,119,11,128", "study=study, e1=ai, n1=ai+bi, e2=ci, n2=ci+di", "RR"),
        ("slab,ai,n1i,ci,n2i", "A,4,123,11,139", "study=slab, e1=ai, n1=n1i, e2=ci, n2=n2i", "RR"),
        ("study,x1i,t1i,x2i,t2i", "A,4,123,11,139", "study=study, e1=x1i, t1=t1i, e2=x2i, t2=t2i", "IRR"),
        ("study,m1i,sd1i,n1i,m2i,sd2i,n2i", "A,1,2,30,2,2,31",
         "study=study, n1=n1i, m1=m1i, sd1=sd1i, n2=n2i, m2=m2i, sd2=sd2i", "MD"),
        ("study,ri,ni", "A,.4,30", "study=study, n=ni, r=ri", "ZCOR"),
        ("study,xi,ni", "A,4,30", "study=study, e=xi, n=ni", "PLO"),
        ("study,yi,vi", "A,-.4,.1", "study=study, estimate=yi, variance=vi", "GEN"),
        ("study,yi,sei", "A,-.4,.1", "study=study, estimate=yi, se=sei", "GEN"),
        ("studlab,TE,seTE", "A,-.4,.1", "study=studlab, estimate=TE, se=seTE", "GEN"),
        ("studlab,event.e,n.e,event.c,n.c", "A,4,123,11,139", "study=studlab, e1=event.e, n1=n.e, e2=event.c, n2=n.c", "RR"),
        ("studlab,n.e,mean.e,sd.e,n.c,mean.c,sd.c", "A,30,1,2,31,2,2",
         "study=studlab, n1=n.e, m1=mean.e, sd1=sd.e, n2=n.c, m2=mean.c, sd2=sd.c", "MD"),
        ("Study,Events 1,Total 1,Events 2,Total 2", "A,4,123,11,139",
         "study=Study, e1=`Events 1`, n1=`Total 1`, e2=`Events 2`, n2=`Total 2`", "RR"),
        ("Study,Mean 1,SD 1,Total 1,Mean 2,SD 2,Total 2", "A,1,2,30,2,2,31",
         "study=Study, n1=`Total 1`, m1=`Mean 1`, sd1=`SD 1`, n2=`Total 2`, m2=`Mean 2`, sd2=`SD 2`", "MD"),
        ("study,tdeath,tnodeath,cdeath,cnodeath", "A,4,119,11,128",
         "study=study, e1=tdeath, n1=tdeath+tnodeath, e2=cdeath, n2=cdeath+cnodeath", "RR"),
        ("Studie;Jahr;Ereignisse Behandlung;n Behandlung;Ereignisse Kontrolle;n Kontrolle", "A;2001;4;123;11;139",
         "study=Studie, year=Jahr, e1=`Ereignisse Behandlung`, n1=`n Behandlung`, e2=`Ereignisse Kontrolle`, "
         "n2=`n Kontrolle`", "RR"),
        ("Autor;MW Gruppe 1;SA Gruppe 1;n Gruppe 1;MW Gruppe 2;SA Gruppe 2;n Gruppe 2", "A;1,5;2;30;2;2;31",
         "study=Autor, n1=`n Gruppe 1`, m1=`MW Gruppe 1`, sd1=`SA Gruppe 1`, n2=`n Gruppe 2`, m2=`MW Gruppe 2`, "
         "sd2=`SA Gruppe 2`", "MD"),
        ("Trial,HR,95% CI,p", "A,0.72,0.55 to 0.94,0.015", "study=Trial, estimate=HR, ci=`95% CI`, p_value=p", "HR"),
        ("Study,Odds Ratio,Lower CI,Upper CI", "A,0.72,0.55,0.94",
         "study=Study, estimate=`Odds Ratio`, ci_low=`Lower CI`, ci_high=`Upper CI`", "OR"),
        ("study,logOR,se", "A,-0.3,0.2", "study=study, log_estimate=logOR, se=se", "OR"),
        ("study,TP,FP,FN,TN", "A,40,5,6,50", "study=study, tp=TP, fp=FP, fn=FN, tn=TN", "DOR"),
        ("study,deaths,person-years", "A,40,500.5", "study=study, e=deaths, t=`person-years`", "IRLN"),
        ("study,mean,SD,n", "A,40,5,50", "study=study, n=n, m=mean, sd=SD", "MN"),
    ],
)  # fmt: skip
def test_headers_that_people_use_are_known(tmp_path, header, row, found, measure):
    project = imported(tmp_path, f"{header}\n{row}\n")
    assert taken(project) == found
    assert f"    measure: {measure}\n" in project.config


def test_a_map_computes_sums_differences_and_products_exactly(tmp_path):
    text = "who,all,Events c,n c,rate\nA,123.3,11,139,0.1\n"
    project = imported(
        tmp_path, text, mapping="study=who, e1=2*(all-`n c`)+40, n1=all*1+.7, e2=`Events c`, n2=rate*1390"
    )
    [row] = project.tables["comparisons"]
    assert {n: row[n] for n in ("e1", "n1", "e2", "n2")} == {"e1": "8.6", "n1": "124.0", "e2": "11", "n2": "139.0"}


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ("study=who, e1=a/b", "E102 --map: '/' has no meaning here\n    study=who, e1=a/b\n                   ^\n"
         "    Allowed: + - * and brackets. Fix: multiply, as in 0.01*percent*n."),
        ("study=who, e1=(a+b", "E102 --map: this bracket is not closed\n    study=who, e1=(a+b\n                  ^\n"
         "    Fix: write ) where it ends."),
        ("study=who e1=a", "E102 --map: 'e1' cannot follow 'who'\n    study=who e1=a\n              ^\n"
         "    Fix: a comma between two targets; a column with blanks in backticks: `Total 1`."),
        ("study=who, e1=", "E102 --map: here should be a column or a number\n    study=who, e1=\n                  ^\n"
         "    Fix: complete it, as in n1=tpos+tneg."),
        ("study=who, estimat=a", "E102 --map: there is no 'estimat'\n    study=who, estimat=a\n               ^\n"
         "    Fix: did you mean 'estimate'?"),
        ("study=a+b", "E102 --map: study is a text, and cannot be computed\n    study=a+b\n    ^\n    Fix: name one column."),
        ("e1=__import__('os').system('x')", "E102 --map: '.' has no meaning here\n"
         "    e1=__import__('os').system('x')\n                       ^\n"
         "    Fix: a column whose name is no plain word stands in backticks: n1=`Total 1`."),
    ],
)  # fmt: skip
def test_a_map_that_cannot_be_read_shows_the_place(mapping, message):
    with pytest.raises(ConfigError) as error:
        read_map(mapping)
    assert str(error.value) == message


def test_a_column_that_is_not_there_gets_a_suggestion(tmp_path):
    assert refusal(tmp_path, "study,ri,ni\nA,.4,30\n", mapping="study=studi, r=ri, n=ni") == (
        "E106 --map: the sheet has no column 'studi'\n    study=studi, r=ri, n=ni\n          ^\n"
        "    Columns: study, ri, ni.\n    Fix: did you mean study?"
    )


def test_what_is_not_known_is_asked_for_with_a_map_of_the_sheets_own_headers(tmp_path):
    assert refusal(tmp_path, "Paper,foo,bar,my baz,qux\na,1,20,3,21\n") == (
        "sheet.csv:1: E106 the headers do not say which numbers the columns hold\n"
        "    Columns: Paper, foo, bar, my baz, qux.\n"
        "    Fix: say it, as in --map 'study=Paper, e1=foo, n1=bar, e2=`my baz`, n2=qux'"
    )
    assert "    MD (mean difference) needs n2 too.\n" in refusal(tmp_path, "study,m1,sd1,n1,m2,sd2\na,1,2,3,4,5\n")
    twice = refusal(tmp_path, "study,event.e,deaths e,n.e,event.c,n.c\na,1,2,30,4,50\n")
    assert "    e1 may be event.e or deaths e.\n" in twice
    several = refusal(tmp_path, "study,e1,n1,e2,n2,m1,sd1,m2,sd2\na,1,20,3,21,1,2,3,4\n")
    assert several == (
        "E102 the sheet has several kinds of numbers: counts of two groups (RR); means of two groups (MD)\n"
        "    Fix: say which, as in --measure RR."
    )


def test_what_stands_around_the_table_is_left_out_and_told(tmp_path):
    project = imported(
        tmp_path,
        "Meine Studien;;;;;;;\n;;;;;;;\n"
        "Autor;Jahr;MW Behandlung;SA Behandlung;n Behandlung;MW Kontrolle;SA Kontrolle;n Kontrolle\n"
        "Müller;2001;12,4;3,1;30;14,9;3,4;32\nWeiß;2005;10,1;n.r.;25;13,0;−2,5;25\n"
        "Summe;;;;55;;;57\n* ohne Abbrecher;;;;;;;\n".replace("−2,5", "2,5"),
    )
    assert project.title == "Meine Studien"
    assert [r["label"] for r in project.tables["studies"]] == ["Müller 2001", "Weiß 2005"]
    assert [r["m1"] for r in project.tables["comparisons"]] == ["12.4", "10.1"]
    assert "sd1" not in project.tables["comparisons"][1]
    told = [n.replace(f"{tmp_path}/", "") for n in project.notes]
    for note in (
        "The cells are separated by semicolons; the decimal sign is a comma.",
        "Above the header, not read: 'Meine Studien' (sheet.csv:1:1).",
        "A row of totals, not read: 'Summe, 55, 57' (sheet.csv:6:1).",
        "A remark or heading, not read: '* ohne Abbrecher' (sheet.csv:7:1).",
        "Taken for missing, and empty in the tables: n.r. (sheet.csv:5:16).",
        "Which is better, high or low, is not said: config.yaml has `better: low`, to be looked at.",
    ):
        assert note in told
    assert "better: low}   # which is better?\n" in project.config


def test_a_header_of_two_rows_is_read_as_revman_prints_it(tmp_path):
    text = ",Experimental,,Control,\nStudy,Events,Total,Events,Total\nA,1,20,3,21\n"
    expected = "study=Study, e1=`Experimental Events`, n1=`Experimental Total`, e2=`Control Events`, n2=`Control Total`"
    assert taken(imported(tmp_path, text)) == expected
    assert taken(imported(tmp_path, text.replace(",Exp", "Study,Exp", 1).replace("\nStudy,", "\n,"))) == expected


def test_cells_that_are_no_numbers_and_numbers_that_cannot_be_are_refused_at_their_place(tmp_path):
    header = "study,events treatment,total treatment,events control,total control\n"
    assert refusal(tmp_path, f"{header}a,2 (5%),30,4,31\nb,1,20,3,21\n") == (
        "sheet.csv:2:3: E011 events treatment '2 (5%)' is not a number\n"
        '    row: study = "a"\n'
        "    There is more than one number in the cell. Fix: one number in a cell; each has its own column."
    )
    assert refusal(tmp_path, f"{header}a,70,50,3,21\n").startswith("sheet.csv:2:3: E021 e1 is larger than n1\n")
    assert refusal(tmp_path, "study,HR,lower,upper\nA,-0.3,-0.6,0\n") == (
        "sheet.csv:2:3: E013 '-0.3' is no hazard ratio: it must be above 0\n"
        '    row: study = "A"\n    Is the whole column on the log scale?\n'
        "    Fix: if it is, say so: --map 'study=study, log_estimate=HR, ci_low=lower, ci_high=upper'; "
        "else correct the cell."
    )
    assert "E004 the column 'n' is there twice" in refusal(tmp_path, "study,n,n\nA,1,2\n")


def test_rows_of_one_study_are_told_apart_or_numbered_and_never_merged(tmp_path):
    project = imported(
        tmp_path, "study,outcome,weeks,e1,n1,e2,n2\nA,pain,6,1,20,3,21\nA,pain,12,2,20,3,21\nA,pain,12,4,40,5,41\n"
    )
    assert [r["study_id"] for r in project.tables["comparisons"]] == ["a", "a", "a_2"]
    assert [r["timepoint_h"] for r in project.tables["comparisons"]] == ["6 wk", "12 wk", "12 wk"]
    assert [r["label"] for r in project.tables["studies"]] == ["A", "A (2)"]
    assert any("A is there again at" in n and "a study of its own, A (2)" in n for n in project.notes)


def test_a_long_sheet_is_paired_and_its_other_columns_kept(tmp_path):
    text = (
        "Study,Arm,Events,Total,Dose,Place\nA,drug,10,50,5,Rome\nA,placebo,15,52,0,Rome\n"
        "B,drug,8,40,10,Oslo\nB,placebo,9,41,0,Oslo\nC,drug,8,40,10,Bern\n"
    )
    project = imported(tmp_path, text)
    assert project.tables["comparisons"][0] == {
        "study_id": "a", "outcome": "outcome", "scale": "", "timepoint_h": "", "experimental_arm": "drug",
        "control_arm": "placebo", "e1": "10", "n1": "50", "e2": "15", "n2": "52",
    }  # fmt: skip
    assert project.tables["studies"][1] == {
        "study_id": "b", "label": "B", "year": "", "Dose_experimental": "10", "Dose_control": "0", "Place": "Oslo",
    }  # fmt: skip
    assert any(n.startswith("C has one arm only, not read: ") for n in project.notes)
    unclear = refusal(tmp_path, text.replace("placebo", "herbs"))
    assert "E041 of the arms drug, herbs none is known as the control" in unclear
    assert """Fix: name it, as in --map 'control="herbs"'""" in unclear
    named = imported(tmp_path, text.replace("placebo", "herbs"), mapping='control="herbs"')
    assert named.tables["comparisons"][0]["control_arm"] == "herbs"
    assert "the arm 'drug' is there twice" in refusal(tmp_path, text.replace("A,placebo", "A,drug"))


def test_own_columns_stand_with_the_study_or_with_the_row_under_names_that_formulas_take(tmp_path):
    project = imported(
        tmp_path,
        "study,outcome,r,n,Mean age (years),design,quality\nA,x,.4,30,45,rct,good\nA,y,.3,30,45,rct,bad\n",
        moderators="`Mean age (years)` + C(quality)",
        subgroups="Quality",
    )
    assert project.tables["studies"] == [
        {
            "study_id": "a",
            "label": "A",
            "year": "",
            "design": "single_arm",
            "mean_age_years": "45",
            "sheet_design": "rct",
        }
    ]
    assert [r["quality"] for r in project.tables["comparisons"]] == ["good", "bad"]
    assert '    subgroups: quality\n    moderators: "mean_age_years + C(quality)"\n' in project.config
    assert "--moderators names the column 'qualty'" in refusal(
        tmp_path, "study,r,n,quality\nA,.4,30,good\n", moderators="qualty"
    )


def test_files_of_other_programs_are_sent_to_their_import(tmp_path):
    header = "study,condition_arm1,condition_arm2,outcome_type,instrument,n_arm1\n"
    assert "Fix: metarepro import metapsy " in refusal(tmp_path, f"{header}A,cbt,wl,msd,phq,3\n")
    assert "Fix: metarepro import revman " in refusal(tmp_path, "Analysis group,Analysis number,Study\n1,1,A\n")
    with pytest.raises(DataError, match="E040 this is an XML file, no sheet"):
        read_plain_sheet(write(tmp_path, "<COCHRANE_REVIEW/>", "review.rm5"))


def test_a_workbook_gives_the_same_tables_and_asks_which_sheet(tmp_path):
    header, row = ["author", "year", "m1", "sd1", "n1", "m2", "sd2", "n2"], ["A", 2001, 1.5, 2.25, 30, 2, 2.5, 31]
    book = Workbook()
    book.active.title = "data"
    book.active.append(["My sheet"])
    book.active.append(header)
    book.active.append(row)
    book.create_sheet("empty")
    path = tmp_path / "book.xlsx"
    book.save(path)
    read = read_plain_sheet(path)
    text = ",".join(header) + "\n" + ",".join(map(str, row)) + "\n"
    assert read.tables == imported(tmp_path, text).tables
    book["empty"].append(["x"])
    book.save(path)
    with pytest.raises(ConfigError, match="E051 the workbook has 2 sheets that hold something") as error:
        read_plain_sheet(path)
    assert "Sheets: data, empty." in str(error.value)
    with pytest.raises(ConfigError, match="Fix: did you mean --sheet 'data'"):
        read_plain_sheet(path, SheetOptions(sheet="dat"))
    book["data"]["C3"].value = "=1+1"
    book.save(path)
    with pytest.raises(DataError, match=r"book.xlsx:data!C3: E050 the cell is a formula"):
        read_plain_sheet(path, SheetOptions(sheet="data"))


def test_the_command_refuses_what_it_cannot_use(tmp_path, capsys):
    sheet = write(tmp_path, "study,r,n\nA,.4,30\n")
    assert main(["import", "revman", str(sheet), "--to", str(tmp_path / "p"), "--measure", "OR"]) == 3
    assert "E102 --measure is an option of `import table`" in capsys.readouterr().err
    assert main(["import", "table", str(sheet), "--to", str(tmp_path)]) == 3
    assert "the folder is not empty" in capsys.readouterr().err
    assert not (tmp_path / "p").exists()


def test_a_header_alone_is_a_moderator_whatever_is_in_it(tmp_path):
    text = "study,e1,n1,e2,n2,Dose (mg)\nA,4,30,9,31,2.5\nB,3,20,7,21,5\n"
    assert 'moderators: "dose_mg"' in imported(tmp_path, text, moderators="Dose (mg)").config
    assert 'moderators: "log(dose_mg)"' in imported(tmp_path, text, moderators="log(`Dose (mg)`)").config
