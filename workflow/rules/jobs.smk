# How a job runs its script: in a warm process of this run, or, where a job has a Snakemake of its own (on a cluster),
# right there. And what is told at the end.
sys.path.insert(0, str(BASE / "workflow"))
import run_lock
import worker

WORKERS = worker.Workers(min(workflow.cores or 1, os.cpu_count() or 1), BASE / "src")


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
    """End with exit code 5 if a printed result has another verdict than the configuration demands."""
    import json

    targets = json.loads(path.read_text(encoding="utf-8"))["targets"]
    failed = [t for t in targets if t["must"] and t["verdict"] != t["must"]]
    for t in failed:
        print(
            f"{t['file']}:{t['line']}: the printed result {t['id']!r} must be {t['must']!r} and is {t['verdict']!r}: "
            f"{t['reason']}",
            file=sys.stderr,
        )
    if failed:
        # After Snakemake's own end, whose exit code it replaces.
        atexit.register(os._exit, 5)


def tell_changes(told):
    """A few lines about what changed, if this run found out."""
    import json

    from metarepro.changes import short_text

    if told.exists() and told.stat().st_mtime >= STARTED:
        text = short_text(json.loads(told.read_text(encoding="utf-8")))
        print(text, end="\n" if text else "")
