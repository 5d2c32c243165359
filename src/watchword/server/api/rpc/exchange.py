"""The calls of one request: whoever sent it is proven once for all of them, and again where a call changed that."""

from __future__ import annotations

from watchword.core.ask import AnswerFailed
from watchword.core.beside import unavailable
from watchword.core.principal import Principal
from watchword.core.requirement import Requirement
from watchword.http.json_rpc import Call as RpcCall
from watchword.http.message import Request
from watchword.server.api.call import Call
from watchword.server.api.errors import NotHere, Wrong
from watchword.server.api.rpc.failures import Failed, failed, no_such_method, of_wrong
from watchword.server.api.rpc.methods import METHODS, Done
from watchword.server.demand import Refusal, demand, refusal
from watchword.server.log import unexpected
from watchword.server.service import Service


class Exchange:
    """Carries out calls. `requirement` is what the request as a whole has met already, as `principal`."""

    def __init__(
        self, service: Service, request: Request, requirement: Requirement, principal: Principal | None
    ) -> None:
        self._service = service
        self._request = request
        self._met = {requirement: principal}

    async def outcome(self, call: RpcCall) -> Done:
        """What came of the call.

        Raises:
            Failed: where there is no such method, its arguments are others, or what it asks for is not there.
            Refusal: where the decision table refuses.
        """
        method = METHODS.get(call.method)
        if method is None:
            raise no_such_method(call.method)
        arguments = method.read(call.arguments)
        try:
            principal = await self._demand(method.requirement(self._service, arguments))
            return await method.run(Call(self._service, self._request, principal), arguments)
        except NotHere:
            raise method.lacks(arguments) from None
        except Wrong as wrong:
            raise of_wrong(wrong) from None
        except AnswerFailed as failure:
            raise await refusal(self._service, self._request, unavailable(str(failure))) from None
        except Refusal as refused:
            if refused.answered.refused.hidden:
                raise no_such_method(call.method) from None
            raise
        except Failed:
            raise
        except Exception as error:
            raise self._unexpected(error) from None
        finally:
            if method.changes:
                self._met.clear()

    async def _demand(self, requirement: Requirement) -> Principal | None:
        """Who calls, where the requirement is met. Raises `Refusal` where it is not."""
        if requirement not in self._met:
            self._met[requirement] = await demand(self._service, self._request, requirement)
        return self._met[requirement]

    def _unexpected(self, error: Exception) -> Failed:
        request_id = self._service.engine.entropy(9).hex()
        self._service.engine.witness.noted(unexpected("watchword.server", error, id=request_id))
        return failed("internal-error", "Internal server error", request_id=request_id)
