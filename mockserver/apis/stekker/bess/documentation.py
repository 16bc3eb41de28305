"""Tag Documentation: the contract in the format of older tools."""

from __future__ import annotations

from mockserver.http.exchange import Context
from mockserver.store import Value
from specs import swagger20
from specs.operation import Spec

_NAME = "stekker-bess"


class _Swagger:
    """The document made last, and the contract that it was made from."""

    spec: Spec | None = None
    document: Value


async def get_swagger_doc(ctx: Context) -> Value:
    """The contract as Swagger 2.0, made once."""
    spec = next(mounted.spec for mounted in ctx.runtime.apis if mounted.api.name == _NAME)
    if _Swagger.spec is not spec:
        _Swagger.spec, _Swagger.document = spec, swagger20.view(spec.document)
    return _Swagger.document
