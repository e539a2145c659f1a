# Configuration and tables to records, records to numbers.


# A checkpoint, so that what depends on it is looked at again when it is known which records have changed.
checkpoint validate:
    input:
        tables=PLAN.tables,
    output:
        **{
            name: f"{RECORDS}/{name}.json"
            for name in (
                "settings",
                "numbers",
                "reproduction",
                "page",
                "trials",
                "sources",
                "printed",
                "claims",
                "panels",
                "flow",
                "integrity",
                "evidence",
                "plan",
            )
        },
        looks=[f"{RECORDS}/looks_{n}.json" for n in PLAN.picture_chunks],
        seal=f"{SEALS}/validate.json",
    log:
        "results/logs/validate.log",
    localrule: True
    conda:
        "../envs/metarepro.yaml"
    message:
        "checking configuration and tables"
    script:
        "../scripts/validate.py"


for number, names in PLAN.number_chunks.items():

    checkpoint:
        name:
            f"analyse_{number}"
        input:
            order=after(),
            settings=f"{RECORDS}/numbers.json",
            data=f"{RECORDS}/trials.json",
        output:
            fits=expand("results/analyses/{analysis}/fit.json", analysis=names),
            effects=expand("results/analyses/{analysis}/effects.csv", analysis=names),
            robustness=expand(
                "results/analyses/{analysis}/{file}",
                analysis=names,
                file=ROBUSTNESS,
            ),
            seal=f"{SEALS}/analyse_{number}.json",
        log:
            f"results/logs/analyse_{number}.log",
        priority: 10
        conda:
            "../envs/metarepro.yaml"
        message:
            f"numbers of {counted(names)}"
        script:
            "../scripts/analyse.py"


rule gather:
    input:
        order=after(*NUMBERS),
        fits=expand("results/analyses/{analysis}/fit.json", analysis=PLAN.analyses),
        page=f"{RECORDS}/page.json",
        numbers=f"{RECORDS}/numbers.json",
        data=f"{RECORDS}/trials.json",
        integrity=f"{RECORDS}/integrity.json",
    output:
        results="results/results.json",
        summary=report(
            "results/summary.csv",
            caption="../report/summary.rst",
            category="Numbers",
            labels={"table": "all pooled results"},
        ),
        flows=report(
            "results/flows.csv",
            caption="../report/flows.rst",
            category="Numbers",
            labels={"table": "flow of the studies"},
        ),
        regressions="results/regressions.csv",
        integrity_table=report(
            "results/integrity.csv",
            caption="../report/integrity.rst",
            category="Numbers",
            labels={"table": "findings in the tables"},
        ),
        integrity="results/integrity.json",
        seal=f"{SEALS}/gather.json",
    log:
        "results/logs/gather.log",
    localrule: True
    conda:
        "../envs/metarepro.yaml"
    message:
        "results.json and tables of all analyses"
    script:
        "../scripts/gather.py"
