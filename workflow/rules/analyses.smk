# Two jobs an analysis: its numbers, its pictures; and figures of several analyses.


rule analyse:
    input:
        # ancient: the tables and the configuration count through `rows`, not through their time stamps.
        config=ancient(CONFIG),
        data=ancient(PLAN.data),
    output:
        fit="results/analyses/{analysis}/fit.json",
        effects="results/analyses/{analysis}/effects.csv",
    log:
        "results/logs/analyse/{analysis}.log",
    params:
        rows=rows_of,
        code=CODE["analyse"],
        libraries={name: LIBRARIES[name] for name in ("numpy", "scipy")},
    message:
        "numbers: {wildcards.analysis}"
    run:
        run_adapter("analyse", input, output, params, log, wildcards)


rule draw:
    input:
        fit="results/analyses/{analysis}/fit.json",
    output:
        svg="results/analyses/{analysis}/forest.svg",
        pdf="results/analyses/{analysis}/forest.pdf",
        png="results/analyses/{analysis}/forest.png",
        twin="results/analyses/{analysis}/forest.csv",
        alt="results/analyses/{analysis}/forest.alt.txt",
        more=directory("results/analyses/{analysis}/figures"),
    log:
        "results/logs/draw/{analysis}.log",
    params:
        code=CODE["draw"],
        libraries={"matplotlib": LIBRARIES["matplotlib"]},
    message:
        "pictures: {wildcards.analysis}"
    run:
        run_adapter("draw", input, output, params, log, wildcards)


rule draw_panels:
    input:
        fits=[
            f"results/analyses/{a}/fit.json"
            for a in ANALYSES
            if any(a in p["analyses"] for p in PLAN.panels)
        ],
    output:
        folder=directory("results/panels"),
    log:
        "results/logs/draw_panels.log",
    params:
        code=CODE["draw_panels"],
        panels=PLAN.panels,
        libraries={"matplotlib": LIBRARIES["matplotlib"]},
    message:
        "figures of several analyses"
    run:
        run_adapter("draw_panels", input, output, params, log, wildcards)
