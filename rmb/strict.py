"""What the YAML of cards and studies is read into."""

from __future__ import annotations

import pydantic


class Strict(pydantic.BaseModel):
    """A frozen record that refuses unknown keys, and shows no value in its errors: it may be a secret."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
