from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import path

from watchword import Watchword

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    WATCHWORD={"AUTH": Watchword.from_config()},
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": ["watchword.edge.drf.WatchwordAuthentication"],
        "EXCEPTION_HANDLER": "watchword.edge.drf.exception_handler",
        "UNAUTHENTICATED_USER": None,  # without Django's own accounts
    },
)

# The framework reads the settings when it is imported.
from rest_framework.decorators import api_view, permission_classes
from rest_framework.request import Request
from rest_framework.response import Response

from watchword.edge.drf import Authenticated


@api_view(["GET"])
@permission_classes([Authenticated(roles={"clerk"})])
def patients(request: Request) -> Response:
    return Response({"patients": ["Ann Lee", "Bo Chen"], "for": str(request.user)})


urlpatterns = [path("patients", patients)]
app = get_wsgi_application()
