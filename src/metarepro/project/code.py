"""Which code stands behind a result: the modules that a script imports, directly or through others.

A change of such a module makes the result out of date; a comment, or a module that the script never loads, does not.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGE = "metarepro"
# Libraries whose versions can move a number or a picture.
LIBRARIES = ("numpy", "scipy", "statsmodels", "formulaic", "matplotlib", "fonttools", "jinja2")


@dataclass(frozen=True)
class _Facts:
    """What counts of one Python file: its code without comments, and what it imports.

    `key` is the hash of its bytes. `names` are (module, name) pairs of `from module import name`. `lazy` maps names to
    modules, as packages that load their contents at first use do.
    """

    key: str
    code: str
    names: tuple[tuple[str, str], ...]
    lazy: dict[str, str]


def fingerprints_of(scripts: dict[str, Path], package: Path, state: Path | None = None) -> dict[str, str]:
    """Fingerprint of the code behind each script.

    Parameters
    ----------
    scripts : dict
        Python files by name.
    package : Path
        Folder of the `metarepro` package.
    state : Path, optional
        Folder for what is known of files by their content, where it cannot be kept with the byte code of the package;
        to parse all anew takes a second.

    Returns
    -------
    dict
        Sixteen hexadecimal digits by name.
    """
    facts = _FactStore(_kept_facts(package, state))
    library = _Library(package, facts)
    found = {}
    data: dict[Path, str] = {}
    versions = json.dumps([(name, _version(name)) for name in LIBRARIES])
    for name, script in scripts.items():
        digest = hashlib.sha256(versions.encode())
        files = library.closure(script)
        # Scripts last, wherever they lie, so that a checkout and an installed library agree.
        for file in sorted(files, key=lambda f: (f.parent == script.parent, f)):
            digest.update(file.name.encode() + b"\0" + facts.of(file).code.encode())
        for file in sorted(library.data_files(files)):
            digest.update(file.name.encode() + b"\0" + _kept(data, file).encode())
        found[name] = digest.hexdigest()[:16]
    facts.keep()
    return found


def imported_files(scripts: dict[str, Path], package: Path) -> dict[str, set[Path]]:
    """Every Python file of the package, and beside it, that each script imports, directly or through others."""
    library = _Library(package, _FactStore(None))
    return {name: library.closure(script) for name, script in scripts.items()}


def _kept_facts(package: Path, state: Path | None) -> Path | None:
    beside = package / "__pycache__"
    if beside.is_dir() and os.access(beside, os.W_OK) and not sys.dont_write_bytecode:
        return beside / "imports.json"
    return state / "imports.json" if state else None


class _FactStore:
    """Facts about files by the hash of their bytes, kept in a file between runs."""

    def __init__(self, kept: Path | None) -> None:
        self._kept = kept
        self._facts: dict[str, Any] = {}
        self._changed = False
        self._of: dict[Path, _Facts] = {}
        if kept is not None:
            try:
                self._facts = dict(json.loads(kept.read_text(encoding="utf-8")))
            except (OSError, ValueError, TypeError):
                self._facts = {}

    def of(self, file: Path) -> _Facts:
        """Facts about one file."""
        if file not in self._of:
            content = file.read_bytes()
            key = hashlib.sha256(content).hexdigest()
            raw = self._facts.get(key)
            if raw is None:
                raw = self._facts[key] = _facts_of(content)
                self._changed = True
            code, names, lazy = raw
            self._of[file] = _Facts(key, code, tuple((m, n) for m, n in names), dict(lazy))
        return self._of[file]

    def keep(self) -> None:
        """Write what was learnt; nothing is lost but time when that is not possible."""
        if self._kept is None or not self._changed:
            return
        half = self._kept.with_suffix(f".{os.getpid()}.part")
        try:
            self._kept.parent.mkdir(parents=True, exist_ok=True)
            used = {f.key: (f.code, f.names, f.lazy) for f in self._of.values()}
            half.write_text(json.dumps(used), encoding="utf-8")
            half.replace(self._kept)
        except OSError:
            half.unlink(missing_ok=True) if half.parent.is_dir() else None


class _Library:
    """The modules of the package, and what follows from importing one."""

    def __init__(self, package: Path, facts: _FactStore) -> None:
        self._package = package
        self._facts = facts
        self._files = dict(_modules_of(package))
        self._direct: dict[Path, frozenset[Path]] = {}
        self._data: dict[Path, tuple[Path, ...]] = {}

    def closure(self, script: Path) -> set[Path]:
        """Files that are loaded with a script, itself included."""
        found = {script}
        left = [script]
        while left:
            new = self._imports(left.pop()) - found
            found |= new
            left += new
        return found

    def data_files(self, files: set[Path]) -> set[Path]:
        """Files beside the modules that are no Python: templates, fonts, tables."""
        found: set[Path] = set()
        for folder in {f.parent for f in files if f.is_relative_to(self._package)} - {self._package}:
            if folder not in self._data:
                self._data[folder] = tuple(_data_below(folder))
            found.update(self._data[folder])
        return found

    def _imports(self, file: Path) -> frozenset[Path]:
        if file not in self._direct:
            found = (f for module, name in self._facts.of(file).names for f in self._loaded(module, name, file.parent))
            self._direct[file] = frozenset(found)
        return self._direct[file]

    def _loaded(self, module: str, name: str, beside: Path) -> Iterator[Path]:
        """Files that `from module import name` loads."""
        if module != PACKAGE and not module.startswith(f"{PACKAGE}."):
            neighbour = beside / f"{module.split('.')[0]}.py"
            # Scripts are no package; where metarepro is installed they lie within its folder.
            if not (beside / "__init__.py").exists() and neighbour.exists():
                yield neighbour
            return
        yield from self._with_packages(module)
        file = self._files.get(module)
        if file is None or file.name != "__init__.py":
            return
        lazy = self._facts.of(file).lazy
        if f"{module}.{name}" in self._files:
            yield self._files[f"{module}.{name}"]
        elif name in lazy:
            yield from self._with_packages(lazy[name])
        elif name == "*":
            for target in lazy.values():
                yield from self._with_packages(target)

    def _with_packages(self, module: str) -> Iterator[Path]:
        """A module and the packages that it is in."""
        parts = module.split(".")
        for end in range(1, len(parts) + 1):
            file = self._files.get(".".join(parts[:end]))
            if file is not None:
                yield file


def _modules_of(package: Path) -> Iterator[tuple[str, Path]]:
    """Every module of the package by its name."""
    for file in sorted(package.rglob("*.py")):
        parts = file.relative_to(package.parent).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), file


def _kept(known: dict[Path, str], file: Path) -> str:
    """Hash of a file's bytes, read once."""
    if file not in known:
        known[file] = hashlib.sha256(file.read_bytes()).hexdigest()
    return known[file]


def _data_below(folder: Path) -> Iterator[Path]:
    for entry in sorted(folder.iterdir()):
        if entry.is_dir() and entry.name != "__pycache__" and not (entry / "__init__.py").exists():
            yield from (f for f in sorted(entry.rglob("*")) if f.is_file())
        elif entry.is_file() and entry.suffix != ".py":
            yield entry


def _facts_of(content: bytes) -> tuple[str, list[tuple[str, str]], dict[str, str]]:
    try:
        tree = ast.parse(content)
    except SyntaxError:
        return hashlib.sha256(content).hexdigest(), [], {}
    reader = _Reader()
    reader.read(tree, counts=True)
    return (
        hashlib.sha256("\n".join(reader.code).encode("utf-8", "surrogatepass")).hexdigest(),
        reader.names,
        reader.lazy,
    )


class _Reader:
    """Reads a module once: its code without comments and places, and its imports at any depth.

    What only a type checker imports is code, but is never loaded.
    """

    def __init__(self) -> None:
        self.code: list[str] = []
        self.names: list[tuple[str, str]] = []
        self.lazy: dict[str, str] = {}

    def read(self, node: Any, counts: bool) -> None:
        """Read a node of the syntax tree, a list of nodes or a value; `counts` says whether it is ever run."""
        if isinstance(node, ast.AST):
            kind = type(node)
            self.code.append(kind.__name__)
            if counts and kind in _LOADING:
                _LOADING[kind](self, node)
            if kind is ast.If and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":  # type: ignore[attr-defined]
                self.read(node.body, False)  # type: ignore[attr-defined]
                self.read(node.orelse, counts)  # type: ignore[attr-defined]
                return
            for field in kind._fields:
                self.read(getattr(node, field, None), counts)
        elif isinstance(node, list):
            self.code.append(f"[{len(node)}")
            for one in node:
                self.read(one, counts)
        else:
            self.code.append(repr(node))

    def import_(self, node: ast.Import) -> None:
        """Whatever is used of a package that loads its contents at first use, may be loaded."""
        self.names += [(alias.name, "*") for alias in node.names]

    def import_from(self, node: ast.ImportFrom) -> None:
        """A name of a module."""
        if node.module:
            self.names += [(node.module, alias.name) for alias in node.names]

    def dictionary(self, node: ast.Dict) -> None:
        """Names and the modules that they are loaded from."""
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(value, ast.Constant) and _is_module(value.value):
                self.lazy[str(key.value)] = str(value.value)

    def call(self, node: ast.Call) -> None:
        """An import by `import_module`."""
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if called == "import_module" and node.args and isinstance(node.args[0], ast.Constant):
            self.names.append((str(node.args[0].value), "*"))


_LOADING: dict[type[ast.AST], Any] = {
    ast.Import: _Reader.import_,
    ast.ImportFrom: _Reader.import_from,
    ast.Dict: _Reader.dictionary,
    ast.Call: _Reader.call,
}


def _is_module(value: Any) -> bool:
    return isinstance(value, str) and value.startswith(f"{PACKAGE}.")


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
