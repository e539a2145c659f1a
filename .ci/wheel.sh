#!/usr/bin/env bash
# The wheel in an empty environment of each supported Python that is on this machine, without the checkout: a new project, an
# imported sheet, and the code of two pages of the documentation.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
uv=$root/.venv/bin/uv
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$uv" build --wheel -q -o "$work/dist"
unset PYTHONPATH PYTHONDONTWRITEBYTECODE
cat > "$work/sheet.csv" <<'SHEET'
study,year,events_treat,total_treat,events_control,total_control
Alpha,2001,12,30,6,31
Beta,2005,22,50,15,52
Gamma,2010,9,24,7,25
SHEET
tried=0
for version in 3.11 3.12 3.13; do
    python=""
    # A name on the path may be a shim of pyenv for a Python that is not chosen.
    for candidate in "$HOME"/.pyenv/versions/"$version".*/bin/python "python$version"; do
        if "$candidate" -c "" 2>/dev/null; then python=$candidate; fi
    done
    [ -n "$python" ] || continue
    place="$work/$version"
    "$python" -m venv --without-pip "$place/env"
    "$uv" pip install -q --python "$place/env/bin/python" "$work"/dist/*.whl
    mkdir "$place/pages" && cp -r examples "$place/pages/"
    (
        cd "$place"
        PATH="$place/env/bin:/usr/bin:/bin"
        metarepro init review >/dev/null
        metarepro run review --cores 2 >run.log 2>&1 || { cat run.log; exit 1; }
        metarepro import table ../sheet.csv --to imported >/dev/null
        metarepro run imported --cores 2 >run.log 2>&1 || { cat run.log; exit 1; }
        test -s review/results/report.html && test -s imported/results/report.html
        cd pages && python "$root/.ci/pages_of_wheel.py" "$root/docs/quickstart.md" "$root/docs/examples/several-effects.md"
    )
    tried=$((tried + 1))
done
# The steps of the container recipe, without a container: a copy of the checkout, an empty environment, its RUN lines.
mkdir "$work/image" && git archive HEAD | tar -x -C "$work/image"
"$root/.venv/bin/python" -m venv "$work/image-env"
(
    cd "$work/image"
    PATH="$work/image-env/bin:/usr/bin:/bin"
    sed -n 's/^RUN //p' Containerfile | bash -e
    cd "$work" && rm -rf image
    metarepro init image-review >/dev/null && metarepro run image-review --cores 2 >run.log 2>&1 || { cat run.log; exit 1; }
    test -s image-review/results/report.html && echo "the steps of Containerfile: a project runs"
)
[ "$tried" -gt 0 ] || { echo "no supported Python was found" >&2; exit 1; }
