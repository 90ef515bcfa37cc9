"""A bot that repeats what it hears, to be talked to in a browser. Arguments: the server's address, the token."""

import asyncio
import sys

from aiogram import Bot, Dispatcher, F
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.filters import Command, CommandStart
from aiogram.types import BotCommand, CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message
from aiogram.utils.formatting import Bold

dispatcher = Dispatcher()
url, token = sys.argv[1:]


@dispatcher.startup()
async def introduce(bot: Bot):
    await bot.set_my_commands([BotCommand(command="help", description="What this is good for")])
    print("ready", flush=True)


@dispatcher.message(CommandStart())
async def greet(message: Message):
    await message.answer("I repeat what you say.")


@dispatcher.message(Command("help"))
async def explain(message: Message):
    await message.answer("Say something, or send a picture.")


@dispatcher.message(F.text)
async def repeat(message: Message):
    louder = InlineKeyboardButton(text="Louder", callback_data="louder")
    await message.answer(message.text, reply_markup=InlineKeyboardMarkup(inline_keyboard=[[louder]]))


@dispatcher.message()
async def copy(message: Message):
    await message.copy_to(message.chat.id)


@dispatcher.callback_query(F.data == "louder")
async def shout(tap: CallbackQuery):
    loud = tap.message.text.upper()
    await tap.message.edit_text(**Bold(loud).as_kwargs())
    await tap.answer(loud, show_alert=True)


async def main():
    session = AiohttpSession(api=TelegramAPIServer.from_base(url))
    async with Bot(token, session=session) as bot:
        await dispatcher.start_polling(bot)


asyncio.run(main())
