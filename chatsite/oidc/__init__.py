"""Sign-in through an OpenID Connect provider that the environment names. On top of allauth's own provider."""
