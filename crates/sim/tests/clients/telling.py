"""What the stories have in common: a line of JSON tells each thing that a bot sees."""

import json
import logging

# What the official server sends and its documentation does not name; no library knows it.
UNDOCUMENTED = {
    "all_members_are_administrators",
    "can_manage_voice_chats",
    "forward_date",
    "forward_from",
    "forward_from_chat",
    "forward_from_message_id",
    "forward_sender_name",
    "forward_signature",
    "left_chat_participant",
    "new_chat_member",
    "new_chat_participant",
    "user_ids",
    "user_shared",
}

# A picture as far as anybody looks, and a film.
PICTURE = b"\x89PNG\r\n\x1a\n"
FILM = b"\x00\x00\x00\x18ftypmp42"


def tell(event, **facts):
    print(json.dumps({"event": event, **facts}), flush=True)


def tell_unknown(fields):
    """A field that the library does not know is misspelt, or newer than the library."""
    unknown = sorted(set(fields) - UNDOCUMENTED)
    if unknown:
        tell("failure", text=f"unknown fields: {unknown}")


class Failures(logging.Handler):
    """Libraries log what they cannot decode and what handlers raise, and go on."""

    def emit(self, record):
        tell("failure", text=self.format(record))


def watch_log():
    logging.basicConfig(level=logging.WARNING, handlers=[Failures()])
    logging.captureWarnings(True)
