from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, JsonResponse
from django.urls import path

from watchword import Watchword
from watchword.edge.django import Authenticated, principal

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    MIDDLEWARE=["watchword.edge.django.Protect"],
    WATCHWORD={"AUTH": Watchword.from_config()},
)


@Authenticated(roles={"clerk"})
def patients(request: HttpRequest) -> JsonResponse:
    who = principal(request)
    return JsonResponse({"patients": ["Ann Lee", "Bo Chen"], "for": who and who.subject})


urlpatterns = [path("patients", patients)]
app = get_wsgi_application()
