"""Every address of the site begins here."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

from streaming.web.first_login import FirstLogin
from streaming.web.invitation import accept_invitation

# The admin's own log-in page knows no limits and no second factor.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign,no-untyped-call]

urlpatterns = [
    path("admin/", admin.site.urls),
    path("accounts/first/<str:token>/", FirstLogin.as_view(), name="first_login"),
    path("accounts/invitation/<str:token>/", accept_invitation, name="accept_invitation"),
    path("accounts/", include("chatsite.sign_in_urls")),
    path("accounts/", include("allauth.urls")),
    path("", include("streaming.web.urls")),
]

handler400 = "streaming.web.refusals.bad_request"
handler500 = "streaming.web.refusals.failure"
