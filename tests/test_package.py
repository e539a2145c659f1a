"""The package's front door: what `import metarepro` gives, and what it does not load."""

from __future__ import annotations

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from importlib import import_module
from inspect import isfunction
from pathlib import Path

import pytest

import metarepro as mr

PACKAGE = Path(mr.__file__).parent


def test_every_public_name_is_there():
    for name in mr.__all__:
        assert getattr(mr, name) is not None
    assert callable(mr.figures.forest)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'metarepro' has no attribute 'pol'"):
        mr.pol  # noqa: B018 - the access is the test


def test_heavy_libraries_load_when_used_only():
    code = "import sys, metarepro; print(*[m for m in ('numpy', 'scipy', 'pandas', 'matplotlib') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


SLOW = (
    "concurrent.futures", "formulaic", "jinja2", "matplotlib", "numba", "numpy.testing", "openpyxl", "pandas", "pydantic",
    "scipy.optimize", "scipy.special", "scipy.stats", "statsmodels", "yaml",
)  # fmt: skip


@pytest.mark.parametrize(
    "then",
    [
        "",
        "pool([.1] * 10, [.2] * 10, tau2='DL', ci='z', level=.9)",
        "fit.weights, fit.log_likelihood, fit.p_value, fit.log10_p, fit.q_p, fit.q_log10_p, fit.data",
        "mr.peto([1, 2], [9, 9], [2, 4], [9, 9])",
    ],
)
def test_a_first_small_fit_loads_no_slow_library(then):
    code = f"""
import sys
from graphlib import TopologicalSorter
from importlib import import_module
from inspect import isfunction
from pathlib import Path
import metarepro as mr
pool = mr.pool
fit = pool([.1, .4, .3, .2, .9, .5, .7, .1, .2, .3], [.02, .1, .05, .04, .03, .06, .02, .1, .05, .04])
{then}
print(*[m for m in {SLOW} if m in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def modules_of_public_names() -> list[str]:
    found = [getattr(room, name) for room in (mr, mr.conversions) for name in room.__all__]
    return sorted({x.__module__ for x in found if hasattr(x, "__module__")} | {mr.priors.__name__})


@pytest.mark.parametrize("module", ["metarepro", *modules_of_public_names()])
def test_the_examples_in_the_docstrings_are_right(module):
    import doctest

    found = doctest.testmod(import_module(module))
    assert found.failed == 0


def test_every_public_function_has_an_example():
    rooms = (mr, mr.conversions)
    functions = {
        name: getattr(room, name) for room in rooms for name in room.__all__ if isfunction(getattr(room, name))
    }
    assert [name for name, f in functions.items() if ">>>" not in (f.__doc__ or "")] == []


def imports_of(file: Path, modules: set[str]) -> set[str]:
    """Modules of the package that a file imports, at its head or within a function."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    typing = [n for n in ast.walk(tree) if isinstance(n, ast.If) and getattr(n.test, "id", "") == "TYPE_CHECKING"]
    for_types = {id(inner) for block in typing for inner in ast.walk(block)}
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in modules and id(node) not in for_types:
            names = {f"{node.module}.{a.name}" for a in node.names}
            found |= (names & modules) | ({node.module} if names - modules else set())
    return found


def test_the_house_has_no_circle_and_figures_compute_nothing():
    paths = {f.relative_to(PACKAGE.parent).with_suffix(""): f for f in sorted(PACKAGE.rglob("*.py"))}
    modules = {".".join(p.parts).removesuffix(".__init__"): f for p, f in paths.items()}
    imported = {name: imports_of(file, set(modules)) - {name} for name, file in modules.items()}
    # CycleError, with the circle, where there is one.
    assert len(list(TopologicalSorter(imported).static_order())) == len(modules) > 200
    drawing = {name: found for name, found in imported.items() if name.startswith("metarepro.figures")}
    assert len(drawing) > 40
    assert not {n: m for n, found in drawing.items() for m in found if m.startswith("metarepro.pooling")}
