# Printed results and claims against what was recomputed.


rule reproduce:
    input:
        config=ancient(CONFIG),
        data=ancient(PLAN.data),
    output:
        table="results/reproduction.csv",
        reproductions="results/reproduction.json",
    log:
        "results/logs/reproduce.log",
    # The longest job of all: first.
    priority: 10
    params:
        code=CODE["reproduce"],
        tables=PLAN.tables,
        settings=PLAN.settings,
        libraries={name: LIBRARIES[name] for name in ("numpy", "scipy")},
    message:
        "reproduction.csv"
    run:
        run_adapter("reproduce", input, output, params, log, wildcards)


rule audit:
    input:
        results="results/results.json",
        reproductions="results/reproduction.json",
        config=ancient(CONFIG),
        data=ancient(PLAN.data),
    output:
        table="results/claims.csv",
        claims="results/claims.json",
    log:
        "results/logs/audit.log",
    params:
        code=CODE["audit"],
        tables=PLAN.tables,
    message:
        "claims.csv"
    run:
        run_adapter("audit", input, output, params, log, wildcards)


rule draw_audit:
    input:
        reproductions="results/reproduction.json",
        claims="results/claims.json",
    output:
        folder=directory("results/audit"),
    log:
        "results/logs/draw_audit.log",
    params:
        code=CODE["draw_audit"],
        libraries={"matplotlib": LIBRARIES["matplotlib"]},
    message:
        "figures of printed results and claims"
    run:
        run_adapter("draw_audit", input, output, params, log, wildcards)


rule draw_strips:
    input:
        reproductions="results/reproduction.json",
    output:
        folder=directory("results/specifications"),
    log:
        "results/logs/draw_strips.log",
    params:
        code=CODE["draw_strips"],
        libraries={"matplotlib": LIBRARIES["matplotlib"]},
    message:
        "figures of all ways of computing"
    run:
        run_adapter("draw_strips", input, output, params, log, wildcards)
