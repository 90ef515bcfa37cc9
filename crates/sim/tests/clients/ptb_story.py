"""A bot as users of python-telegram-bot write it.

Arguments: the server's address, the bot's token, and for a webhook instead of polling its secret.
"""

import datetime
import sys
import warnings

from telegram import (
    BotCommand,
    BotCommandScopeAllPrivateChats,
    Chat,
    ChatMember,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaPhoto,
    InputMediaVideo,
    KeyboardButton,
    KeyboardButtonRequestChat,
    KeyboardButtonRequestUsers,
    ReplyKeyboardMarkup,
    TelegramObject,
    Update,
)
from telegram.constants import ChatAction, ParseMode
from telegram.error import ChatMigrated, Forbidden, RetryAfter
from telegram.ext import (
    Application,
    CallbackQueryHandler,
    ChatJoinRequestHandler,
    ChatMemberHandler,
    CommandHandler,
    MessageHandler,
    TypeHandler,
    filters,
)
from telegram.warnings import PTBDeprecationWarning
from tornado.netutil import bind_sockets

from telling import FILM, PICTURE, tell, tell_unknown, watch_log

url, token, *secret = sys.argv[1:]

# Of a newer Bot API than the library's, 10.0.
NEWER = {"can_send_welcome_messages"}


def unknown(thing):
    """The fields that the library does not know, however deep."""
    if isinstance(thing, TelegramObject):
        yield from thing.api_kwargs
        names = {name for kind in type(thing).__mro__ for name in getattr(kind, "__slots__", ())}
        for name in names:
            if not name.startswith("_"):
                yield from unknown(getattr(thing, name))
    elif isinstance(thing, (list, tuple)):
        for item in thing:
            yield from unknown(item)


def known(answer):
    tell_unknown(set(unknown(answer)) - NEWER)
    return answer


async def watch_updates(update, context):
    known(update)


async def introduce(application):
    bot, scope = application.bot, BotCommandScopeAllPrivateChats()
    await bot.set_my_commands([BotCommand("start", "Empezar")], scope=scope, language_code="es")
    kept = known(await bot.get_my_commands(scope=scope, language_code="es"))
    await bot.delete_my_commands(scope=scope, language_code="es")
    left = await bot.get_my_commands(scope=scope, language_code="es")
    facts = {}
    if not secret:
        await bot.set_webhook(f"{url}/hook", secret_token="secret", allowed_updates=["message"])
        hook = known(await bot.get_webhook_info())
        await bot.delete_webhook(drop_pending_updates=True)
        no_hook = known(await bot.get_webhook_info())
        facts = {"hook": hook.url, "hook_updates": hook.allowed_updates, "no_hook": no_hook.url}
    me = known(await bot.get_me())
    tell(
        "ready",
        id=me.id,
        commands=[[command.command, command.description] for command in kept],
        commands_left=len(left),
        **facts,
    )


async def start(update, context):
    user = update.effective_user
    tell("start", payload=context.args[0], name=user.full_name, language=user.language_code)
    keyboard = InlineKeyboardMarkup(
        [
            [InlineKeyboardButton("Saludar", callback_data="greet")],
            [InlineKeyboardButton("Canal", url="https://t.me/canal")],
        ]
    )
    greeting = known(
        await update.message.reply_text(
            "Buenas tardes, <b>señora</b>", parse_mode=ParseMode.HTML, reply_markup=keyboard
        )
    )
    tell("greeted", entities=[entity.type for entity in greeting.entities])


async def tapped(update, context):
    query = update.callback_query
    if not query.message.is_accessible:
        tell("tap", data=query.data, text=None)
        await query.answer()
        return
    tell("tap", data=query.data, text=query.message.text)
    await query.answer("Listo", show_alert=True)
    edited = known(await query.edit_message_text("Saludada"))
    tell("edit", text=edited.text, is_edited=edited.edit_date is not None)


async def choose(update, context):
    people = KeyboardButtonRequestUsers(1, max_quantity=2, request_name=True)
    channel = KeyboardButtonRequestChat(2, chat_is_channel=True, request_title=True)
    keyboard = ReplyKeyboardMarkup(
        [
            [KeyboardButton("Personas", request_users=people)],
            [KeyboardButton("Canal", request_chat=channel)],
        ]
    )
    known(await update.message.reply_text("Elija", reply_markup=keyboard))
    tell("choice", rows=len(keyboard.keyboard))


async def users_shared(update, context):
    users = update.message.users_shared.users
    tell("users_shared", users=[[user.user_id, user.first_name] for user in users])


async def chat_shared(update, context):
    shared = update.message.chat_shared
    tell("chat_shared", chat=shared.chat_id, title=shared.title)


async def who(update, context):
    chat, user = context.args
    member = known(await context.bot.get_chat_member(chat, int(user)))
    tell("who", status=member.status, user=member.user.first_name)


async def ban(update, context):
    chat, user = context.args
    until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=2)
    tell("ban", done=await context.bot.ban_chat_member(chat, int(user), until_date=until))


async def unban(update, context):
    chat, user = context.args
    tell("unban", done=await context.bot.unban_chat_member(chat, int(user), only_if_banned=True))


async def count(update, context):
    try:
        tell("count", members=await context.bot.get_chat_member_count(context.args[0]))
    except RetryAfter as error:
        tell("flood", retry_after=error.retry_after)
    except ChatMigrated as error:
        tell("migrated", to=error.new_chat_id)


async def revoke(update, context):
    link = known(await context.bot.revoke_chat_invite_link(*context.args))
    tell("revoked", link=link.invite_link, is_revoked=link.is_revoked)


async def leave(update, context):
    tell("leave", done=await context.bot.leave_chat(context.args[0]))


async def forwarded(update, context):
    message, bot, here = update.message, context.bot, update.effective_chat.id
    origin = message.forward_origin
    tell("forwarded", type=origin.type, title=origin.chat.title, id=origin.message_id)
    copy = known(await message.copy(here))
    forward = known(await message.forward(here))
    copies = known(await bot.copy_messages(here, here, [copy.message_id, forward.message_id]))
    forwards = known(await bot.forward_messages(here, here, [copy.message_id]))
    ids = [sent.message_id for sent in copies + forwards]
    await message.delete()
    await bot.delete_messages(here, ids)
    tell("passed_on", origin=forward.forward_origin.type, text=forward.text, deleted=len(ids))


async def document(update, context):
    message, document = update.message, update.message.document
    file = known(await document.get_file())
    content = await file.download_as_bytearray()
    tell(
        "document",
        name=document.file_name,
        type=document.mime_type,
        size=document.file_size,
        caption=message.caption,
        content=content.decode(),
    )
    await message.set_reaction("👍")
    await message.reply_chat_action(ChatAction.UPLOAD_PHOTO)
    photo = known(await message.reply_photo(PICTURE, caption="Subida", filename="a.png"))
    again = known(await message.reply_photo(photo.photo[-1]))
    video = known(await message.reply_video(FILM, duration=3, width=640, height=480, filename="a.mp4"))
    back = known(await message.reply_document(bytes(content), filename="copia.txt"))
    caption = known(await back.edit_caption("De vuelta"))
    album = known(
        await message.reply_media_group(
            [
                InputMediaPhoto(PICTURE, caption="Álbum", filename="b.png"),
                InputMediaVideo(FILM, filename="b.mp4"),
            ]
        )
    )
    tell(
        "media",
        sizes=len(photo.photo),
        is_same=again.photo[-1].file_unique_id == photo.photo[-1].file_unique_id,
        film=[video.video.duration, video.video.width, video.video.height],
        back=back.document.file_name,
        caption=caption.caption,
        album=len(album),
        albums=len({item.media_group_id for item in album}),
    )


async def migrated(update, context):
    message = update.message
    if message.migrate_to_chat_id:
        tell("moves_to", chat=message.chat.id, to=message.migrate_to_chat_id)
    else:
        tell("comes_from", chat=message.chat.id, origin=message.migrate_from_chat_id)


async def retitled(update, context):
    tell("title", title=update.message.new_chat_title)


async def echo(update, context):
    message = update.message
    tell("text", text=message.text, entities=[entity.type for entity in message.entities])
    reply = known(await message.reply_text(f"Dijo: {message.text}", do_quote=True))
    tell("reply", to=reply.reply_to_message.text)


async def edited(update, context):
    tell("edited", text=update.edited_message.text)


async def posted(update, context):
    tell("post", chat=update.channel_post.chat.title, text=update.channel_post.text)


async def post_edited(update, context):
    tell("post_edited", text=update.edited_channel_post.text)


async def standing(update, context):
    event = update.my_chat_member
    old, new = event.old_chat_member, event.new_chat_member
    tell("standing", chat=event.chat.type, by=event.from_user.first_name, old=old.status, new=new.status)
    if event.chat.type == Chat.PRIVATE:
        try:
            await event.chat.send_message("¿Sigue ahí?")
        except Forbidden:
            tell("forbidden")
    elif new.status == ChatMember.ADMINISTRATOR and new.can_invite_users:
        await look_around(event.chat, context.bot)


async def look_around(chat, bot):
    full = known(await bot.get_chat(chat.id))
    administrators = known(await chat.get_administrators())
    tomorrow = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)
    limited = known(await chat.create_invite_link(name="de paso", member_limit=5, expire_date=tomorrow))
    asking = known(await chat.create_invite_link(name="?", creates_join_request=True))
    asking = known(await chat.edit_invite_link(asking, name="a prueba", creates_join_request=True))
    tell(
        "room",
        title=full.title,
        about=full.description,
        administrators=sorted([member.status, member.user.first_name] for member in administrators),
        link=limited.invite_link,
        limit=limited.member_limit,
        asking=asking.invite_link,
        asking_name=asking.name,
        primary=await chat.export_invite_link(),
    )


async def member(update, context):
    event = update.chat_member
    old, new = event.old_chat_member, event.new_chat_member
    tell(
        "member",
        user=new.user.first_name,
        by=event.from_user.first_name,
        change=[old.status, new.status],
        link=event.invite_link.name if event.invite_link else None,
    )


async def asked(update, context):
    request = update.chat_join_request
    link, user = request.invite_link, request.from_user
    tell("asked", user=user.first_name, bio=request.bio, link=link.name, waiting=link.pending_join_request_count)
    await context.bot.send_message(request.user_chat_id, f"Un momento, {user.first_name}")
    if request.bio:
        await request.approve()
    else:
        await request.decline()


def main():
    builder = Application.builder().token(token).base_url(f"{url}/bot").base_file_url(f"{url}/file/bot")
    application = builder.post_init(introduce).build()
    private, status = filters.ChatType.PRIVATE, filters.StatusUpdate
    commands = [start, choose, who, ban, unban, count, revoke, leave]
    application.add_handler(TypeHandler(Update, watch_updates), group=-1)
    application.add_handlers(
        [
            *(CommandHandler(command.__name__, command) for command in commands),
            CallbackQueryHandler(tapped, "greet"),
            MessageHandler(filters.UpdateType.EDITED_MESSAGE, edited),
            MessageHandler(filters.UpdateType.CHANNEL_POST, posted),
            MessageHandler(filters.UpdateType.EDITED_CHANNEL_POST, post_edited),
            MessageHandler(status.USERS_SHARED, users_shared),
            MessageHandler(status.CHAT_SHARED, chat_shared),
            MessageHandler(filters.FORWARDED, forwarded),
            MessageHandler(filters.Document.ALL, document),
            MessageHandler(status.MIGRATE, migrated),
            MessageHandler(status.NEW_CHAT_TITLE, retitled),
            MessageHandler(private & filters.TEXT, echo),
            ChatMemberHandler(standing, ChatMemberHandler.MY_CHAT_MEMBER),
            ChatMemberHandler(member, ChatMemberHandler.CHAT_MEMBER),
            ChatJoinRequestHandler(asked),
        ]
    )
    if not secret:
        application.run_polling(allowed_updates=Update.ALL_TYPES)
        return
    [socket] = bind_sockets(0, "127.0.0.1")
    application.run_webhook(
        unix=socket,
        webhook_url=f"http://127.0.0.1:{socket.getsockname()[1]}/",
        secret_token=secret[0],
        allowed_updates=Update.ALL_TYPES,
    )


watch_log()
# It announces that durations will have another type.
warnings.filterwarnings("ignore", category=PTBDeprecationWarning)
main()
