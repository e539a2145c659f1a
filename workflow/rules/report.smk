# The page.
rule report:
    input:
        order=after(
            *PICTURES,
            *REGRESSIONS,
            "gather",
            "draw_panels",
            "draw_evidence",
            "draw_audit",
        ),
        findings=f"{RECORDS}/integrity.json",
        results="results/results.json",
        reproductions="results/reproduction.json",
        claims="results/claims.json",
        audit="results/audit/figures.json",
        forests=forests_of(PLAN.analyses, "svg"),
        indexes=expand(
            "results/analyses/{analysis}/figures/figures.json", analysis=PLAN.analyses
        ),
        panels="results/panels/figures.json",
        evidence="results/evidence/figures.json",
        regressions=["results/regressions/figures.json"] if REGRESSIONS else [],
        settings=f"{RECORDS}/settings.json",
        data=records("trials", "sources", "printed", "claims"),
    output:
        page=report(
            "results/report.html",
            caption="../report/page.rst",
            category="Page",
            labels={"page": "report"},
        ),
        changes="results/changes.json",
        seal=f"{SEALS}/report.json",
    log:
        "results/logs/report.log",
    conda:
        "../envs/metarepro.yaml"
    message:
        "report.html"
    script:
        "../scripts/report.py"
