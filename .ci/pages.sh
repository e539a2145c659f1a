#!/usr/bin/env bash
# Every block of shell commands in the documentation, as it stands on its page, in an empty environment. The first of
# docs/start.md is what .ci/run itself does. A block that nobody plays is a failure.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
work=$(mktemp -d)
finish() {
    [ ! -e "$work/slurm" ] || SLURM_LOCAL="$work/slurm" bash "$root/tests/workflow/slurm_local.sh" stop >/dev/null 2>&1 || true
    rm -rf "$work"
}
trap finish EXIT
unset PYTHONPATH PYTHONDONTWRITEBYTECODE
played=0

# The commands of a block: PAGE NUMBER.
block() {
    awk -v want="$2" '/^```sh$/ { n++; on = (n == want); next } /^```$/ { on = 0 } on' "$root/docs/$1.md"
}

# Run a block in a folder: PAGE NUMBER FOLDER.
play() {
    echo "docs/$1.md, block $2"
    block "$1" "$2" | sed "s|/path/to/submit|$root/tests/workflow/submit.sh|" >"$work/block.sh"
    test -s "$work/block.sh"
    (cd "$3" && bash -eu "$work/block.sh") >"$work/said.log" 2>&1 </dev/null || { cat "$work/said.log"; exit 1; }
    played=$((played + 1))
}

block start 1 | sed 's/ *#.*//' | while read -r command; do
    grep -qxF "$command" .ci/run || { echo "docs/start.md: .ci/run does not run $command"; exit 1; }
done
played=1

"$root/.venv/bin/python" -m venv "$work/env"
export PATH="$work/env/bin:/usr/bin:/bin:/usr/sbin:/sbin" BROWSER=true
mkdir "$work/checkout" "$work/desk"
git archive HEAD | tar -x -C "$work/checkout"

play start 2 "$work/checkout"
test -s "$work/checkout/my-review/results/report.html"
python - "$work/desk/sheet.xlsx" <<'SHEET'
import sys
from openpyxl import Workbook
book = Workbook()
for row in (("study", "year", "events_treat", "total_treat", "events_control", "total_control"), ("Alpha", 2001, 12, 30, 6, 31),
            ("Beta", 2005, 22, 50, 15, 52), ("Gamma", 2010, 9, 24, 7, 25)):
    book.active.append(row)
book.save(sys.argv[1])
SHEET
play start 3 "$work/desk"
test -s "$work/desk/my-review/results/report.html"
play start 4 "$work/checkout"
play archive 1 "$work/checkout"
play archive 2 "$work/checkout"
grep -q "numbers equal" "$work/said.log"
git init -q "$work/checkout/my-review"
play own-repository 1 "$work/checkout/my-review"
test -s "$work/checkout/my-review/reference/report.html"

# A checkout whose project is the small one.
cluster="$work/cluster"
cp -r "$work/checkout" "$cluster"
rm -rf "$cluster/data" "$cluster/results" "$cluster/my-review/results" "$cluster/my-review/.snakemake"
cp -r "$work/checkout/my-review/data" "$work/checkout/my-review/config.yaml" "$cluster/"
play cluster 2 "$cluster"
test -s "$cluster/results/report.html"
if [ "$(id -u)" = 0 ]; then
    export SLURM_LOCAL="$work/slurm" SLURM_CONF="$work/slurm/slurm.conf"
    PATH="$SLURM_LOCAL/bin:$PATH"
    bash "$root/tests/workflow/slurm_local.sh" start
    rm -rf "$cluster/results" "$cluster/.snakemake"
    # This SLURM keeps no accounts, which the page has a line for.
    printf 'slurm-no-account: true\nslurm-status-command: squeue\nslurm-init-seconds-before-status-checks: 2\n' \
        >>"$cluster/profiles/default/profile.yaml"
    play cluster 1 "$cluster"
    test -s "$cluster/results/report.html"
else
    played=$((played + 1))
fi

there=$(cat docs/*.md docs/examples/*.md | grep -c '^```sh$')
[ "$played" = "$there" ] || { echo "$there blocks of shell commands in the documentation, $played played"; exit 1; }
echo "$played of $there blocks of shell commands in the documentation: as they stand"
