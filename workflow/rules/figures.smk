# Pictures, in chunks: what one changed analysis draws anew with it.
for number, names in PLAN.picture_chunks.items():

    rule:
        name:
            f"draw_{number}"
        input:
            order=after(*numbers_of(names)),
            fits=expand("results/analyses/{analysis}/fit.json", analysis=names),
            looks=f"{RECORDS}/looks_{number}.json",
        output:
            [
                report(
                    file,
                    caption="../report/forest.rst",
                    category="Forest plots",
                    labels={"analysis": file.split("/")[2]},
                )
                for file in forests_of(names, "svg")
            ],
            [
                file
                for kind in FOREST_FILES
                if kind != "svg"
                for file in forests_of(names, kind)
            ],
            indexes=expand(
                "results/analyses/{analysis}/figures/figures.json", analysis=names
            ),
            seal=f"{SEALS}/draw_{number}.json",
        log:
            f"results/logs/draw_{number}.log",
        conda:
            "../envs/metarepro.yaml"
        message:
            f"figures of {counted(names)}"
        script:
            "../scripts/draw.py"


rule draw_panels:
    input:
        order=after(*numbers_of(PLAN.panel_analyses)),
        fits=expand(
            "results/analyses/{analysis}/fit.json", analysis=PLAN.panel_analyses
        ),
        panels=f"{RECORDS}/panels.json",
    output:
        index="results/panels/figures.json",
        seal=f"{SEALS}/draw_panels.json",
    log:
        "results/logs/draw_panels.log",
    conda:
        "../envs/metarepro.yaml"
    message:
        "figures of several analyses"
    script:
        "../scripts/draw_panels.py"


rule draw_regressions:
    input:
        order=after(*numbers_of(PLAN.regressions)),
        fits=expand("results/analyses/{analysis}/fit.json", analysis=PLAN.regressions),
    output:
        index="results/regressions/figures.json",
        seal=f"{SEALS}/draw_regressions.json",
    log:
        "results/logs/draw_regressions.log",
    conda:
        "../envs/metarepro.yaml"
    message:
        "figures of meta-regressions"
    script:
        "../scripts/draw_regressions.py"


rule draw_evidence:
    input:
        order=after(),
        findings=f"{RECORDS}/integrity.json",
        evidence=f"{RECORDS}/evidence.json",
        flow=f"{RECORDS}/flow.json",
    output:
        index="results/evidence/figures.json",
        seal=f"{SEALS}/draw_evidence.json",
    log:
        "results/logs/draw_evidence.log",
    conda:
        "../envs/metarepro.yaml"
    message:
        "figures of the tables"
    script:
        "../scripts/draw_evidence.py"
