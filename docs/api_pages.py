"""Pages of the Python interface: one a function, with its result and an example; each public name is on one of them."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import metarepro as mr

# Functions in the order in which a reader meets them; a public name that is missing here fails the build.
SECTIONS: dict[str, tuple[str, ...]] = {
    "Effect sizes": ("effect_sizes", "absolute_risks", "number_needed", "carry_over", "solve_counts"),
    "Pooling": (
        "pool", "heterogeneity_interval", "study_effects", "chance_beyond", "pool_subgroups", "meta_regression",
        "permutation_test", "mantel_haenszel", "peto", "henmi_copas", "set_engine",
    ),
    "Models": (
        "multilevel", "random_effects", "robust_variance", "kenward_roger", "wild_bootstrap", "multivariate", "bayes",
        "bayes_counts", "prior_sensitivity", "glmm", "location_scale", "network", "network_from_arms", "dose_response",
    ),
    "Single studies and missing evidence": (
        "leave_one_out", "leave_k_out", "cumulative", "influence", "gosh", "small_study_tests", "egger", "begg",
        "harbord", "peters", "macaskill", "deeks", "arcsine_test", "pustejovsky_rodgers", "trim_and_fill", "pet_peese",
        "uwls", "limit_meta_analysis", "selection_model", "copas", "p_curve", "p_uniform", "excess_significance",
        "fail_safe_n", "trial_sequential", "multiverse",
    ),
    "Reproduction": ("match_published",),
    "Start": ("demo",),
}  # fmt: skip
# Where the words that several figures take are described.
RESULT_OF = "metarepro.analysis.from_fit.result_of"
DOCS = Path(__file__).parent
MODULES = {"conversions": "Conversions", "priors": "Priors of tau", "figures": "Figures"}
ERRORS = ("MetareproError", "DataError", "ConfigError")


def write_api(stage: Path) -> None:
    """Write the pages below `api/` and their contents."""
    folder = stage / "api"
    folder.mkdir(parents=True, exist_ok=True)
    results = _results()
    contents = ["# Python interface", "", "All of it is in `import metarepro as mr`.", ""]
    for title, names in SECTIONS.items():
        contents += _section(title, [(name, f"mr.{name}", getattr(mr, name)) for name in names])
        for name in names:
            _write(folder, name, f"metarepro.{name}", [f"metarepro.{r}" for r in results[name]])
    for module, title in MODULES.items():
        rows = _members(module)
        contents += _section(
            title, [(f"{module}.{n}", f"mr.{module}.{n}", x) for n, x in rows if inspect.isfunction(x)]
        )
        shown = {name for name, x in rows if inspect.isclass(x)}
        for name, x in rows:
            if inspect.isfunction(x):
                classes = [c for c in _returned(x) if c in shown]
                shown -= set(classes)
                listed = [f"metarepro.{module}.{c}" for c in classes]
                _write(folder, f"{module}.{name}", f"metarepro.{module}.{name}", listed)
        if shown:
            raise SystemExit(f"{module}: no function gives {', '.join(sorted(shown))}.")
    contents += _section("Errors", [(name, f"mr.{name}", getattr(mr, name)) for name in ERRORS])
    for name in ERRORS:
        _write(folder, name, f"metarepro.{name}", [], "autoexception")
    contents += ["```{toctree}", ":hidden:", ":glob:", "", "*", "```", ""]
    (folder / "index.md").write_text("\n".join(contents), encoding="utf-8")


def _results() -> dict[str, list[str]]:
    """Classes of results on the page of the first function that gives them; no public name may be left over."""
    functions = [name for names in SECTIONS.values() for name in names]
    left = [n for n in mr.__all__ if inspect.isclass(getattr(mr, n)) and n not in ERRORS]
    found: dict[str, list[str]] = {}
    for name in functions:
        given = [c for c in _returned(getattr(mr, name)) if c in left]
        found[name] = given
        left = [c for c in left if c not in given]
    missing = [
        n for n in mr.__all__ if n not in (*functions, *MODULES, *ERRORS) and not inspect.isclass(getattr(mr, n))
    ]
    if left or missing:
        raise SystemExit(f"docs/api_pages.py has no place for {', '.join((*left, *missing))}.")
    return found


def _returned(function: Any) -> list[str]:
    return re.findall(r"\w+", str(inspect.signature(function).return_annotation))


def _members(module: str) -> list[tuple[str, Any]]:
    room = getattr(mr, module)
    names = getattr(room, "__all__", None) or [
        n for n, x in vars(room).items() if getattr(x, "__module__", "") == room.__name__ and n.islower()
    ]
    rows = [(name, getattr(room, name)) for name in names if not name.startswith(("_", "read_"))]
    return [(n, x) for n, x in rows if not (inspect.isclass(x) and issubclass(x, Exception))]


def _section(title: str, rows: list[tuple[str, str, Any]]) -> list[str]:
    lines = [f"## {title}", "", "| | |", "|---|---|"]
    for page, shown, x in rows:
        first = inspect.cleandoc(x.__doc__ or "").split("\n\n")[0].replace("\n", " ").replace("|", "\\|")
        lines.append(f"| [`{shown}`]({page}.md) | {first} |")
    return [*lines, ""]


def _write(folder: Path, page: str, name: str, classes: list[str], kind: str = "autofunction") -> None:
    about = inspect.cleandoc(_docstring(name)).split("\n\n")[0].replace("\n", " ").split(": ")[0].rstrip(".")
    lines = [f"# {page}: {about}", "", "```{eval-rst}", f".. {kind}:: {name}", ""]
    for c in classes:
        lines += [f".. autoclass:: {c}", "   :members:", "   :inherited-members:", "   :no-undoc-members:", ""]
    lines += ["```", ""]
    if RESULT_OF in _docstring(name):
        lines += [
            "## The words of a fit",
            "",
            "```{eval-rst}",
            f".. autofunction:: {RESULT_OF}",
            "   :no-index:",
            "```",
            "",
        ]
    examples = _examples(page.removeprefix("figures.")) if page.startswith("figures.") else []
    if not examples and kind == "autofunction" and ">>>" not in _docstring(name):
        raise SystemExit(f"{name} has no example: put one into its docstring, the gallery, or docs/api_examples.md.")
    (folder / f"{page}.md").write_text("\n".join(lines + examples), encoding="utf-8")


def _docstring(name: str) -> str:
    found: Any = mr
    for part in name.split(".")[1:]:
        found = getattr(found, part)
    return found.__doc__ or ""


def _examples(name: str) -> list[str]:
    """Parts of the gallery that call a function, or its sister of several pages, with pictures; or its own part."""
    gallery = (DOCS / "gallery.md").read_text(encoding="utf-8").split("\n## ")[1:]
    alone = name.removesuffix("_pages")
    chosen = [part for part in gallery if f"mr.figures.{alone}(" in part or f"mr.figures.{alone}_pages(" in part]
    lines = ["## Examples", ""]
    if chosen:
        lines += ["They start as [the gallery](../gallery.md) does.", ""]
        for part in chosen:
            lines += ["### " + part.replace("](gallery/", "](../gallery/").strip(), ""]
        return lines
    own = dict(
        part.split("\n", 1) for part in (DOCS / "api_examples.md").read_text(encoding="utf-8").split("\n## ")[1:]
    )
    return [*lines, own[alone].strip(), ""] if alone in own else []
