"""What is wrong with a scenario, a policy or a table, in clear lines: what, where, what is allowed."""

from __future__ import annotations

import difflib
from typing import Any

from pydantic import ValidationError


class ScenarioError(ValueError):
    """A scenario or policy that cannot be used; ``errors`` holds one clear line for each thing wrong."""

    def __init__(self, errors: list[str]) -> None:
        self.errors = errors
        super().__init__("\n".join(errors))


def nearest(word: str, allowed: Any, label: str = "did you mean") -> str:
    """``; did you mean …?`` for the closest allowed name, or an empty string."""
    names = list(allowed)
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.5)
    if not close:  # a right key in the wrong section
        close = [n for n in names if n.rsplit(".", 1)[-1] == word.rsplit(".", 1)[-1]][:1]
    return f"; {label} {close[0]}?" if close else ""


def clear_errors(error: ValidationError, where: str, prefix: str, allowed: list[str]) -> list[str]:
    """Turn pydantic's findings into one clear line each."""
    lines = []
    for e in error.errors():
        steps = [str(s) for s in e["loc"] if str(s) not in ("deterministic", "exponential", "gamma", "lognormal")]
        key = ".".join([prefix, *steps]) if prefix else ".".join(steps)
        got = e.get("input")
        shown = f" (got {got!r})" if isinstance(got, str | int | float | bool | list) else ""
        match e["type"]:
            case "extra_forbidden":
                text = f"unknown key{nearest(key, allowed)}"
            case "missing":
                text = "is missing"
            case "greater_than_equal":
                text = f"must be at least {e['ctx']['ge']:g}{shown}"
            case "greater_than":
                text = f"must be greater than {e['ctx']['gt']:g}{shown}"
            case "less_than_equal":
                text = f"must be at most {e['ctx']['le']:g}{shown}"
            case "literal_error":
                options = str(e["ctx"]["expected"]).replace("'", "").replace(" or ", ", ").split(", ")
                text = f"must be one of {', '.join(options)}{shown}{nearest(str(got), options)}"
            case "int_type" | "int_from_float":
                text = f"must be a whole number{shown}"
            case "float_type":
                text = f"must be a number{shown}"
            case "finite_number":
                text = f"must be a finite number{shown}"
            case "value_error":
                text = e["msg"].removeprefix("Value error, ")
            case "bool_type":
                text = f"must be true or false{shown}"
            case "string_type":
                text = f"must be a text in quotes{shown}"
            case "union_tag_not_found" | "union_tag_invalid" | "model_attributes_type" | "model_type" | "dict_type":
                text = (
                    'must be a distribution such as {distribution = "exponential", mean = 2.0}; allowed are '
                    f"deterministic, exponential, gamma, lognormal{shown}"
                )
                if allowed == [] or "distribution" not in str(e["msg"] + str(e.get("ctx", ""))):
                    text = f"must be a table of keys{shown}" if e["type"] != "model_attributes_type" else text
            case _:
                text = f"{e['msg'][0].lower()}{e['msg'][1:]}{shown}"
        lines.append(f"{where}: {key}: {text}")
    return lines
