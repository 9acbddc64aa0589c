"""Mesa agents as views: an agent is one row of a record table, readable by attribute."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mesa
import numpy as np


class RowAgent(mesa.Agent):
    """A Mesa agent whose state is row ``row`` of one of the model's record tables."""

    table: str

    def __init__(self, model: Any, row: int) -> None:
        super().__init__(model)
        self.row = row

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.row}>"

    @property
    def record(self) -> Any:
        """The row itself; writing to it writes to the model."""
        return getattr(self.model.world.tables, self.table)[self.row]


def _column(name: str) -> property:
    def read(self: RowAgent) -> Any:
        return getattr(self.model.world.tables, self.table)[name][self.row].tolist()

    def write(self: RowAgent, value: Any) -> None:
        getattr(self.model.world.tables, self.table)[name][self.row] = value

    return property(read, write, doc=f"Column ``{name}`` of the agent's row.")


def columns(dtype: np.dtype, table: str) -> Callable[[type], type]:
    """Class decorator: give an agent one attribute for each column of its table."""

    def decorate(cls: type) -> type:
        cls.table = table  # type: ignore[attr-defined]
        for name in dtype.names or ():
            if not hasattr(cls, name):
                setattr(cls, name, _column(name))
        return cls

    return decorate
