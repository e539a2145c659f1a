# Two jobs an analysis: its numbers, its pictures.


rule analyse:
    input:
        # ancient: the tables and the configuration count through `rows`, not through their time stamps.
        config=ancient(CONFIG),
        data=ancient(PLAN.config.data),
    output:
        fit="results/analyses/{analysis}/fit.json",
        effects="results/analyses/{analysis}/effects.csv",
    params:
        rows=rows_of,
        code=NUMBERS,
        libraries={name: LIBRARIES[name] for name in ("numpy", "scipy")},
        place=place_of,
    log:
        "results/logs/analyse/{analysis}.log",
    message:
        "numbers  {params.place}  {wildcards.analysis}"
    script:
        "../scripts/analyse.py"


rule draw:
    input:
        fit="results/analyses/{analysis}/fit.json",
    output:
        svg="results/analyses/{analysis}/forest.svg",
        pdf="results/analyses/{analysis}/forest.pdf",
        png="results/analyses/{analysis}/forest.png",
    params:
        code=PICTURES,
        libraries={"matplotlib": LIBRARIES["matplotlib"]},
        place=place_of,
    log:
        "results/logs/draw/{analysis}.log",
    message:
        "pictures {params.place}  {wildcards.analysis}"
    script:
        "../scripts/draw.py"
