"""The addresses of signing in through the provider; `login/callback/` is the redirect URI to register there."""

from django.urls import path

from chatsite.oidc import views

urlpatterns = [
    path("oidc/login/", views.login, name="oidc_login"),
    path("oidc/login/callback/", views.callback, name="oidc_callback"),
]
