"""The REST framework: classes that authenticate, and that demand."""

from __future__ import annotations

from typing import assert_type

from library import full, who_is
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from watchword import Principal
from watchword.edge.drf import Authenticated, Optional, WatchwordAuthentication, principal


class Ours(WatchwordAuthentication):
    auth = full


class Patients(APIView):
    authentication_classes = (Ours,)
    permission_classes = (Authenticated(full, roles={"clerk"}),)

    def get(self, request: Request) -> Response:
        assert_type(principal(request._request), Principal | None)
        return Response(who_is(principal(request._request)))


class News(APIView):
    permission_classes = (Optional(full),)
