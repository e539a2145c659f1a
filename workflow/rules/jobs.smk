# How a job runs its script: in a warm process of this run, or, where a job has a Snakemake of its own (on a cluster),
# right there. And what is told at the end.
sys.path.insert(0, str(BASE / "workflow"))
import run_lock
import worker


def run_adapter(name, input, output, params, log, wildcards):
    """Run workflow/scripts/NAME.py with what the rule gives it."""
    parts = {
        part: (
            [str(x) for x in values] if part != "params" else [],
            dict(values.items()),
        )
        for part, values in (
            ("input", input),
            ("output", output),
            ("params", params),
            ("log", log),
            ("wildcards", wildcards),
        )
    }
    script = str(BASE / "workflow" / "scripts" / f"{name}.py")
    if workflow.is_main_process:
        WORKERS.run(script, parts)
    else:
        worker.run_script(script, parts)


def demand_verdicts(path):
    """End with exit code 5 if a printed result of this run has another verdict than the configuration demands."""
    dag = workflow.dag if workflow.executor_plugin is not None else None
    if dag is None or workflow.dryrun or workflow.touch or not path.exists():
        return
    if not SUCCEEDED and any(dag.needrun_jobs()):
        return
    if not any(job.rule.name == "reproduce" for job in dag.jobs):
        return
    from metarepro.reproduction import reproductions_from_json, unmet_demands

    unmet = unmet_demands(reproductions_from_json(path.read_text(encoding="utf-8")))
    if unmet:
        sys.stdout.flush()
        print(*unmet, sep="\n", file=sys.stderr, flush=True)
        # Replaces the exit code of Snakemake, which has ended by now.
        os._exit(5)


if workflow.is_main_process:
    # At exit, as Snakemake calls no hook when nothing is to be done. Registered before the workers, so as to run last.
    SUCCEEDED = []
    atexit.register(demand_verdicts, Path("results/reproduction.json").resolve())

WORKERS = worker.Workers(min(workflow.cores or 1, os.cpu_count() or 1), BASE / "src")


def tell_changes(told):
    """A few lines about what changed, if this run found out."""
    import json

    from metarepro.changes import short_text

    if told.exists() and told.stat().st_mtime >= STARTED:
        text = short_text(json.loads(told.read_text(encoding="utf-8")))
        print(text, end="\n" if text else "")
