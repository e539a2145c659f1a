"""Every error code and what it stands for. A code never changes its meaning."""

CODES: dict[str, str] = {
    "E001": "a file is missing or cannot be read",
    "E002": "a file is not UTF-8",
    "E003": "a table is empty",
    "E004": "a header lacks a column, has an unknown one, or has one twice",
    "E005": "a row has more or fewer cells than the header",
    "E006": "a quote is opened and never closed",
    "E007": "a control character or an invisible character in a cell",
    "E008": "the cells seem to be separated by another character than a comma",
    "E009": "a table has too many lines or columns, or a cell too much text",
    "E010": "a required cell is empty",
    "E011": "a cell is not a number",
    "E012": "a cell is not a whole number",
    "E013": "a number is out of its range",
    "E014": "a word is not one of the allowed ones",
    "E015": "an id has characters that are not allowed, or too many",
    "E016": "a label has a character that the figures cannot draw",
    "E017": "a file is of another kind than a text table",
    "E018": "a rating scale is a slip of the finger away from a known one",
    "E019": "one word is written in two ways",
    "E020": "a study is not in studies.csv",
    "E021": "events are larger than the total",
    "E022": "an arm is not in arms.csv",
    "E023": "a source is not in sources.csv",
    "E024": "a row is there twice",
    "E025": "a conflict has not exactly one chosen row",
    "E026": "a reason is missing",
    "E027": "a confidence interval does not fit its estimate",
    "E028": "more patients analysed than randomised",
    "E029": "several experimental arms share one control",
    "E030": "change scores and endpoint scores in one standardised analysis",
    "E031": "several rows of one study fit an analysis equally well",
    "E032": "step rates of several studies in one compound",
    "E033": "a word of the tables is one letter off a word that analyses use",
    "E034": "a row of totals among the studies",
    "E035": "a spreadsheet turned a text into a date",
    "E036": "a text starts like a spreadsheet formula",
    "E037": "an address that is not one of a web page",
    "E038": "a row of a crossover trial does not say which periods it covers",
    "E039": "a mean difference over several scales",
    "E040": "a file to import is not of the named kind",
    "E041": "something in a file to import cannot be used",
    "E042": "a printed result and the studies listed for it do not fit",
    "E043": "the rule or the finding of a claim cannot be read",
    "E044": "the rule or the finding of a claim names something that the tables do not have",
    "E045": "experimental and control arm are exchanged",
    "E046": "a name is too long for figures",
    "E047": "an id cannot name a file of its own",
    "E048": "a quotation does not stand in the text of its page",
    "E050": "a cell of a workbook is not plain text or a plain number",
    "E051": "a table is in no sheet of its workbook, or in two files",
    "E052": "scales point both ways, and the direction of another one is not known",
    "E100": "the configuration is not readable YAML",
    "E101": "a configuration key is unknown",
    "E102": "a configuration value is not allowed",
    "E103": "a combination of settings means nothing",
    "E104": "a configuration key is there twice",
    "E105": "an analysis id is there twice",
    "E106": "the configuration names something that the tables do not have",
    "E107": "an invisible character in the configuration",
    "E108": "a text of the configuration has a character that the figures cannot draw",
    "E109": "numbers of a flow diagram do not add up",
    "E110": "a text of the configuration is too long",
    "E111": "a sentence of the page is not true of the results",
    "E112": "a condition or a sentence of the page cannot be read",
}

# What `metarepro explain` adds: how it comes about, and how to mend it.
HELP: dict[str, str] = {
    "E001": (
        "The file is not where the configuration looks for it, is no ordinary file, is too large, or may not be "
        "read. Check the name (studies.csv, arms.csv and sources.csv must be there) and the folder under "
        "`data:` in config.yaml."
    ),
    "E002": (
        "Spreadsheets on Windows often save in another encoding (cp1252, Latin-1, UTF-16). In Excel: Save as, "
        "'CSV UTF-8'. In LibreOffice: Save as, Edit filter settings, Unicode (UTF-8)."
    ),
    "E003": "A table needs its header row, even if it has no rows yet. data/README.md lists the columns.",
    "E004": (
        "Columns are known by their exact names. A misspelt column would be read as missing, so it is refused. "
        "data/README.md lists every column of every table."
    ),
    "E005": (
        "Usually a comma inside a text or a decimal comma: each starts a new cell. Put the text in quotes, "
        "write decimal points."
    ),
    "E006": (
        'A cell that starts with a quote must end with one, and a quote inside it is written twice: "said ""yes""".'
    ),
    "E007": (
        "Copying from PDF or web pages brings characters that cannot be seen: zero-width spaces, byte order "
        "marks, marks that turn the direction of writing. Two cells that look alike would differ. Type the cell "
        "anew."
    ),
    "E008": (
        "The file was saved with semicolons or tabs, as spreadsheets do where the decimal sign is a comma. Save "
        "it with commas and decimal points."
    ),
    "E009": (
        "A table of trials has hundreds of rows. So many lines, columns or characters in one cell mean another kind of "
        "file, or a quote that was opened and not closed where it should be."
    ),
    "E010": "This column must be filled in every row; data/README.md says which columns are required.",
    "E011": (
        "A number is digits with at most one decimal point, a sign and an exponent. No thousands separators, "
        "percent signs, remarks or words for missing: leave the cell empty when the number is missing."
    ),
    "E012": (
        "Patients and events are whole. A fraction here is usually a percentage or a rate: enter the count, and "
        "note in `derivation` how you got it."
    ),
    "E013": (
        "The value is outside the range of its column, which often means another unit (days for hours, mg for mg/kg)."
    ),
    "E014": "The column takes a few fixed words only, so that a typing error cannot make a category of its own.",
    "E015": "Ids become keys and file names: at most 100 letters without accents, digits, '_', '-' and '.', no blanks.",
    "E016": ("The figures' font lacks this character; an empty box would be printed. Write the name in Latin letters."),
    "E017": (
        "A spreadsheet, web page or PDF was given the ending .csv, or an error page was downloaded instead of the "
        "table. Open it in a spreadsheet and save it as 'CSV UTF-8'."
    ),
    "E018": (
        "A misspelt scale would be a scale of its own: its range is not checked, and its arms find no partner. Any "
        "scale is allowed, if its name is not that close to a known one."
    ),
    "E019": (
        "MADRS and madrs, or 'drug A' and 'drug  A', would be two scales or two drugs. Rows of one study would not be "
        "compared. Write the word in one way in all tables."
    ),
    "E020": "Every row belongs to a row of studies.csv. A misspelt id would drop the row from every analysis.",
    "E021": "More events than patients: usually a percentage typed as a count, or two cells swapped.",
    "E022": "The study has no arm of this id in arms.csv.",
    "E023": "Every number says where it was read; source_id must be a row of sources.csv.",
    "E024": (
        "Two rows with the same key would count one result twice. Delete one, or mark them as a conflict of "
        "which one is chosen."
    ),
    "E025": "Rows that compete (one quantity by two sources) share a conflict id, and exactly one has chosen = yes.",
    "E026": (
        "A decision that readers may dispute (not poolable, chosen, at risk of bias) needs its reason in the row."
    ),
    "E027": (
        "The estimate must lie inside its interval, the low bound below the high one, ratios above 0. Often the "
        "bounds are swapped, or one number is on the log scale."
    ),
    "E028": "The number analysed or counted is larger than the number randomised to the arm.",
    "E029": (
        "A control group that is compared with two arms would be counted twice. Combine the arms (multi_arm: "
        "combine) or choose one in the analysis. Published contrasts, and arms that share patients, cannot be combined."
    ),
    "E030": (
        "Standard deviations of change scores and of endpoint scores differ in kind, so a standardised "
        "difference must not mix them. Keep one in `statistic`."
    ),
    "E031": (
        "Two rows of one study fit the analysis equally well (two scales, two times at the same distance). Say "
        "which: `scale`, `time.target`, or a conflict with a chosen row."
    ),
    "E032": "Step rates multiply within one study only. Name it under population: {studies: ...}.",
    "E033": (
        "A word in the tables is one letter away from a word that the configuration filters by. The row would "
        "silently not be used. Correct one of the two."
    ),
    "E034": "Tables hold one row for each study, arm or result. Totals are computed; as a row they would be pooled.",
    "E035": (
        "Spreadsheets take 1-2, 3/4 or 5.6 for dates when a table is opened or pasted. The text is lost: look it up in "
        "the source. Format columns as text before you paste."
    ),
    "E036": (
        "A cell that starts with =, @, + or - is computed when somebody opens the table in a spreadsheet: a known way "
        "of smuggling commands in. Numbers may start with + or -."
    ),
    "E037": "Readers open the addresses of the report: https and http only, or a DOI. No javascript:, file: or data:.",
    "E038": (
        "Scores after the second period are of patients who have had both treatments. Write `first` for the first "
        "period, `all` for all, in the column `periods`."
    ),
    "E039": (
        "A difference of 5 points on one scale is not 5 points on another. Use measure: SMD, or keep one "
        "scale in `scale`."
    ),
    "E040": (
        "Name the program that wrote the file. metapsy: a CSV with the columns of the Metapsy format. revman: a RevMan "
        "5 file (.rm5) or, from RevMan Web, the data rows of the analyses (the file ending in -data-rows.csv; the one "
        "ending in -overall-estimates-and-settings.csv belongs beside it)."
    ),
    "E041": (
        "A number that is none, more events than patients, a study that the file does not list. Correct it where the "
        "file comes from, and export and import it again; nothing was written."
    ),
    "E042": (
        "published_inputs.csv lists the studies of a result of published_results.csv. Each must name one, and not more "
        "of them than the k that the report prints; a k above their number is allowed, as not all may have been read."
    ),
    "E043": (
        "A rule is `condition -> verdict`, several separated by semicolons; a finding is a sentence with quantities in "
        "braces. docs/claims.md has the grammar."
    ),
    "E044": (
        "A quantity, an analysis, a study, an arm, a source or a row that a claim refers to is not there, or several "
        "rows fit. docs/claims.md lists the quantities and what they take."
    ),
    "E045": (
        "`role` in arms.csv says that the first arm of a comparison is the control and the second the experimental "
        "one, so that the effect would have the other sign. Exchange the arms (or `experimental` and `control` of the "
        "analysis), or correct the roles. Where two treatments are compared, both arms are experimental."
    ),
    "E046": (
        "Names of studies, scales, drugs and the like stand in figures, and at most 200 characters of one fit there; "
        "1,000 of a remark. Write the short name; titles and addresses have columns of their own that may be longer."
    ),
    "E047": (
        "The figures of a printed result are files of its name. Not all systems tell capitals from small letters; "
        "Windows keeps some names for devices; NAME-2 is the second page of NAME. Choose another id."
    ),
    "E048": (
        "A quotation must stand in the text of the page word for word; blanks and line breaks count alike. Copy it "
        "again, or correct the file of the text."
    ),
    "E050": (
        "Formulas, dates, percentages, TRUE and FALSE, error values and merged cells are refused: the number that was "
        "meant is gone or may be stale. Format the column as text or General, and paste values."
    ),
    "E051": (
        "A table is read from NAME.csv, from NAME.xlsx (its sheet of that name, or its only sheet), or from the sheet "
        "NAME of tables.xlsx; from one of them."
    ),
    "E052": (
        "On some scales a high score is good, on others bad. metarepro turns those that it knows; say of the others "
        "which end is good, under higher_is_better or higher_is_worse of the analysis."
    ),
    "E100": ("config.yaml is not readable: a tab, a missing colon, an unbalanced bracket or quote, at the line shown."),
    "E101": "The key does not exist, so it would have no effect. docs/configuration.md lists every key.",
    "E102": "The key exists, its value does not; docs/configuration.md lists what is allowed.",
    "E103": (
        "Each setting is allowed, their combination is not defined (Hartung-Knapp with a common effect, for example)."
    ),
    "E104": "A key that is there twice would silently lose its first value.",
    "E105": "Ids name output folders, so each must be there once.",
    "E106": "The configuration filters by something that no row has; usually a typing error in one of the two.",
    "E107": (
        "Copying from web pages and word processors brings blanks and marks that cannot be seen; a key or a word with "
        "one is another key or word. Type the line anew."
    ),
    "E108": "The figures' font lacks this character; an empty box would be printed. Use Latin letters.",
    "E109": (
        "What is left of records or reports must be what was there before less what was taken out. Correct the number "
        "that is wrong; write null for one that was not reported, which is then shown as such and never as 0."
    ),
    "E110": (
        "Titles, labels and heads stand in figures, and at most 200 characters of one fit there; of a remark 1,000. "
        "Write what matters; the rest belongs into a text of its own."
    ),
    "E111": (
        "A sentence of the page stands beside the condition that makes it true. Data or settings have changed, and it "
        "no longer is. Read the results, write what they say, and write the condition for that."
    ),
    "E112": (
        "Conditions are comparisons with `and` between them; sentences have quantities in braces. docs/claims.md has "
        "the grammar."
    ),
}
