"""Pictures of one analysis: fit.json -> its forest plot with its twins, and a folder of further pages and figures."""

from pathlib import Path

from logged import logged

with logged(snakemake.log[0]):
    from metarepro.analysis.result import from_json
    from metarepro.figures import draw_analysis

    result = from_json(Path(snakemake.input.fit).read_text(encoding="utf-8"))
    folder = Path(snakemake.output.more)
    folder.mkdir(parents=True, exist_ok=True)
    names = draw_analysis(result, folder)
    # The first page is what people look for, and has a place of its own.
    for path in map(Path, [o for o in snakemake.output if Path(o) != folder]):
        (folder / path.name).replace(path)
    print(f"figures: {', '.join(names)}")
