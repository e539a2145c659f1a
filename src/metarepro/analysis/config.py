"""The configuration: what is analysed and how. The JSON schema is generated from these models."""

from __future__ import annotations

import codecs
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from metarepro.analysis.yaml_reader import read_yaml
from metarepro.effects.registry import MEASURES, TABLE_INPUTS
from metarepro.errors import ConfigError, Problem
from metarepro.evidence.reader import Dialect
from metarepro.evidence.tables import TABLES

AnalysisId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,59}$")]


def _fail(code: str, message: str, *details: str, key: str = "") -> PydanticCustomError:
    return PydanticCustomError(code, message, {"details": list(details), "key": key})


def _one_or_more(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Words = Annotated[tuple[str, ...], BeforeValidator(_one_or_more)]
Ascertainments = Annotated[tuple[Literal["point", "window", "ever", "maintained"], ...], BeforeValidator(_one_or_more)]
Statistics = Annotated[tuple[Literal["endpoint", "change"], ...], BeforeValidator(_one_or_more)]
Settings = Annotated[tuple[Literal["trial", "series"], ...], BeforeValidator(_one_or_more)]
Levels = Annotated[tuple[Literal["primary", "secondary"], ...], BeforeValidator(_one_or_more)]


class Part(BaseModel):
    """A part of the configuration; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Range(Part):
    """A closed range."""

    low: float = Field(alias="from", description="Lowest value that counts.")
    high: float = Field(alias="to", description="Highest value that counts.")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low > self.high:
            raise _fail("E103", f"from = {self.low:g} is above to = {self.high:g}", "Fix: swap them.")
        return self


class Window(Range):
    """A time window in hours."""

    target: float | None = Field(None, description="Of several visits in the window, the one nearest to this counts.")
    undated: bool = Field(False, description="Whether rows without a printed time count too.")

    @model_validator(mode="after")
    def _target_inside(self) -> Self:
        if self.target is not None and not self.low <= self.target <= self.high:
            raise _fail("E103", "the target lies outside the window", "Fix: a time from `from` to `to`.", key="target")
        return self


class Arms(Part):
    """Which arms count as experimental, or as control."""

    agent: Words = Field(description="Words of the column `agent` in arms.csv.")
    route: Words = Field((), description="Routes; empty means any.")
    dose_mg_per_kg: Range | None = Field(None, description="Dose range; arms without a printed dose pass.")


class Population(Part):
    """Which studies and rows take part."""

    diagnosis: Words = Field((), description="Diagnoses; empty means any.")
    randomised: bool | None = Field(None, description="Only randomised studies (true), or only others (false).")
    anaesthesia: bool | None = Field(None, description="false leaves out studies under general anaesthesia.")
    setting: Settings = Field((), description="trial, series; empty means both.")
    level: Levels = Field((), description="primary, secondary; empty means both.")
    studies: Words = Field((), description="Only these studies.")
    exclude_studies: Words = Field((), description="Not these studies.")


class Model(Part):
    """The pooling model."""

    method: Literal["auto", "inverse_variance", "GLMM"] = Field(
        "auto",
        description="Inverse variance, or the binomial-normal model of the counts (PLO only, tau2 by maximum "
        "likelihood); auto: GLMM for PLO, inverse variance for the rest.",
    )
    glmm_ci: Literal["PL", "z", "t"] = Field(
        "PL", description="Confidence interval with GLMM: profile likelihood, Wald normal, Wald t."
    )
    tau2: Literal["CE", "DL", "DL2", "HE", "CA2", "HS", "HSk", "SJ", "ML", "REML", "EB", "PM"] = Field(
        "REML", description="Estimator of the between-study variance; CE for a common effect."
    )
    ci: Literal["z", "t", "HK", "HK-adhoc"] = Field("HK", description="Confidence interval of the pooled effect.")
    pi: Literal["HTS", "t", "z", "NNF"] = Field("HTS", description="Prediction interval.")
    level: float = Field(0.95, gt=0, lt=1, description="Level of all intervals, 0.95 not 95.")
    correction: float = Field(0.5, ge=0, le=1, description="Added to the cells of tables with a zero.")
    correction_to: Literal["only_zero", "if_any_zero", "all", "none"] = Field(
        "only_zero", description="Which tables get the correction."
    )
    correction_cells: Literal["all", "events"] = Field(
        "all",
        description="Which cells of such a table get it: all, or the events only, so that each total grows by the "
        "correction once (two arms; as the Metapsy databases do).",
    )
    smd_variance: Literal["LS", "LS2", "UB", "AV", "LSd"] = Field(
        "LS",
        description="Sampling variance of SMD: large-sample with g (LS) or with the uncorrected d, with J² (LS2) or "
        "without it (LSd, as the Metapsy databases do), unbiased (UB), with the mean g (AV).",
    )
    smd_correction: Literal["exact", "approximate"] = Field(
        "exact", description="Small-sample correction J of SMD: by gamma functions, or 1 - 3/(4N - 9)."
    )
    drop_double_zero: bool = Field(False, description="Whether studies without events in both arms are left out.")

    @model_validator(mode="after")
    def _defined(self) -> Self:
        if self.tau2 == "CE" and self.ci in ("HK", "HK-adhoc"):
            raise _fail("E103", "Hartung-Knapp needs a random-effects model, not CE", "Fix: ci: z, or another tau2.")
        return self


class Sensitivity(Part):
    """One change to an analysis, refitted beside it."""

    id: AnalysisId = Field(description="Id.")
    label: str = Field(description="Name in tables.")
    population: dict[str, Any] = Field(default_factory=dict, description="Keys of `population` that differ.")
    model: dict[str, Any] = Field(default_factory=dict, description="Keys of `model` that differ.")
    ascertainment: Ascertainments | None = Field(None, description="Replaces the analysis's `ascertainment`.")
    statistic: Statistics | None = Field(None, description="Replaces the analysis's `statistic`.")
    overlap: Literal["one_per_cohort", "keep"] | None = Field(None, description="Replaces the analysis's `overlap`.")


class Analysis(Part):
    """One analysis: which rows, which measure, which model."""

    id: AnalysisId = Field(description="Id: lower case letters, digits, dash, underscore; names the output folder.")
    title: str = Field(min_length=1, description="Title in figures and report.")
    section: str = Field("Analyses", description="Heading in the report.")
    outcome: Words = Field(description="Outcomes, preferred first.")
    measure: str = Field(description="Effect measure, a code of the registry.")
    rows: Literal["arms", "contrasts", "contrasts_for_crossover"] = Field(
        "arms", description="Counts or means by arm; published contrasts; or contrasts for crossover trials only."
    )
    combine: Literal["pool", "compound"] = Field(
        "pool", description="Pool the studies, or compound step rates: 1 minus the product of (1 - rate)."
    )
    time: Window | None = Field(None, description="Time window in hours after the dose.")
    experimental: Arms = Field(description="Experimental arms.")
    control: Arms | None = Field(None, description="Control arms; none for one-arm measures.")
    scale: Words = Field((), description="Rating scales; empty means any.")
    statistic: Statistics = Field(("endpoint",), description="Means: endpoint, change.")
    schedule: Literal["single", "course"] | None = Field(None, description="After a single dose, or a course.")
    ascertainment: Ascertainments = Field(
        ("point",), description="How the outcome was met: point, window, ever, maintained."
    )
    crossover: Literal["all_periods", "first_period", "first_else_all"] = Field(
        "first_else_all", description="Rows of crossover trials that count."
    )
    overlap: Literal["one_per_cohort", "keep"] = Field(
        "one_per_cohort", description="Of studies that share participants, keep the largest, or all."
    )
    multi_arm: Literal["error", "combine"] = Field(
        "error", description="Several experimental arms of one study: stop, or add them up."
    )
    se_from_p: bool = Field(False, description="Contrasts with only an exact p-value: take the SE from it.")
    population: Population = Field(Population(), description="Which studies and rows take part.")
    subgroups: Literal["control_agent", "setting", "diagnosis", "design", "level"] | None = Field(
        None, description="Column that makes the subgroups."
    )
    sort: Literal["year", "effect", "label", "weight"] = Field("year", description="Order of studies.")
    model: Model = Field(Model(), description="The pooling model.")
    sensitivity: tuple[Sensitivity, ...] | None = Field(None, description="Replaces the default sensitivity list.")
    notes: tuple[str, ...] = Field((), description="Remarks printed with the analysis.")

    @property
    def uses_glmm(self) -> bool:
        """Whether the counts themselves are pooled, by the binomial-normal model."""
        return self.measure == "PLO" and self.model.method != "inverse_variance" and self.combine == "pool"

    @model_validator(mode="after")
    def _possible(self) -> Self:
        inputs = (*TABLE_INPUTS, "hazard_ratios") if self.rows == "contrasts" else TABLE_INPUTS
        allowed = [m for m, info in MEASURES.items() if info.inputs in inputs and info.display != "none"]
        if self.measure not in allowed:
            near = get_close_matches(self.measure.upper(), allowed, n=1, cutoff=0.4)
            hint = f"Fix: did you mean {near[0]!r}?" if near else "Published effects: rows: contrasts."
            raise _fail(
                "E102", f"measure {self.measure!r} is unknown", f"Allowed: {', '.join(allowed)}", hint, key="measure"
            )
        one_arm = MEASURES[self.measure].inputs == "one_arm_counts"
        if one_arm and self.control is not None:
            raise _fail(
                "E103",
                f"{self.measure} is a one-arm measure and takes no control",
                "Fix: delete `control`.",
                key="control",
            )
        if not one_arm and self.control is None:
            raise _fail("E103", f"{self.measure} needs a control", "Fix: add `control: {agent: ...}`.", key="measure")
        if one_arm and self.rows != "arms" and self.combine == "pool":
            raise _fail("E103", "one-arm measures take rows: arms only", "Fix: delete `rows`.")
        if self.combine == "compound" and self.measure != "PR":
            raise _fail("E103", "combine: compound needs measure: PR", "Fix: measure: PR.")
        if self.measure == "SMD" and self.rows == "arms" and len(self.statistic) > 1:
            raise _fail(
                "E103", "an SMD must not mix endpoint and change scores: their SDs differ in kind",
                "Fix: keep one of them in `statistic`.", key="statistic",
            )  # fmt: skip
        if self.control is not None and self.control == self.experimental and self.rows == "arms":
            raise _fail("E103", "experimental and control arms are the same", "Fix: name the control.", key="control")
        if self.model.method == "GLMM" and self.measure != "PLO":
            raise _fail("E103", f"method: GLMM pools PLO, not {self.measure}", "Fix: measure: PLO.", key="measure")
        if self.uses_glmm and self.model.pi == "NNF":
            raise _fail("E103", "pi: NNF needs method: inverse_variance", "Fix: pi: HTS, or that method.", key="model")
        if self.subgroups == "control_agent" and self.control is None:
            raise _fail("E103", "subgroups: control_agent needs a control", "Fix: another column.")
        return self


class Outcome(Part):
    """How an outcome reads."""

    label: str = Field(description="Name in figures.")
    better: Literal["high", "low"] = Field(description="Whether more of it is good for the patient.")


class Csv(Part):
    """How tables are written; what is left out is as in plain CSV."""

    delimiter: str = Field(",", min_length=1, max_length=1, description="Character between cells.")
    decimal: Literal[".", ","] = Field(".", description="Decimal sign.")
    encoding: str = Field("utf-8", description="Encoding: utf-8, cp1252, utf-16 ...")
    missing: tuple[str, ...] = Field((), description="What stands for a missing number, besides an empty cell.")

    @model_validator(mode="after")
    def _readable(self) -> Self:
        if self.delimiter in '"\r\n' or self.delimiter == self.decimal or self.delimiter.isalnum():
            raise _fail(
                "E103", f"delimiter {self.delimiter!r} cannot separate cells with decimal {self.decimal!r}",
                "Fix: delimiter: ';' with decimal: ','.", key="delimiter",
            )  # fmt: skip
        try:
            codecs.lookup(self.encoding)
        except LookupError:
            raise _fail(
                "E102", f"encoding {self.encoding!r} is unknown", "Fix: utf-8, cp1252 or utf-16.", key="encoding"
            ) from None
        return self


class Tables(Csv):
    """How all tables are written, and single ones."""

    tables: dict[str, Csv] = Field(default_factory=dict, description="Tables that are written otherwise, by name.")


class Config(Part):
    """The whole configuration."""

    title: str = Field(min_length=1, description="Title of the report.")
    authors: str = Field("", description="Who made it.")
    data: str = Field("data/raw", description="Folder of the tables, inside the project.")
    csv: Tables = Field(Tables(), description="How the tables are written.")
    outcomes: dict[str, Outcome] = Field(description="How each outcome reads.")
    agents: dict[str, str] = Field(default_factory=dict, description="How each agent reads in figures.")
    model: Model = Field(Model(), description="Default pooling model.")
    sensitivity: tuple[Sensitivity, ...] = Field((), description="Default sensitivity analyses.")
    analyses: tuple[Analysis, ...] = Field(min_length=1, description="The analyses.")

    @property
    def dialects(self) -> dict[str, Dialect]:
        """How each table is written; the others under the empty name."""
        return {"": _dialect(self.csv), **{name: _dialect(c) for name, c in self.csv.tables.items()}}

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        unknown = [name for name in self.csv.tables if name not in TABLES]
        if unknown:
            near = get_close_matches(unknown[0], TABLES, n=1, cutoff=0.4)
            hint = f"Fix: did you mean {near[0]!r}?" if near else f"Tables: {', '.join(TABLES)}."
            raise _fail("E102", f"there is no table {unknown[0]!r}", hint, key="csv")
        folder = self.data
        if folder.startswith(("/", "~")) or ".." in Path(folder).parts or "\\" in folder or ":" in folder:
            raise _fail("E102", f"{folder!r} leads out of the project", "Fix: a folder below this one.", key="data")
        return self


def _dialect(csv: Csv) -> Dialect:
    return Dialect(csv.delimiter, csv.decimal, csv.encoding, csv.missing)


def read_config(path: Path, shown: str | None = None) -> Config:
    """Read and validate a configuration file.

    Raises
    ------
    ConfigError
        Every problem with its line and column and the nearest valid key.
    """
    shown = shown or path.name
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ConfigError([Problem("E100", f"cannot be read: {error.strerror}", shown)]) from None
    except UnicodeDecodeError:
        raise ConfigError([Problem("E100", "the file is not UTF-8", shown)]) from None
    raw, places = read_yaml(text, shown)
    if not isinstance(raw, dict):
        raise ConfigError([Problem("E100", "the file holds no settings", shown, details=("See README.md.",))])
    problems: list[Problem] = []
    defaults = raw.get("model")
    listed = raw.get("analyses")
    if isinstance(defaults, dict) and isinstance(listed, list) and _valid_model(defaults):
        # An analysis overrides single keys of the default model, not the whole of it.
        raw["analyses"] = [
            {**a, "model": {**defaults, **a.get("model", {})}}
            if isinstance(a, dict) and isinstance(a.get("model", {}), dict) else a
            for a in listed
        ]  # fmt: skip
    try:
        config = Config.model_validate(raw)
    except ValidationError as error:
        errors = error.errors(include_url=False)
        # A list whose every entry is wrong is also "too short"; only the entries are worth a message.
        errors = [e for e in errors if e["type"] != "too_short" or len(errors) == 1]
        problems = [_problem(e, shown, places) for e in errors]
        raise ConfigError(_deduplicated(problems)) from None
    problems = _check_ids(config, shown, places) + _check_sensitivity(config, shown, places)
    if problems:
        raise ConfigError(problems)
    return config


def _valid_model(values: dict[str, Any]) -> bool:
    try:
        Model.model_validate(values)
    except ValidationError:
        return False
    return True


def _deduplicated(problems: list[Problem]) -> list[Problem]:
    return list({str(p): p for p in problems}.values())


def _place(path: tuple[Any, ...], places: dict[tuple[Any, ...], tuple[int, int]]) -> tuple[int, int]:
    while path and path not in places:
        path = path[:-1]
    return places.get(path, (0, 0))


def _fields_at(path: tuple[Any, ...]) -> list[str]:
    """Names of the keys allowed where an unknown key stands."""
    model: Any = Config
    for step in path:
        if isinstance(step, int) or not (isinstance(model, type) and issubclass(model, BaseModel)):
            continue
        field = next((f for n, f in model.model_fields.items() if step in (n, f.alias)), None)
        if field is None:
            return []
        model = _model_inside(field.annotation)
    if isinstance(model, type) and issubclass(model, BaseModel):
        return [f.alias or n for n, f in model.model_fields.items()]
    return []


def _model_inside(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        found = _model_inside(inner)
        if found is not None:
            return found
    return None


def _problem(error: Any, shown: str, places: dict[tuple[Any, ...], tuple[int, int]]) -> Problem:
    path, kind, context = tuple(error["loc"]), error["type"], error.get("ctx") or {}
    if context.get("key"):
        path = (*path, context["key"])
    line, column = _place(path, places)
    name = ".".join(str(p) for p in path) or "the configuration"
    details: tuple[str, ...] = tuple(context.get("details", ()))
    value = error.get("input")
    if kind == "extra_forbidden":
        known = _fields_at(path[:-1])
        near = get_close_matches(str(path[-1]), known, n=1, cutoff=0.5)
        code, what = "E101", f"unknown key {str(path[-1])!r}"
        details = (f"Fix: did you mean {near[0]!r}?",) if near else (f"Allowed here: {', '.join(known)}.",)
    elif kind == "missing":
        code, what, details = "E101", f"the key {str(path[-1])!r} is missing", ("Fix: add it.",)
        line, column = _place(path[:-1], places)
    elif kind == "literal_error":
        allowed = [w.strip("'\" ") for w in context["expected"].replace(" or ", ", ").split(", ")]
        near = get_close_matches(str(value).strip(), allowed, n=1, cutoff=0.4)
        code, what = "E102", f"{name} = {value!r} is not allowed"
        details = (f"Allowed: {', '.join(allowed)}.", *((f"Fix: did you mean {near[0]!r}?",) if near else ()))
    elif kind == "string_pattern_mismatch":
        code, what = "E102", f"{name} = {value!r} is not allowed"
        details = ("Allowed: lower case letters, digits, '-' and '_', at most 60, so that it can name a folder.",)
    elif kind.startswith("E"):
        code, what = kind, f"{name}: {error['msg']}" if path else error["msg"]
    else:
        written = "" if isinstance(value, dict | list) else f" (written: {value!r})"
        code, what = "E102", f"{name}: {error['msg']}{written}"
        percent = isinstance(value, int | float) and path[-1:] == ("level",) and 1 < value < 100
        details = (f"Fix: write {value / 100:g}." if percent else "Fix: see docs/configuration.md.",)
    return Problem(code, what, shown, line, column, details)


def _check_ids(config: Config, shown: str, places: dict[tuple[Any, ...], tuple[int, int]]) -> list[Problem]:
    problems = []
    names = [c.id for c in config.sensitivity]
    for index, change in enumerate(config.sensitivity):
        if change.id in names[:index]:
            line, column = _place(("sensitivity", index, "id"), places)
            what = f"the sensitivity id {change.id!r} is there twice"
            problems.append(Problem("E105", what, shown, line, column, ("Fix: rename one.",)))
    seen: dict[str, int] = {}
    for number, analysis in enumerate(config.analyses):
        line, column = _place(("analyses", number, "id"), places)
        if analysis.id in seen:
            what = f"the analysis id {analysis.id!r} is there twice (first in line {seen[analysis.id]})"
            problems.append(Problem("E105", what, shown, line, column, ("Fix: rename one.",)))
        seen.setdefault(analysis.id, line)
        for outcome in analysis.outcome:
            if outcome not in config.outcomes:
                line, column = _place(("analyses", number, "outcome"), places)
                near = get_close_matches(outcome, config.outcomes, n=1)
                hint = f"Fix: did you mean {near[0]!r}?" if near else "Fix: add it to `outcomes`."
                problems.append(
                    Problem("E106", f"the outcome {outcome!r} is not in `outcomes`", shown, line, column, (hint,))
                )
    return problems


def _check_sensitivity(config: Config, shown: str, places: dict[tuple[Any, ...], tuple[int, int]]) -> list[Problem]:
    """Each sensitivity change must make a valid analysis of each analysis it applies to."""
    problems = []
    for number, analysis in enumerate(config.analyses):
        own = analysis.sensitivity is not None
        for index, change in enumerate(analysis.sensitivity if own else config.sensitivity):  # type: ignore[arg-type]
            path = ("analyses", number, "sensitivity", index) if own else ("sensitivity", index)
            try:
                changed(analysis, change)
            except ValidationError as error:
                if own or number == 0 or "E103" not in str(error.errors()[0]["type"]):
                    found = error.errors(include_url=False)[0]
                    where = tuple(found["loc"])
                    problems.append(_problem({**found, "loc": (*path, *where)}, shown, places))
    return _deduplicated(problems)


def changed(analysis: Analysis, change: Sensitivity) -> Analysis:
    """The analysis with one sensitivity change applied."""
    values = analysis.model_dump(by_alias=True)
    values["population"] = {**values["population"], **change.population}
    values["model"] = {**values["model"], **change.model}
    for name in ("ascertainment", "statistic", "overlap"):
        if getattr(change, name) is not None:
            values[name] = getattr(change, name)
    return Analysis.model_validate(values)


def config_schema() -> dict[str, Any]:
    """JSON schema of the configuration, for editors and outsiders."""
    schema = Config.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return schema
