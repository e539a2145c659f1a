"""The pictures of the glossary, one a term: small drawings of made-up trials.

python docs/glossary_pictures.py FOLDER    writes them
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl

mpl.use("svg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

BLUE, GREY, RED = "#1f4e79", "#767676", "#b3261e"
mpl.rcParams.update({"svg.hashsalt": "metarepro", "svg.fonttype": "none", "font.size": 9, "axes.spines.top": False,
                     "axes.spines.right": False, "axes.spines.left": False})  # fmt: skip
DRAWINGS: dict[str, Callable[[Axes], None]] = {}
TRIALS = np.array([(-0.9, 0.45), (-0.3, 0.25), (-0.6, 0.35), (0.1, 0.5), (-0.5, 0.2)])


def drawing(name: str) -> Callable[[Callable[[Axes], None]], Callable[[Axes], None]]:
    """Register a drawing by the name of its file."""

    def keep(draw: Callable[[Axes], None]) -> Callable[[Axes], None]:
        DRAWINGS[name] = draw
        return draw

    return keep


def _trials(axes: Axes, effects: np.ndarray, halves: np.ndarray, top: float = 0.0) -> None:
    for i, (x, half) in enumerate(zip(effects, halves, strict=True)):
        axes.plot([x - half, x + half], [top - i] * 2, color=BLUE, lw=1.2)
        axes.plot(x, top - i, "s", color=BLUE, ms=2 + 2 / half)


def _diamond(axes: Axes, x: float, half: float, y: float, color: str = BLUE) -> None:
    axes.fill([x - half, x, x + half, x], [y, y + 0.28, y, y - 0.28], color=color)


def _finish(axes: Axes, label: str, low: float = -1.6, high: float = 1.0) -> None:
    axes.axvline(0, color=GREY, lw=0.8, ls=":")
    axes.set(yticks=[], xlim=(low, high), xlabel=label, ylim=(axes.get_ylim()[0] - 0.6, axes.get_ylim()[1]))


@drawing("interval")
def interval(axes: Axes) -> None:
    """Twenty repetitions of one trial; one interval misses the truth."""
    rng = np.random.default_rng(0)
    effects = rng.normal(-0.5, 0.25, 20)
    for i, x in enumerate(effects):
        missed = abs(x + 0.5) > 0.49
        axes.plot([x - 0.49, x + 0.49], [i, i], color=RED if missed else BLUE, lw=1.2)
    axes.axvline(-0.5, color=GREY, lw=1)
    axes.text(-0.5, 20.4, "the truth", ha="center")
    _finish(axes, "effect: the same trial done twenty times; red misses the truth")


@drawing("forest")
def forest(axes: Axes) -> None:
    """A forest plot with its parts named."""
    _trials(axes, TRIALS[:, 0], TRIALS[:, 1])
    _diamond(axes, -0.47, 0.2, -6)
    axes.text(0.35, -4, "square: the trial's effect,\nlarger with more weight", va="center")
    axes.text(0.35, -1.2, "line: its 95% interval", va="center")
    axes.text(0.35, -6, "diamond: the pooled effect", va="center")
    axes.text(0.03, 0.6, "no difference", color=GREY)
    _finish(axes, "effect", high=1.9)


@drawing("heterogeneity")
def heterogeneity(axes: Axes) -> None:
    """Trials that agree, and trials that do not."""
    halves = TRIALS[:, 1]
    _trials(axes, np.array([-0.55, -0.45, -0.5, -0.4, -0.5]), halves)
    axes.text(0.4, -2, "agree: τ² = 0, I² = 0%", va="center")
    _trials(axes, np.array([-1.2, 0.2, -0.9, 0.4, -0.5]), halves, -6.5)
    axes.text(1.0, -8.5, "differ: τ² > 0, I² high", va="center")
    _finish(axes, "effect", high=2.4)


@drawing("models")
def models(axes: Axes) -> None:
    """Common and random effects: one true effect, or a spread of them."""
    x = np.linspace(-1.5, 0.7, 200)
    axes.plot([-0.45, -0.45], [0, 1], color=RED, lw=2)
    axes.text(-0.42, 1.02, "common effect: one true effect", color=RED)
    axes.fill_between(x, 0.75 * np.exp(-((x + 0.45) ** 2) / 0.12), color=BLUE, alpha=0.35, lw=0)
    axes.text(-0.05, 0.55, "random effects: each trial\nhas its own; τ is their spread", color=BLUE)
    _finish(axes, "true effect", high=1.4)
    axes.set_ylim(0, 1.2)


@drawing("prediction")
def prediction(axes: Axes) -> None:
    """The interval of the mean, and where a new trial's effect lies."""
    _trials(axes, np.array([-1.2, 0.2, -0.9, 0.4, -0.5]), TRIALS[:, 1])
    _diamond(axes, -0.4, 0.35, -6)
    axes.text(1.0, -6, "interval of the mean", va="center")
    axes.plot([-1.5, 0.75], [-7.2, -7.2], color=RED, lw=2)
    axes.text(1.0, -7.2, "prediction interval: the true\neffect of a new trial", va="center", color=RED)
    _finish(axes, "effect", high=2.6)


@drawing("hartung_knapp")
def hartung_knapp(axes: Axes) -> None:
    """Two intervals of one mean of three trials."""
    _trials(axes, np.array([-0.9, -0.2, -0.6]), np.array([0.5, 0.4, 0.3]))
    _diamond(axes, -0.55, 0.3, -4, GREY)
    axes.text(0.9, -4, "Wald: as if τ² were known", va="center", color=GREY)
    _diamond(axes, -0.55, 0.85, -5.2)
    axes.text(0.9, -5.2, "Hartung-Knapp: honest about\nthree trials", va="center")
    _finish(axes, "effect", high=2.6)


@drawing("odds")
def odds(axes: Axes) -> None:
    """Odds ratios of the same risk ratio, as risks grow."""
    risk = np.linspace(0.01, 0.6, 100)
    treated = 1.5 * risk
    axes.plot(100 * risk, treated / (1 - treated) / (risk / (1 - risk)), color=BLUE)
    axes.axhline(1.5, color=RED)
    axes.text(3, 1.0, "risk ratio 1.5", color=RED)
    axes.text(31, 4.4, "odds ratio", color=BLUE)
    axes.set(
        xlabel="patients of 100 with the event, without treatment", yticks=[1.5, 3, 6], ylim=(0.8, 7), xlim=(0, 60)
    )
    axes.spines["left"].set_visible(True)


@drawing("smd")
def smd(axes: Axes) -> None:
    """Two groups half a standard deviation apart."""
    x = np.linspace(-3, 4, 300)
    for mean, color, name in ((0.0, GREY, "control"), (0.5, BLUE, "treatment")):
        axes.fill_between(x, np.exp(-((x - mean) ** 2) / 2), color=color, alpha=0.35, lw=0)
        axes.text(mean + (0.75 if mean else -0.75), 0.92, name, color=color, ha="left" if mean else "right")
    axes.annotate("", (0.5, 1.08), (0, 1.08), arrowprops={"arrowstyle": "<->", "color": RED})
    axes.text(0.62, 1.06, "0.5 standard deviations", color=RED)
    _finish(axes, "score, in standard deviations", -3, 4)
    axes.set_ylim(0, 1.25)


@drawing("funnel")
def funnel(axes: Axes) -> None:
    """A funnel with a gap at one foot."""
    rng = np.random.default_rng(4)
    se = rng.uniform(0.08, 0.5, 40)
    y = rng.normal(-0.4, se)
    seen = (se < 0.2) | (y < -0.15)
    axes.plot(y[seen], -se[seen], "o", color=BLUE, ms=4)
    axes.plot(y[~seen], -se[~seen], "o", mfc="none", color=RED, ms=4)
    axes.plot([-0.4 - 1.96 * 0.52, -0.4, -0.4 + 1.96 * 0.52], [-0.52, 0, -0.52], color=GREY, lw=1)
    axes.text(0.45, -0.18, "missing: small trials\nwithout an effect", color=RED)
    _finish(axes, "effect; precise trials at the top", -1.6, 1.5)


@drawing("number_needed")
def number_needed(axes: Axes) -> None:
    """One hundred people: who gains by the treatment."""
    for i in range(100):
        color = BLUE if i < 20 else RED if i < 35 else "#d0d0d0"
        axes.plot(i % 20, -(i // 20), "o", color=color, ms=6)
    axes.text(-0.4, -5.3, "blue: well anyway    red: well by the treatment (15 of 100: NNT 7)    grey: not well")
    axes.set(xticks=[], yticks=[], ylim=(-5.8, 0.6))
    axes.spines["bottom"].set_visible(False)


def draw_all(folder: Path) -> None:
    """Write every picture as SVG."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, draw in DRAWINGS.items():
        figure, axes = plt.subplots(figsize=(5.4, 2.2), layout="constrained")
        draw(axes)
        figure.savefig(folder / f"{name}.svg", metadata={"Date": None})
        plt.close(figure)


if __name__ == "__main__":
    draw_all(Path(sys.argv[1]))
