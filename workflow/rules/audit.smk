# Printed results and claims against what was recomputed.


# Numbers go before pictures, so that no core waits for the last of them.
# This job reads no row of trials, so that a changed one does not repeat it.
checkpoint reproduce_printed:
    input:
        order=after(),
        settings=f"{RECORDS}/reproduction.json",
        data=records("printed"),
    output:
        reproductions="results/reproduction/printed.json",
        seal=f"{SEALS}/reproduce_printed.json",
    log:
        "results/logs/reproduce_printed.log",
    priority: 10
    conda:
        "../envs/metarepro.yaml"
    message:
        "printed results"
    script:
        "../scripts/reproduce_printed.py"


# Checkpoints, so that a row which changes no verdict draws nothing anew.
checkpoint reproduce:
    input:
        order=after("reproduce_printed"),
        printed="results/reproduction/printed.json",
        settings=f"{RECORDS}/numbers.json",
        reproduction=f"{RECORDS}/reproduction.json",
        data=records("trials", "sources", "printed"),
    output:
        table=report(
            "results/reproduction.csv",
            caption="../report/reproduction.rst",
            category="Numbers",
            labels={"table": "printed results"},
        ),
        reproductions="results/reproduction.json",
        seal=f"{SEALS}/reproduce.json",
    log:
        "results/logs/reproduce.log",
    priority: 5
    conda:
        "../envs/metarepro.yaml"
    message:
        "reproduction.csv"
    script:
        "../scripts/reproduce.py"


checkpoint audit:
    input:
        order=after("gather", "reproduce"),
        results="results/results.json",
        reproductions="results/reproduction.json",
        settings=f"{RECORDS}/numbers.json",
        data=records("trials", "sources", "printed", "claims"),
    output:
        table=report(
            "results/claims.csv",
            caption="../report/claims.rst",
            category="Numbers",
            labels={"table": "claims"},
        ),
        claims="results/claims.json",
        seal=f"{SEALS}/audit.json",
    log:
        "results/logs/audit.log",
    priority: 5
    conda:
        "../envs/metarepro.yaml"
    message:
        "claims.csv"
    script:
        "../scripts/audit.py"


rule draw_audit:
    input:
        order=after("reproduce", "audit"),
        reproductions="results/reproduction.json",
        claims="results/claims.json",
    output:
        index="results/audit/figures.json",
        seal=f"{SEALS}/draw_audit.json",
    log:
        "results/logs/draw_audit.log",
    priority: 5
    conda:
        "../envs/metarepro.yaml"
    message:
        "figures of printed results and claims"
    script:
        "../scripts/draw_audit.py"


rule draw_strips:
    input:
        order=after("reproduce_printed"),
        reproductions="results/reproduction/printed.json",
    output:
        index="results/specifications/figures.json",
        seal=f"{SEALS}/draw_strips.json",
    log:
        "results/logs/draw_strips.log",
    conda:
        "../envs/metarepro.yaml"
    message:
        "figures of each printed result"
    script:
        "../scripts/draw_strips.py"


# Last of all, so that everything else is there when it stops the run.
rule demand:
    input:
        order=["results/report.html", *FORESTS],
        reproductions="results/reproduction.json",
    output:
        told="results/demands.txt",
        seal=f"{SEALS}/demand.json",
    log:
        "results/logs/demand.log",
    localrule: True
    conda:
        "../envs/metarepro.yaml"
    message:
        "verdicts that must come out"
    script:
        "../scripts/demand.py"
