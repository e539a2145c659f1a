# What gathers all analyses: one results file, one table, one page.


rule gather:
    input:
        fits=expand("results/analyses/{analysis}/fit.json", analysis=ANALYSES),
    output:
        results="results/results.json",
        summary="results/summary.csv",
    log:
        "results/logs/gather.log",
    params:
        code=CODE["gather"],
        # From a function: braces in a text would be taken for wildcards.
        title=lambda wildcards: PLAN.title,
    message:
        "results.json and summary.csv"
    run:
        run_adapter("gather", input, output, params, log, wildcards)


rule integrity:
    input:
        config=ancient(CONFIG),
        data=ancient(PLAN.data),
    output:
        table="results/integrity.csv",
        findings="results/integrity.json",
    log:
        "results/logs/integrity.log",
    params:
        code=CODE["integrity"],
        tables=PLAN.tables,
        accepted=PLAN.accepted,
    message:
        "integrity.csv"
    run:
        run_adapter("integrity", input, output, params, log, wildcards)


rule draw_evidence:
    input:
        findings="results/integrity.json",
        config=ancient(CONFIG),
        data=ancient(PLAN.data),
    output:
        folder=directory("results/evidence"),
    log:
        "results/logs/draw_evidence.log",
    params:
        code=CODE["draw_evidence"],
        tables=PLAN.tables,
        settings=PLAN.settings,
        flow=PLAN.flow,
        libraries={"matplotlib": LIBRARIES["matplotlib"]},
    message:
        "figures of the tables"
    run:
        run_adapter("draw_evidence", input, output, params, log, wildcards)


rule changes:
    input:
        results="results/results.json",
        figures=expand("results/analyses/{analysis}/forest.svg", analysis=ANALYSES),
        config=ancient(CONFIG),
        data=ancient(PLAN.data),
    output:
        changes="results/changes.json",
    log:
        "results/logs/changes.log",
    params:
        code=CODE["changes"],
        tables=PLAN.tables,
        settings=PLAN.settings,
        store=".snakemake/metarepro/runs",
    message:
        "changes.json"
    run:
        run_adapter("changes", input, output, params, log, wildcards)


rule report:
    input:
        findings="results/integrity.json",
        changes="results/changes.json",
        results="results/results.json",
        reproductions="results/reproduction.json",
        claims="results/claims.json",
        audit="results/audit",
        figures=expand("results/analyses/{analysis}/forest.svg", analysis=ANALYSES),
        more=expand("results/analyses/{analysis}/figures", analysis=ANALYSES),
        panels=["results/panels"] if PLAN.panels else [],
        evidence="results/evidence",
        sources=ancient(PLAN.data),
        config=ancient(CONFIG),
    output:
        page="results/report.html",
    log:
        "results/logs/report.log",
    params:
        code=CODE["report"],
        sources=PLAN.sources,
        # From a function: braces in a text would be taken for wildcards.
        title=lambda wildcards: PLAN.title,
        authors=lambda wildcards: PLAN.authors,
    message:
        "report.html"
    run:
        run_adapter("report", input, output, params, log, wildcards)
