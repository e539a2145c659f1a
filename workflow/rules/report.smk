# The page, and the tables beside it.
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
        indexes=expand(
            "results/analyses/{analysis}/figures/figures.json", analysis=PLAN.analyses
        ),
        regressions=["results/regressions/figures.json"] if REGRESSIONS else [],
        others=expand(
            "results/{folder}/figures.json", folder=("panels", "evidence", "audit")
        ),
        settings=f"{RECORDS}/settings.json",
        page=f"{RECORDS}/page.json",
        flow=f"{RECORDS}/flow.json",
        data=records("trials", "sources", "printed", "claims"),
    output:
        page=report(
            "results/report.html",
            caption="../report/page.rst",
            category="Page",
            labels={"page": "report"},
        ),
        changes="results/changes.json",
        findings="results/tables/summary_of_findings.csv",
        without="results/tables/leave_one_out.csv",
        characteristics="results/tables/characteristics.csv",
        certainty="results/tables/certainty.csv",
        checklist="results/tables/prisma_checklist.csv",
        methods="results/methods.md",
        references="results/references.bib",
        seal=f"{SEALS}/report.json",
    log:
        "results/logs/report.log",
    conda:
        "../envs/metarepro.yaml"
    message:
        "report.html"
    script:
        "../scripts/report.py"
