"""An OAuth 2.0 authorisation server, django-oauth-toolkit: one token endpoint takes JSON, the other nothing
but Basic authentication. Beside it a resource that takes its tokens. It prints the port of the loopback on which it listens."""

import json
import sys
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import django
from django.conf import settings

settings.configure(
    ALLOWED_HOSTS=["*"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": sys.argv[1]}},
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "oauth2_provider"],
    OAUTH2_PROVIDER={
        "SCOPES": {"readings:write": "put readings"},
    },
    ROOT_URLCONF=__name__,
    SECRET_KEY="for tests alone",
    USE_TZ=True,
)
django.setup()

from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import HttpResponse, JsonResponse  # noqa: E402
from django.urls import path  # noqa: E402
from django.views.decorators.csrf import csrf_exempt  # noqa: E402
from oauth2_provider.models import AccessToken, Application  # noqa: E402
from oauth2_provider.oauth2_backends import JSONOAuthLibCore, OAuthLibCore  # noqa: E402
from oauth2_provider.oauth2_validators import OAuth2Validator  # noqa: E402
from oauth2_provider.views import TokenView  # noqa: E402


class JsonTokenView(TokenView):
    oauthlib_backend_class = JSONOAuthLibCore


class BasicAlone(OAuth2Validator):
    def _authenticate_request_body(self, request):
        return False


class BasicTokenView(TokenView):
    oauthlib_backend_class = OAuthLibCore
    validator_class = BasicAlone


@csrf_exempt
def readings(request):
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    token = AccessToken.objects.filter(token=value).first()
    if scheme != "Bearer" or token is None or not token.is_valid(["readings:write"]):
        answer = HttpResponse(status=401)
        answer["WWW-Authenticate"] = 'Bearer realm="readings", error="invalid_token"'
        return answer
    reading = json.loads(request.body)
    return JsonResponse({"client": token.application.client_id, "reading": reading}, status=201)


urlpatterns = [
    path("json/token", JsonTokenView.as_view()),
    path("basic/token", BasicTokenView.as_view()),
    path("json/readings", readings),
]


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Handler(WSGIRequestHandler):
    def log_message(self, *_):
        pass


call_command("migrate", verbosity=0)
Application.objects.create(
    client_id="django device",
    client_secret="s3cr&t=+ %/~",
    client_type=Application.CLIENT_CONFIDENTIAL,
    authorization_grant_type=Application.GRANT_CLIENT_CREDENTIALS,
)
server = make_server("127.0.0.1", 0, get_wsgi_application(), Server, Handler)
print(server.server_port, flush=True)
server.serve_forever()
