"""Numbers of one analysis: tables and configuration -> fit.json and effects.csv."""

from pathlib import Path

from metarepro.workflow import logged

with logged(snakemake.log[0]):
    from metarepro.analysis import make_plan, run_analysis, to_json
    from metarepro.report.tables import effects_csv

    plan = make_plan(Path.cwd(), snakemake.input.config)
    analysis = next(a for a in plan.config.analyses if a.id == snakemake.wildcards.analysis)
    result = run_analysis(plan.config, analysis, plan.data)
    Path(snakemake.output.fit).write_text(to_json(result), encoding="utf-8")
    Path(snakemake.output.effects).write_text(effects_csv(result), encoding="utf-8", newline="")
    print(f"{len(result.studies)} studies used, {len(result.left_out)} left out")
