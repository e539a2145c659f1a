"""What parts of the configuration are made of: numbers, words and ids that are what they seem."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

# Names that Windows keeps for devices: no folder can be called so, whatever its ending.
_DEVICES = re.compile(r"con|prn|aux|nul|com\d|lpt\d")


def fail(code: str, message: str, *details: str, key: str = "") -> PydanticCustomError:
    """What a part refuses: code of ours, message, further lines, the key it stands at."""
    return PydanticCustomError(
        code, message.replace("{", "(").replace("}", ")"), {"details": list(details), "key": key}
    )


def one_or_more(value: Any) -> Any:
    """A single word -> a list of one."""
    return [value] if isinstance(value, str | int | float) else value


def _no_device(value: str) -> str:
    if _DEVICES.fullmatch(value):
        raise fail("E102", f"{value!r} names a device on Windows, no folder", "Fix: another id.")
    return value


AnalysisId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,59}$"), AfterValidator(_no_device)]
# Strict: a quoted "no" is a text, and would be taken for true or false by its look.
Real = Annotated[float, Field(strict=True)]
Truth = Annotated[bool, Field(strict=True)]
Words = Annotated[tuple[str, ...], BeforeValidator(one_or_more)]
SomeWords = Annotated[tuple[str, ...], Field(min_length=1), BeforeValidator(one_or_more)]


# What stands in figures; remarks may be longer.
MAX_LABEL, MAX_REMARK = 200, 1000
Label = Annotated[str, Field(max_length=MAX_LABEL)]
Remark = Annotated[str, Field(max_length=MAX_REMARK)]
Labels = Annotated[tuple[Label, ...], BeforeValidator(one_or_more)]
Remarks = Annotated[tuple[Remark, ...], BeforeValidator(one_or_more)]


class Part(BaseModel):
    """A part of the configuration; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, allow_inf_nan=False)
