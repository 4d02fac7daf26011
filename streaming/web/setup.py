"""The page where an administrator connects models. Knows forms; asks the model APIs through the connections."""

from typing import Any

from asgiref.sync import async_to_sync
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from streaming.errors import StreamingError
from streaming.models import Connection
from streaming.runs.connections import refresh_catalog
from streaming.web.connection_forms import ChangeConnectionForm, ConnectionForm, kinds_with_notes
from streaming.web.layout import render_page
from streaming.web.members import administrators_only


@require_safe
@administrators_only
def setup(request: HttpRequest) -> HttpResponse:
    """What is connected, and a form for more."""
    return _page(request, ConnectionForm(initial={"kind": Connection.Kind.OPENAI}))


@require_POST
@administrators_only
def add_connection(request: HttpRequest) -> HttpResponse:
    """Keep a connection and ask it for its models at once."""
    form = ConnectionForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    _look(request, form.save())
    return redirect("setup")


@require_POST
@administrators_only
def test_connection(request: HttpRequest) -> HttpResponse:
    """Ask the API that the form describes for its models, and keep nothing."""
    form = ConnectionForm(request.POST)
    if not form.is_valid():
        sentences = [str(error) for errors in form.errors.values() for error in errors]
        return _result(request, problem=" ".join(sentences))
    try:
        models = async_to_sync(form.provider().models)()
    except StreamingError as error:
        return _result(request, problem=error.message)
    return _result(request, models=[model.id for model in models])


@require_POST
@administrators_only
def change_connection(request: HttpRequest, connection_id: str) -> HttpResponse:
    """Other name or address, a replaced key, on or off."""
    form = ChangeConnectionForm(request.POST, instance=_changeable(connection_id))
    if not form.is_valid():
        for errors in form.errors.values():
            messages.error(request, " ".join(map(str, errors)))
        return redirect("setup")
    _look(request, form.save())
    return redirect("setup")


@require_POST
@administrators_only
def remove_connection(request: HttpRequest, connection_id: str) -> HttpResponse:
    """Forget it and its key."""
    connection = _changeable(connection_id)
    connection.delete()
    messages.success(request, f"{connection.name} was removed.")
    return redirect("setup")


@require_POST
@administrators_only
def refresh_connection(request: HttpRequest, connection_id: str) -> HttpResponse:
    """Ask again which models it has."""
    _look(request, get_object_or_404(Connection, pk=connection_id))
    return redirect("setup")


def _look(request: HttpRequest, connection: Connection) -> None:
    if not connection.enabled:
        messages.success(request, f"{connection.name} is off.")
        return
    async_to_sync(refresh_catalog)(connection)
    connection.refresh_from_db()
    if connection.problem:
        messages.error(request, f"{connection.name} is kept, but did not answer. {connection.problem}")
    else:
        count = len(connection.catalog)
        messages.success(request, f"{connection.name} is connected: {count} model{'' if count == 1 else 's'}.")


def _changeable(connection_id: str) -> Connection:
    """A connection that was made here; those of the environment are changed there."""
    return get_object_or_404(Connection, pk=connection_id, from_environment=False)


def _page(request: HttpRequest, form: ConnectionForm, *, status: int = 200) -> HttpResponse:
    connections = [
        connection for connection in Connection.objects.order_by("name", "id") if not _absent_ollama(connection)
    ]
    context = {"connections": connections, "form": form, "kinds": kinds_with_notes()}
    return render_page(request, "streaming/setup/page.html", context, place="setup", status=status)


def _absent_ollama(connection: Connection) -> bool:
    """The usual Ollama address is always looked at; where none answers, it is not a broken connection."""
    return connection.from_environment and connection.kind == Connection.Kind.OLLAMA and not connection.catalog


def _result(request: HttpRequest, **context: Any) -> HttpResponse:
    return render(request, "streaming/setup/result.html", context)
