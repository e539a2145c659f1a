"""RevMan files for the tests: one after the real format, one with the numbers of a published review."""

# Counts with a zero cell, a zero row, subgroups with and without a study in both, means, hazard ratios, O-E.
SMALL = """\
<?xml version="1.0" encoding="ISO-8859-1"?>
<COCHRANE_REVIEW DOI="10.1002/14651858.CD999999" ID="1" REVMAN_SUB_VERSION="5.2.11 " REVMAN_VERSION="5" TYPE="INTERVENTION">
<COVER_SHEET><TITLE>Drug <I>A</I> &amp; placebo</TITLE>
<CREATORS><PERSON ROLE="AUTHOR"><FIRST_NAME>Ada</FIRST_NAME><LAST_NAME>M\xfcller</LAST_NAME></PERSON></CREATORS>
<DATES><LAST_CITATION_ISSUE ISSUE="11" YEAR="2013"/></DATES></COVER_SHEET>
<STUDIES_AND_REFERENCES><STUDIES><INCLUDED_STUDIES>
<STUDY ID="STD-M_x00fc_ller-2001" NAME="M\xfcller 2001" YEAR="2001"><REFERENCE/></STUDY>
<STUDY ID="STD-Li-2002" NAME="Li 2002" YEAR="2002"/>
<STUDY ID="STD-Li-2002a" NAME="Li-2002" YEAR="2002a"/>
<STUDY ID="STD-Empty-2003" NAME="Empty 2003" YEAR="2003"/>
</INCLUDED_STUDIES><EXCLUDED_STUDIES><STUDY ID="STD-Out-1999" NAME="Out 1999" YEAR="1999"/></EXCLUDED_STUDIES>
</STUDIES></STUDIES_AND_REFERENCES>
<ANALYSES_AND_DATA CALCULATED_DATA="YES">
<COMPARISON ID="CMP-001" NO="1"><NAME>Drug A versus placebo</NAME>
<DICH_OUTCOME CI_STUDY="95" CI_TOTAL="90" EFFECT_MEASURE="OR" ID="CMP-001.01" METHOD="IV" NO="1" RANDOM="YES" SUBGROUPS="NO" SWAP_EVENTS="NO" TOTALS="YES">
<NAME>Response</NAME><GROUP_LABEL_1>Drug A</GROUP_LABEL_1><GROUP_LABEL_2>Placebo</GROUP_LABEL_2>
<GRAPH_LABEL_1>Favours placebo</GRAPH_LABEL_1><GRAPH_LABEL_2>Favours drug A</GRAPH_LABEL_2>
<DICH_DATA EVENTS_1="12" EVENTS_2="0" O_E="0.0" STUDY_ID="STD-M_x00fc_ller-2001" TOTAL_1="40" TOTAL_2="41" VAR="0.0"/>
<DICH_DATA EVENTS_1="9" EVENTS_2="4" O_E="0.0" STUDY_ID="STD-Li-2002" TOTAL_1="30" TOTAL_2="31" VAR="0.0"/>
<DICH_DATA EVENTS_1="0" EVENTS_2="0" O_E="0.0" STUDY_ID="STD-Li-2002a" TOTAL_1="0" TOTAL_2="0" VAR="0.0"/>
</DICH_OUTCOME>
<DICH_OUTCOME CI_TOTAL="95" EFFECT_MEASURE="RR" ID="CMP-001.02" METHOD="MH" NO="2" RANDOM="NO" SUBGROUPS="YES" TOTALS="YES">
<NAME>Headache</NAME><GROUP_LABEL_1>Drug A</GROUP_LABEL_1><GROUP_LABEL_2>Placebo</GROUP_LABEL_2>
<GRAPH_LABEL_1>Favours drug A</GRAPH_LABEL_1><GRAPH_LABEL_2>Favours placebo</GRAPH_LABEL_2>
<DICH_SUBGROUP NO="1"><NAME>Women</NAME>
<DICH_DATA EVENTS_1="3" EVENTS_2="5" STUDY_ID="STD-Li-2002" TOTAL_1="10" TOTAL_2="11"/>
<DICH_DATA EVENTS_1="1" EVENTS_2="2" STUDY_ID="STD-Li-2002a" TOTAL_1="10" TOTAL_2="12"/></DICH_SUBGROUP>
<DICH_SUBGROUP NO="2"><NAME>Men</NAME>
<DICH_DATA EVENTS_1="4" EVENTS_2="6" STUDY_ID="STD-Li-2002" TOTAL_1="20" TOTAL_2="20"/></DICH_SUBGROUP>
</DICH_OUTCOME>
<DICH_OUTCOME CI_TOTAL="95" EFFECT_MEASURE="PETO_OR" ID="CMP-001.03" METHOD="PETO" NO="3" RANDOM="NO" SUBGROUPS="YES" TOTALS="YES">
<NAME>Death</NAME><GROUP_LABEL_1>Drug A</GROUP_LABEL_1><GROUP_LABEL_2>Placebo</GROUP_LABEL_2>
<DICH_SUBGROUP NO="1"><NAME>Old</NAME>
<DICH_DATA EVENTS_1="1" EVENTS_2="2" STUDY_ID="STD-Li-2002" TOTAL_1="30" TOTAL_2="31"/></DICH_SUBGROUP>
<DICH_SUBGROUP NO="2"><NAME>Young</NAME>
<DICH_DATA EVENTS_1="1" EVENTS_2="1" STUDY_ID="STD-Li-2002a" TOTAL_1="10" TOTAL_2="12"/></DICH_SUBGROUP>
</DICH_OUTCOME>
</COMPARISON>
<COMPARISON ID="CMP-002" NO="2"><NAME>Drug A versus no</NAME>
<CONT_OUTCOME CI_TOTAL="95" EFFECT_MEASURE="SMD" ID="CMP-002.01" METHOD="IV" NO="1" RANDOM="YES" SUBGROUPS="NO" TOTALS="YES">
<NAME>Pain</NAME><GROUP_LABEL_1>Drug A</GROUP_LABEL_1><GROUP_LABEL_2>No</GROUP_LABEL_2>
<CONT_DATA MEAN_1="12.50" MEAN_2="15.1" SD_1="4.0" SD_2="5.25" STUDY_ID="STD-M_x00fc_ller-2001" TOTAL_1="20" TOTAL_2="21"/>
<CONT_DATA MEAN_1="-1.0E-1" MEAN_2="2.0" SD_1="3.0" SD_2="0.0" STUDY_ID="STD-Li-2002" TOTAL_1="20" TOTAL_2="21"/>
</CONT_OUTCOME>
<IV_OUTCOME CI_TOTAL="95" ID="CMP-002.02" METHOD="IV" NO="2" RANDOM="YES" SUBGROUPS="NO" TOTALS="YES">
<NAME>Survival</NAME><EFFECT_MEASURE>Hazard Ratio</EFFECT_MEASURE><GROUP_LABEL_1>Drug A</GROUP_LABEL_1><GROUP_LABEL_2>No</GROUP_LABEL_2>
<IV_DATA EFFECT_SIZE="0.6065306597126334" ESTIMATE="-0.5" SE="0.2" STUDY_ID="STD-M_x00fc_ller-2001" TOTAL_1="20" TOTAL_2="21"/>
<IV_DATA EFFECT_SIZE="0.9048374180359595" ESTIMATE="-0.1" SE="0.3" STUDY_ID="STD-Li-2002" TOTAL_1="0" TOTAL_2="0"/>
</IV_OUTCOME>
<IPD_OUTCOME CI_TOTAL="95" ID="CMP-002.03" METHOD="PETO" NO="3" RANDOM="NO" SUBGROUPS="NO" TOTALS="YES">
<NAME>Relapse</NAME><EFFECT_MEASURE>Peto Odds Ratio</EFFECT_MEASURE><GROUP_LABEL_1>Drug A</GROUP_LABEL_1><GROUP_LABEL_2>No</GROUP_LABEL_2>
<IPD_DATA O_E="-2.0" VAR="4.0" STUDY_ID="STD-Li-2002" TOTAL_1="20" TOTAL_2="21"/>
</IPD_OUTCOME>
<OTHER_OUTCOME ID="CMP-002.04" NO="4"><NAME>Remarks</NAME><OTHER_DATA STUDY_ID="STD-Li-2002"/></OTHER_OUTCOME>
</COMPARISON>
</ANALYSES_AND_DATA></COCHRANE_REVIEW>
""".encode("latin-1")

# Spinks, Glasziou & Del Mar 2013, doi:10.1002/14651858.CD000023.pub4, as the authors' RevMan file holds it
# (github.com/IEBH/revman-replicant, test/data/antibiotics-for-sore-throat.rm5). Random effects, Mantel-Haenszel.
# Number: (name, entries (study, events, total, events, total), effect, low, high, tau2).
PUBLISHED = {
    "4.4": (
        "Incidence of otitis media within 14 days",
        [("Bennike 1951", 0, 238, 2, 268), ("Brink 1951", 5, 277, 13, 198), ("Chamovitz 1954", 0, 257, 1, 109),
         ("Chapple 1956", 5, 186, 5, 97), ("Dagnelie 1996", 0, 121, 0, 118), ("De Meyere 1992", 0, 87, 0, 94),
         ("Denny 1953", 0, 157, 2, 50), ("Little 1997", 0, 454, 1, 216), ("Pichichero 1987", 1, 59, 0, 55),
         ("Taylor 1977", 0, 131, 4, 66), ("Zwart 2000", 0, 358, 0, 164)],
        0.29709189410936937, 0.15319188848398543, 0.576163623406991, 0.0,
    ),
    "2.1": (
        "Symptom of fever on day 3",
        [("Brink 1951", 34, 277, 40, 198), ("Brumfitt 1957", 6, 62, 19, 59), ("Krober 1985", 0, 15, 0, 11),
         ("Landsman 1951", 1, 52, 3, 43), ("Middleton 1988", 1, 33, 0, 21), ("Nelson 1984", 12, 17, 10, 18),
         ("Whitfield 1981", 33, 256, 42, 272)],
        0.7061913003331955, 0.4545685975571122, 1.0970976775482868, 0.1385416661645487,
    ),
}  # fmt: skip


def published() -> bytes:
    """The two analyses above as a RevMan 5 file."""
    names = sorted({e[0] for analysis in PUBLISHED.values() for e in analysis[1]})
    studies = "".join(f'<STUDY ID="STD-{n}" NAME="{n}" YEAR="{n[-4:]}"/>' for n in names)
    comparisons = ""
    for number, (name, entries, *_) in PUBLISHED.items():
        comparison, outcome = number.split(".")
        data = "".join(
            f'<DICH_DATA EVENTS_1="{e1}" EVENTS_2="{e2}" STUDY_ID="STD-{n}" TOTAL_1="{n1}" TOTAL_2="{n2}"/>'
            for n, e1, n1, e2, n2 in entries
        )
        comparisons += (
            f'<COMPARISON NO="{comparison}"><NAME>Antibiotics</NAME><DICH_OUTCOME CI_TOTAL="95" EFFECT_MEASURE="RR" '
            f'METHOD="MH" NO="{outcome}" RANDOM="YES" TOTALS="YES"><NAME>{name}</NAME><GROUP_LABEL_1>Antibiotics'
            "</GROUP_LABEL_1><GROUP_LABEL_2>Placebo</GROUP_LABEL_2><GRAPH_LABEL_1>Favours antibiotics</GRAPH_LABEL_1>"
            f"<GRAPH_LABEL_2>Favours placebo</GRAPH_LABEL_2>{data}</DICH_OUTCOME></COMPARISON>"
        )
    return (
        "<COCHRANE_REVIEW><COVER_SHEET><TITLE>Antibiotics for sore throat</TITLE></COVER_SHEET><STUDIES_AND_REFERENCES>"
        f"<STUDIES><INCLUDED_STUDIES>{studies}</INCLUDED_STUDIES></STUDIES></STUDIES_AND_REFERENCES>"
        f"<ANALYSES_AND_DATA>{comparisons}</ANALYSES_AND_DATA></COCHRANE_REVIEW>"
    ).encode()


ROWS = """\
Analysis group,Analysis number,Analysis name,Subgroup,Applicability,Study,Study year,GIV Mean,GIV SE,Experimental mean,Experimental SD,Experimental cases,Experimental N,Control mean,Control SD,Control cases,Control N,O-E,Variance,Weight,Mean,CI start,CI end,Footnotes
1,1,Response,,,Li 2002,2002,,,,,9,30,,,4,31,,,60,2.325,0.8,6.7,
1,1,Response,,,M\u00fcller 2001,2001,,,,,12,40,,,6,41,,,40,2.05,0.85,4.9,"a note, with a comma"
1,2,Pain,Women,,Li 2002,2002,,,10.5,3,,20,12,4,,21,,,100,-1.5,-3.6,0.6,
1,3,Survival,,,Li 2002,2002,-0.5,0.2,,,,20,,,,21,,,100,0.61,0.41,0.9,
"""
SETTINGS = """\
Analysis group,Analysis number,Analysis name,Analysis group name,Data type,Experimental group label,Control group label,Statistical method,Effect measure,Analysis model,Heterogeneity estimator,CI method,CI/PI level,Graph label (left),Graph label (right)
1,1,Response,Drug A versus placebo,Dichotomous,Drug A,Placebo,Mantel-Haenszel,Risk Ratio,Random effects,REML,HKSJ,95%,Favours placebo,Favours drug A
1,2,Pain,Drug A versus placebo,Continuous,Drug A,Placebo,Inverse Variance,Std. Mean Difference,Fixed effect,,Wald,95%,,
1,3,Survival,Drug A versus placebo,Contrast level,Drug A,Placebo,Inverse Variance,Hazard Ratio,Random effects,DerSimonian and Laird,Wald,95%,,
"""
