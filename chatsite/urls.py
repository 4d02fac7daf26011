"""Every address of the site begins here."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.http import Http404
from django.urls import include, path, re_path
from django.views.defaults import page_not_found

from streaming.web.first_login import FirstLogin

# The admin's own log-in page knows no limits and no second factor.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign,no-untyped-call]

urlpatterns = [
    path("admin/", admin.site.urls),
    path("accounts/first/<str:token>/", FirstLogin.as_view(), name="first_login"),
    # Their mail would be read by nobody: there is no mail server to send it through yet.
    re_path(r"^accounts/(?:password/reset|email|confirm-email)/", page_not_found, {"exception": Http404()}),
    path("accounts/", include("chatsite.sign_in_urls")),
    path("accounts/", include("allauth.urls")),
    path("", include("streaming.web.urls")),
]

handler400 = "streaming.web.refusals.bad_request"
