"""The addresses of the pages."""

from django.urls import URLPattern, URLResolver, path

from streaming.web import conversations, pages, prompts, runs, security, settings, setup, stream_sse

urlpatterns: list[URLPattern | URLResolver] = [
    path("", pages.new_chat, name="new_chat"),
    path("prompts/", prompts.start_chat, name="start_chat"),
    path("chats/", pages.older_chats, name="older_chats"),
    path("chats/running/", pages.running_chats, name="running_chats"),
    path("c/<slug:conversation_id>/", pages.conversation, name="conversation"),
    path("c/<slug:conversation_id>/prompts/", prompts.send_prompt, name="send_prompt"),
    path("c/<slug:conversation_id>/rename/", conversations.rename_conversation, name="rename_conversation"),
    path("c/<slug:conversation_id>/delete/", conversations.delete_conversation, name="delete_conversation"),
    path("c/<slug:conversation_id>/path/", conversations.choose_path, name="choose_path"),
    path("sse/c/<slug:conversation_id>/", stream_sse.conversation_events, name="conversation_events"),
    path("messages/<slug:message_id>/remove/", conversations.remove_message, name="remove_message"),
    path("runs/<slug:run_id>/stop/", runs.stop, name="stop_run"),
    path("runs/<slug:run_id>/retry/", runs.retry, name="retry_answer"),
    path("runs/<slug:run_id>/continue/", runs.go_on, name="continue_answer"),
    path("settings/", settings.settings, name="settings"),
    path("settings/security/", security.security, name="security"),
    path("settings/security/sessions/end/", security.sign_out_elsewhere, name="sign_out_elsewhere"),
    path("settings/security/sessions/<int:session_id>/end/", security.sign_out_session, name="sign_out_session"),
    path("setup/", setup.setup, name="setup"),
    path("setup/test/", setup.test_connection, name="test_connection"),
    path("setup/connections/", setup.add_connection, name="add_connection"),
    path("setup/connections/<slug:connection_id>/change/", setup.change_connection, name="change_connection"),
    path("setup/connections/<slug:connection_id>/remove/", setup.remove_connection, name="remove_connection"),
    path("setup/connections/<slug:connection_id>/refresh/", setup.refresh_connection, name="refresh_connection"),
]
