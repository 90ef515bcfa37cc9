"""A bot as users of aiogram write it. Arguments: the server's address, the bot's token."""

import asyncio
import datetime
import sys

from aiogram import Bot, Dispatcher, F
from aiogram.client.default import DefaultBotProperties
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramForbiddenError, TelegramMigrateToChat, TelegramRetryAfter
from aiogram.filters import Command, CommandObject, CommandStart
from aiogram.types import (
    BotCommand,
    BotCommandScopeAllPrivateChats,
    BufferedInputFile,
    CallbackQuery,
    ChatJoinRequest,
    ChatMemberUpdated,
    InaccessibleMessage,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaPhoto,
    InputMediaVideo,
    KeyboardButton,
    KeyboardButtonRequestChat,
    KeyboardButtonRequestUsers,
    Message,
    ReactionTypeEmoji,
    ReplyKeyboardMarkup,
    ReplyParameters,
)
from pydantic import BaseModel

from telling import FILM, PICTURE, tell, tell_unknown, watch_log

dispatcher = Dispatcher()
url, token = sys.argv[1:]


def unknown(thing):
    """The fields that aiogram does not know, however deep."""
    if isinstance(thing, BaseModel):
        yield from thing.model_extra or ()
        for _, value in thing:
            yield from unknown(value)
    elif isinstance(thing, list):
        for item in thing:
            yield from unknown(item)


async def watch_answers(make_request, bot, method):
    answer = await make_request(bot, method)
    tell_unknown(unknown(answer))
    return answer


@dispatcher.update.outer_middleware()
async def watch_updates(handler, update, data):
    tell_unknown(unknown(update))
    return await handler(update, data)


@dispatcher.startup()
async def introduce(bot: Bot):
    commands = [BotCommand(command="start", description="Empezar")]
    await bot.set_my_commands(commands, scope=BotCommandScopeAllPrivateChats(), language_code="es")
    kept = await bot.get_my_commands(scope=BotCommandScopeAllPrivateChats(), language_code="es")
    await bot.delete_my_commands(scope=BotCommandScopeAllPrivateChats(), language_code="es")
    left = await bot.get_my_commands(scope=BotCommandScopeAllPrivateChats(), language_code="es")
    await bot.set_webhook(f"{url}/hook", secret_token="secret", allowed_updates=["message"])
    hook = await bot.get_webhook_info()
    await bot.delete_webhook(drop_pending_updates=True)
    no_hook = await bot.get_webhook_info()
    me = await bot.me()
    tell(
        "ready",
        id=me.id,
        commands=[[command.command, command.description] for command in kept],
        commands_left=len(left),
        hook=hook.url,
        hook_updates=hook.allowed_updates,
        no_hook=no_hook.url,
    )


@dispatcher.message(CommandStart(deep_link=True))
async def start(message: Message, command: CommandObject):
    user = message.from_user
    tell("start", payload=command.args, name=user.full_name, language=user.language_code)
    keyboard = InlineKeyboardMarkup(
        inline_keyboard=[
            [InlineKeyboardButton(text="Saludar", callback_data="greet")],
            [InlineKeyboardButton(text="Canal", url="https://t.me/canal")],
        ]
    )
    greeting = await message.answer("Buenas tardes, <b>señora</b>", reply_markup=keyboard)
    tell("greeted", entities=[entity.type for entity in greeting.entities])


@dispatcher.callback_query(F.data == "greet")
async def tapped(query: CallbackQuery):
    if isinstance(query.message, InaccessibleMessage):
        tell("tap", data=query.data, text=None)
        await query.answer()
        return
    tell("tap", data=query.data, text=query.message.text)
    await query.answer("Listo", show_alert=True)
    edited = await query.message.edit_text("Saludada")
    tell("edit", text=edited.text, is_edited=edited.edit_date is not None)


@dispatcher.message(Command("choose"))
async def choose(message: Message):
    people = KeyboardButtonRequestUsers(request_id=1, max_quantity=2, request_name=True)
    channel = KeyboardButtonRequestChat(request_id=2, chat_is_channel=True, request_title=True)
    keyboard = ReplyKeyboardMarkup(
        keyboard=[
            [KeyboardButton(text="Personas", request_users=people)],
            [KeyboardButton(text="Canal", request_chat=channel)],
        ]
    )
    await message.answer("Elija", reply_markup=keyboard)
    tell("choice", rows=len(keyboard.keyboard))


@dispatcher.message(F.users_shared)
async def users_shared(message: Message):
    tell("users_shared", users=[[user.user_id, user.first_name] for user in message.users_shared.users])


@dispatcher.message(F.chat_shared)
async def chat_shared(message: Message):
    tell("chat_shared", chat=message.chat_shared.chat_id, title=message.chat_shared.title)


@dispatcher.message(Command("who"))
async def who(message: Message, command: CommandObject, bot: Bot):
    chat, user = command.args.split()
    member = await bot.get_chat_member(chat, int(user))
    tell("who", status=member.status, user=member.user.first_name)


@dispatcher.message(Command("ban"))
async def ban(message: Message, command: CommandObject, bot: Bot):
    chat, user = command.args.split()
    tell("ban", done=await bot.ban_chat_member(chat, int(user), until_date=datetime.timedelta(days=2)))


@dispatcher.message(Command("unban"))
async def unban(message: Message, command: CommandObject, bot: Bot):
    chat, user = command.args.split()
    tell("unban", done=await bot.unban_chat_member(chat, int(user), only_if_banned=True))


@dispatcher.message(Command("count"))
async def count(message: Message, command: CommandObject, bot: Bot):
    try:
        tell("count", members=await bot.get_chat_member_count(command.args))
    except TelegramRetryAfter as error:
        tell("flood", retry_after=error.retry_after)
    except TelegramMigrateToChat as error:
        tell("migrated", to=error.migrate_to_chat_id)


@dispatcher.message(Command("revoke"))
async def revoke(message: Message, command: CommandObject, bot: Bot):
    chat, address = command.args.split()
    link = await bot.revoke_chat_invite_link(chat, address)
    tell("revoked", link=link.invite_link, is_revoked=link.is_revoked)


@dispatcher.message(Command("leave"))
async def leave(message: Message, command: CommandObject, bot: Bot):
    tell("leave", done=await bot.leave_chat(command.args))


@dispatcher.message(F.forward_origin)
async def forwarded(message: Message, bot: Bot):
    origin, here = message.forward_origin, message.chat.id
    tell("forwarded", type=origin.type, title=origin.chat.title, id=origin.message_id)
    copy = await message.copy_to(here)
    forward = await message.forward(here)
    copies = await bot.copy_messages(here, here, [copy.message_id, forward.message_id])
    forwards = await bot.forward_messages(here, here, [copy.message_id])
    ids = [sent.message_id for sent in copies + forwards]
    await message.delete()
    await bot.delete_messages(here, ids)
    tell("passed_on", origin=forward.forward_origin.type, text=forward.text, deleted=len(ids))


@dispatcher.message(F.document)
async def document(message: Message, bot: Bot):
    document, here = message.document, message.chat.id
    file = await bot.get_file(document.file_id)
    content = (await bot.download_file(file.file_path)).read()
    tell(
        "document",
        name=document.file_name,
        type=document.mime_type,
        size=document.file_size,
        caption=message.caption,
        content=content.decode(),
    )
    await message.react([ReactionTypeEmoji(emoji="👍")])
    await bot.send_chat_action(here, "upload_photo")
    photo = await message.answer_photo(BufferedInputFile(PICTURE, "a.png"), caption="Subida")
    again = await message.answer_photo(photo.photo[-1].file_id)
    video = await message.answer_video(BufferedInputFile(FILM, "a.mp4"), duration=3, width=640, height=480)
    back = await message.answer_document(BufferedInputFile(content, "copia.txt"))
    caption = await back.edit_caption(caption="De vuelta")
    album = await message.answer_media_group(
        [
            InputMediaPhoto(media=BufferedInputFile(PICTURE, "b.png"), caption="Álbum"),
            InputMediaVideo(media=BufferedInputFile(FILM, "b.mp4")),
        ]
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


@dispatcher.message(F.migrate_to_chat_id)
async def moves_to(message: Message):
    tell("moves_to", chat=message.chat.id, to=message.migrate_to_chat_id)


@dispatcher.message(F.migrate_from_chat_id)
async def comes_from(message: Message):
    tell("comes_from", chat=message.chat.id, origin=message.migrate_from_chat_id)


@dispatcher.message(F.new_chat_title)
async def retitled(message: Message):
    tell("title", title=message.new_chat_title)


@dispatcher.message(F.chat.type == "private", F.text)
async def echo(message: Message):
    tell("text", text=message.text, entities=[entity.type for entity in message.entities or []])
    reply = await message.answer(
        f"Dijo: {message.text}", reply_parameters=ReplyParameters(message_id=message.message_id)
    )
    tell("reply", to=reply.reply_to_message.text)


@dispatcher.edited_message()
async def edited(message: Message):
    tell("edited", text=message.text)


@dispatcher.channel_post()
async def posted(message: Message):
    tell("post", chat=message.chat.title, text=message.text)


@dispatcher.edited_channel_post()
async def post_edited(message: Message):
    tell("post_edited", text=message.text)


@dispatcher.my_chat_member()
async def standing(event: ChatMemberUpdated, bot: Bot):
    old, new = event.old_chat_member, event.new_chat_member
    tell("standing", chat=event.chat.type, by=event.from_user.first_name, old=old.status, new=new.status)
    if event.chat.type == "private":
        try:
            await bot.send_message(event.chat.id, "¿Sigue ahí?")
        except TelegramForbiddenError:
            tell("forbidden")
    elif new.status == "administrator" and new.can_invite_users:
        await look_around(event.chat.id, bot)


async def look_around(chat: int, bot: Bot):
    full = await bot.get_chat(chat)
    administrators = await bot.get_chat_administrators(chat)
    tomorrow = datetime.timedelta(days=1)
    limited = await bot.create_chat_invite_link(chat, "de paso", member_limit=5, expire_date=tomorrow)
    asking = await bot.create_chat_invite_link(chat, "?", creates_join_request=True)
    asking = await bot.edit_chat_invite_link(
        chat, asking.invite_link, name="a prueba", creates_join_request=True
    )
    tell(
        "room",
        title=full.title,
        about=full.description,
        administrators=sorted([member.status, member.user.first_name] for member in administrators),
        link=limited.invite_link,
        limit=limited.member_limit,
        asking=asking.invite_link,
        asking_name=asking.name,
        primary=await bot.export_chat_invite_link(chat),
    )


@dispatcher.chat_member()
async def member(event: ChatMemberUpdated):
    old, new = event.old_chat_member, event.new_chat_member
    tell(
        "member",
        user=new.user.first_name,
        by=event.from_user.first_name,
        change=[old.status, new.status],
        link=event.invite_link.name if event.invite_link else None,
    )


@dispatcher.chat_join_request()
async def asked(request: ChatJoinRequest, bot: Bot):
    link, user = request.invite_link, request.from_user
    tell("asked", user=user.first_name, bio=request.bio, link=link.name, waiting=link.pending_join_request_count)
    await bot.send_message(request.user_chat_id, f"Un momento, {user.first_name}")
    if request.bio:
        await request.approve()
    else:
        await request.decline()


async def main():
    session = AiohttpSession(api=TelegramAPIServer.from_base(url))
    session.middleware(watch_answers)
    bot = Bot(token, session=session, default=DefaultBotProperties(parse_mode="HTML"))
    await dispatcher.start_polling(bot)


watch_log()
asyncio.run(main())
