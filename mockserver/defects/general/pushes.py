"""Defects of webhooks that any API with webhooks can have."""

from __future__ import annotations

from mockserver.defects.defect import Defect, Memory, Push, every

pushing = every(lambda at: bool(at.contract.spec.webhooks))


def _each_second(push: Push, memory: Memory) -> Push | None:
    memory["count"] = memory.get("count", 0) + 1
    return push if memory["count"] % 2 == 0 else None


DEFECTS = (
    Defect("pushes-lost", "No webhook is ever sent.", pushing, push=lambda *_: None),
    Defect(
        "pushes-lost-now-and-then", "Every second webhook is lost, the first one included.", pushing, push=_each_second
    ),
)
