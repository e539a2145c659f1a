"""Run the code of pages with the metarepro that is installed here, and compare what it prints."""

from __future__ import annotations

import doctest
import re
import sys
from pathlib import Path

import metarepro

ROOT = Path(__file__).resolve().parent.parent
assert not Path(metarepro.__file__).is_relative_to(ROOT / "src"), "that is the checkout"
runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
for name in sys.argv[1:]:
    blocks = re.findall(r"^```python\n(.*?)^```$", Path(name).read_text(encoding="utf-8"), re.M | re.S)
    runner.run(doctest.DocTestParser().get_doctest("\n".join(blocks), {}, name, name, 0))
found = runner.summarize(verbose=False)
print(f"Python {sys.version.split()[0]}: {found.attempted} examples, {found.failed} wrong")
sys.exit(found.failed > 0)
