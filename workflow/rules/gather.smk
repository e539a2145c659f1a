# What gathers all analyses: one results file, one table, one page.


rule gather:
    input:
        fits=expand("results/analyses/{analysis}/fit.json", analysis=ANALYSES),
    output:
        results="results/results.json",
        summary="results/summary.csv",
    params:
        code=PAGES,
        title=PLAN.config.title,
    log:
        "results/logs/gather.log",
    message:
        "results.json and summary.csv"
    script:
        "../scripts/gather.py"


rule report:
    input:
        results="results/results.json",
        figures=expand("results/analyses/{analysis}/forest.svg", analysis=ANALYSES),
        sources=ancient(PLAN.config.data),
    output:
        page="results/report.html",
    params:
        code=PAGES,
        sources=PLAN.sources,
        title=PLAN.config.title,
        authors=PLAN.config.authors,
    log:
        "results/logs/report.log",
    message:
        "report.html"
    script:
        "../scripts/report.py"
