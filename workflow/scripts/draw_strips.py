"""Ways of computing each printed result: reproduction.json -> a folder with one specification strip a result."""

from pathlib import Path

from logged import logged

with logged(snakemake.log[0]):
    from metarepro.figures import demand_files, specification_strip, write_figure
    from metarepro.reproduction import reproductions_from_json

    found = reproductions_from_json(Path(snakemake.input.reproductions).read_text(encoding="utf-8"))
    folder = Path(snakemake.output.folder)
    folder.mkdir(parents=True, exist_ok=True)
    for result in found:
        if result.specifications:
            figure = specification_strip(result)
            write_figure(figure, folder / result.id)
            demand_files(folder / result.id, pages=figure)
