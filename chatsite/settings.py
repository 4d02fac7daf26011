"""Django's settings, derived from the typed environment and the mode it decides."""

from typing import Any, cast

from django.utils.csp import CSP
from django.utils.functional import SimpleLazyObject

from chatsite.environment import PROJECT_ROOT, BadEnvironmentError, Environment, read_environment
from chatsite.logs import logging_settings
from chatsite.mail import Mail, decide_mail
from chatsite.mode import Mode, decide_mode
from chatsite.secret_file import DamagedSecretError, read_or_create_secret

ENVIRONMENT: Environment = read_environment()
MODE: Mode = decide_mode(ENVIRONMENT)
BASE_DIR = PROJECT_ROOT
DATA_DIR = ENVIRONMENT.made_data_dir()

DATABASE_THREADS = ENVIRONMENT.database_threads
ENGINE_CAPACITY = ENVIRONMENT.engine_capacity
RETENTION_DAYS = ENVIRONMENT.retention_days
TICK_MS = ENVIRONMENT.tick_ms


def _secret_key() -> str:
    given = ENVIRONMENT.secret_key
    try:
        return given.get_secret_value() if given else read_or_create_secret(DATA_DIR / "secret_key")
    except DamagedSecretError as error:
        raise BadEnvironmentError(str(error)) from None


# Lazy: a type check reads the settings too, and must not leave a key behind.
SECRET_KEY = cast("str", SimpleLazyObject(_secret_key))
SECRET_KEY_FALLBACKS = [key.get_secret_value() for key in ENVIRONMENT.secret_key_fallbacks]
DEBUG = ENVIRONMENT.debug
ALLOWED_HOSTS = ENVIRONMENT.hosts()

INSTALLED_APPS = [
    "streaming",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "chatsite.oidc",
    "django_htmx",
    "channels",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "chatsite.referrers.keep_links_secret",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "chatsite.last_seen.remember_sessions",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "chatsite.urls"
ASGI_APPLICATION = "chatsite.asgi.application"
CELERY_APP = "chatsite.celery.app"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.csp",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            "builtins": ["streaming.web.template_tags"],
        },
    }
]

DATABASES = MODE.databases
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = MODE.caches
CHANNEL_LAYERS = MODE.channel_layers

# People
AUTH_USER_MODEL = "streaming.Person"
SESSION_ENGINE = "chatsite.session_store"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "chatsite.accounts.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_FORMS = {"signup": "chatsite.sign_up.SignUpForm"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email*", "password1*"]
ACCOUNT_CHANGE_EMAIL = True  # one address each, the new one takes over when it is confirmed
ACCOUNT_EMAIL_VERIFICATION = "mandatory"  # of whoever signs up by themselves: chatsite.sign_up
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[chatsite] "
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # a form that mails whatever address one types in is a tool for spam
# Guessing passwords and filling mailboxes: per address, and per account so that many addresses do not help.
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "10/m/ip,5/5m/key",
    "signup": "20/m/ip",
    "reset_password": "20/m/ip,5/5m/key",
    "confirm_email": "1/3m/key",
    "manage_email": "10/5m/user",
}
PASSWORD_RESET_TIMEOUT = 86_400
# Second factors, passkeys, and sign-in through a provider (docs/signing-in.md)
MFA_ADAPTER = "chatsite.factors.FactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_TOLERANCE = 1  # steps of 30 s: a code that is typed slowly is still good
MFA_ALLOW_UNVERIFIED_EMAIL = True  # without a mail server nobody could ever verify one
MFA_RATE_LIMITS = {"webauthn_login": "30/m/ip"}
MFA_FORMS = {
    "authenticate": "chatsite.code_forms.SignInCodeForm",
    "reauthenticate": "chatsite.code_forms.ConfirmCodeForm",
    "activate_totp": "chatsite.code_forms.FirstCodeForm",
    "login_webauthn": "chatsite.passkey_forms.SignInPasskeyForm",
    "authenticate_webauthn": "chatsite.passkey_forms.SecondPasskeyForm",
    "reauthenticate_webauthn": "chatsite.passkey_forms.ConfirmPasskeyForm",
    "add_webauthn": "chatsite.passkey_forms.NewPasskeyForm",
    "edit_webauthn": "chatsite.passkey_forms.PasskeyNameForm",
}
SOCIALACCOUNT_ADAPTER = "chatsite.oidc.linking.LinkingAdapter"
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
SOCIALACCOUNT_EMAIL_REQUIRED = False
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"  # only addresses that the provider has verified are taken
SOCIALACCOUNT_REAUTHENTICATION_REQUIRED = True
ALLAUTH_TRUSTED_PROXY_COUNT = ENVIRONMENT.trusted_proxies
MAIL: Mail = decide_mail(ENVIRONMENT, terminal=MODE.speaks_to_people)
MAILERS = MAIL.mailers
DEFAULT_FROM_EMAIL = MAIL.sender

# What leaves for the browser
SECURE_CSP: dict[str, Any] = {
    "default-src": [CSP.SELF],
    "script-src": [CSP.SELF, CSP.NONCE],
    "style-src": [CSP.SELF, CSP.NONCE],
    "img-src": [CSP.SELF, "data:"],
    "connect-src": [CSP.SELF],
    "object-src": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "form-action": [CSP.SELF],
    "frame-ancestors": [CSP.NONE],
}
_ENCRYPTED = ENVIRONMENT.public_url.startswith("https://")
CSRF_TRUSTED_ORIGINS = [
    *([ENVIRONMENT.public_url] if ENVIRONMENT.public_url else []),
    *ENVIRONMENT.trusted_origins,
]
CSRF_FAILURE_VIEW = "streaming.web.refusals.csrf_failure"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _ENCRYPTED
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ENVIRONMENT.trusted_proxies else None
SECURE_HSTS_SECONDS = 31_536_000 if _ENCRYPTED else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# A prompt of 1 MB is answered with a sentence of ours, so it has to get past Django's own limit.
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024

STATIC_URL = "/static/"
STATIC_ROOT = ENVIRONMENT.static_dir
STATICFILES_DIRS = [path for path in [BASE_DIR / "static"] if path.is_dir()]
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": DATA_DIR / "files", "file_permissions_mode": 0o600},
    },
    "staticfiles": {
        "BACKEND": "chatsite.static_files.CollectedFilesStorage"
        if STATIC_ROOT
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

USE_TZ = True
TIME_ZONE = ENVIRONMENT.time_zone
LANGUAGE_CODE = "en"
USE_I18N = False
LOGGING = logging_settings(ENVIRONMENT.log_level, for_people=MODE.speaks_to_people)
