"""`demo`: the example project, run and shown."""

from __future__ import annotations

import tempfile
import webbrowser
from pathlib import Path

from metarepro.errors import MetareproError


def demo(folder: Path | str | None = None, show: bool = True) -> Path:
    """Write the example project (three invented trials), run it, and open its report.

    What `metarepro init` and `metarepro run` do, in one call, to see what comes out before own data go in. It takes
    some fifteen seconds.

    Parameters
    ----------
    folder : path, optional
        A new or empty folder, which stays to be edited; a temporary one by default.
    show : bool, default True
        Whether the report is opened in the browser.

    Returns
    -------
    Path
        The report.

    Raises
    ------
    ConfigError
        The folder is not empty, or cannot be written.
    MetareproError
        The run failed; what it printed says why.

    Examples
    --------
    >>> report = demo(show=False)  # doctest: +SKIP
    """
    from metarepro.cli import main
    from metarepro.template import write_project

    project = Path(tempfile.mkdtemp(prefix="metarepro-demo-") if folder is None else folder)
    write_project(project)
    if main(["run", str(project)]):
        raise MetareproError(f"The demo in {project} did not run. Fix: metarepro run {project} -v shows what happened.")
    report = (project / "results" / "report.html").resolve()
    if show:
        webbrowser.open(report.as_uri())
    return report
