/** The messages of the chat that is open, and what one has read of them. */

import * as acts from "./acts.js";
import * as composer from "./composer.js";
import { button, byId, h, icon, reconcile } from "./dom.js";
import * as head from "./head.js";
import { carry, messageElement } from "./message.js";
import { now, state } from "./state.js";
import { day, dayLabel } from "./time.js";

/** @typedef {import("./state.js").OpenChat} OpenChat */
/** @typedef {import("./state.js").Message} Message */

/** So near the end one is taken to be at it, in pixels. */
const AT_END = 48;

/** Between two messages of one author in a row there are no more than so many milliseconds. */
const IN_A_ROW = 10 * 60 * 1000;

const hall = h("div", { class: "hall" });
const toBottom = button(
    {
        class: "tool to-bottom",
        "data-action": "to-bottom",
        "aria-label": "To the newest message",
        hidden: true,
        onclick: () => scrollToEnd("smooth"),
    },
    icon("down"),
);

/** The messages of the open chat. Another chat gets another log: what it begins with is no news to be read aloud. */
let log = h("div");
let shownChat = "";
let isAtEnd = true;

/** The first message that was new when the chat was opened, and the last of those shown. */
let firstNew = 0;
let newest = 0;

/** What was said to be read, by person and chat, so that it is said once. @type {Map<string, number>} */
const marks = new Map();

/** Whoever the conversation turns to for what is behind a message. @type {(message: Message) => void} */
let inspect;

/** @param {{inspect: (message: Message) => void, exportText: () => void, togglePowers: () => void}} powers */
export function begin(powers) {
    inspect = powers.inspect;
    head.begin(powers);
    byId("conversation").append(head.element, hall, composer.element);
    new ResizeObserver(keepPosition).observe(hall);
    document.addEventListener("visibilitychange", markRead);
    addEventListener("focus", markRead);
}

/** @param {import("./state.js").View} view */
export function show({ chat, people, world }) {
    const isEmpty = !chat;
    byId("conversation").classList.toggle("empty", isEmpty);
    const name = JSON.stringify([world, state.place]);
    const isOther = name !== shownChat;
    if (isOther) {
        shownChat = name;
        firstNew = (chat?.unread && chat.messages.filter(({ is_own }) => !is_own).at(-chat.unread)?.message_id) || 0;
        renew(chat ? null : people.length === 0 ? "Nobody is here yet. Add a person to begin." : "Choose a chat");
    }
    head.show(chat ?? null);
    composer.show(chat ?? null);
    if (!chat) return;
    reconcile(log.firstElementChild, items(chat), {
        key: (item) => item.key,
        create: (item) => item.create(),
        stamp: (item) => item.stamp,
        carry,
    });
    // Whoever writes wants to see it.
    if (!isOther && chat.messages.some(({ is_own, message_id }) => is_own && message_id > newest)) isAtEnd = true;
    newest = chat.messages.at(-1)?.message_id ?? 0;
    const news = isOther && log.querySelector(".new");
    if (news) news.scrollIntoView();
    else if (isAtEnd) scrollToEnd();
    markRead();
}

/** An empty log for another chat, or words instead of it. @param {string|null} instead */
function renew(instead) {
    const list = h("div", { class: "messages" });
    log = h("div", { class: "log", role: "log", "aria-live": "polite", "aria-label": "Messages", tabindex: 0 }, list);
    isAtEnd = true;
    toBottom.hidden = true;
    log.addEventListener("scroll", notePosition, { passive: true });
    log.addEventListener("keydown", walk);
    // Pictures take their place late.
    new ResizeObserver(keepPosition).observe(list);
    hall.replaceChildren(instead === null ? log : h("p", { class: "service" }, h("span", {}, instead)), toBottom);
}

/** Whoever was at the end stays there, whatever grows or shrinks. */
function keepPosition() {
    if (isAtEnd) scrollToEnd();
    else notePosition();
}

function notePosition() {
    isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < AT_END;
    toBottom.hidden = isAtEnd;
    markRead();
}

function scrollToEnd(behavior = "instant") {
    log.scrollTo({ top: log.scrollHeight, behavior });
}

/** Up and down go from message to message, as in a list. */
function walk(event) {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    const from = event.target.closest("[tabindex='-1'][data-message]");
    if (!step || (!from && event.target !== log)) return;
    const all = [...log.querySelectorAll("[tabindex='-1'][data-message]")];
    const to = from ? all[all.indexOf(from) + step] : all.at(-1);
    to?.focus();
    to?.scrollIntoView({ block: "nearest" });
    event.preventDefault();
}

/** Brings a message into sight and lights it up for a moment. */
function showMessage(id) {
    const node = log.querySelector(`[data-message="${id}"]`);
    node?.scrollIntoView({ block: "center", behavior: "smooth" });
    node?.animate([{ opacity: 1 }, { opacity: 0.35 }, { opacity: 1 }], { duration: 900, delay: 250 });
}

/**
 * The lines of the log: days, and messages; albums are one.
 *
 * @param {OpenChat} chat
 */
function items(chat) {
    const offers = { edit: composer.edit, inspect: (message) => inspect(message), showMessage };
    const isChannel = chat.kind === "channel";
    const lines = [];
    if (chat.earlier > 0) lines.push(notice("earlier", `${chat.earlier} earlier messages are not shown`));
    if (chat.messages.length === 0) lines.push(notice("nothing", emptyText(chat)));
    /** @type {Message|null} */
    let before = null;
    for (const messages of albums(chat.messages)) {
        const [message] = messages;
        if (!before || day(before.at) !== day(message.at)) {
            lines.push(notice(`day ${day(message.at)}`, dayLabel(message.at, now()), "day"));
            before = null;
        }
        if (message.message_id === firstNew) {
            lines.push(notice("new", "New messages", "new"));
            before = null;
        }
        const isFirst =
            !before ||
            before.by === "service" ||
            before.author_id !== message.author_id ||
            Date.parse(message.at) - Date.parse(before.at) > IN_A_ROW;
        const how = {
            isFirst,
            isRight: message.is_own && !isChannel,
            hasName: isFirst && chat.kind !== "bot" && (isChannel || !message.is_own),
        };
        lines.push({
            key: message.message_id,
            stamp: [messages, how],
            create: () => messageElement(messages, how, offers),
        });
        before = message;
    }
    return lines;
}

function notice(key, text, look = "") {
    return { key, stamp: text, create: () => h("p", { class: `service ${look}` }, h("span", {}, text)) };
}

function emptyText({ kind, status, is_asking, is_started }) {
    if (kind === "bot") return is_started ? "Nothing here any more" : "Nothing here yet. Start the bot to talk to it.";
    if (is_asking) return "You see the messages when you are let in";
    return ["left", "kicked"].includes(status) ? "What is said here is for members" : "Nothing here yet";
}

/** Neighbours of one album together, all others alone. @param {Message[]} messages */
function albums(messages) {
    /** @type {Message[][]} */
    const groups = [];
    for (const message of messages) {
        const last = groups.at(-1);
        const album = message.media?.album;
        if (last && album && last[0].media?.album === album) last.push(message);
        else groups.push([message]);
    }
    return groups;
}

/** Says how far one has read: to the last message in sight, while somebody looks. */
function markRead() {
    const { place, view } = state;
    if (
        document.visibilityState !== "visible" ||
        !view?.chat ||
        view.chat.unread === 0 ||
        shownChat !== JSON.stringify([view.world, place])
    )
        return;
    const bottom = log.getBoundingClientRect().bottom;
    if (log.clientHeight === 0) return;
    const seen = [...log.querySelectorAll("[data-message]")].filter(
        (node) => node.getBoundingClientRect().top < bottom - AT_END / 2,
    );
    const last = Math.max(0, ...seen.map((node) => Number(node.dataset.message)));
    if (last <= (marks.get(shownChat) ?? 0)) return;
    marks.set(shownChat, last);
    // Nothing hangs on it, and nobody asked for it: what fails is not told.
    acts.reads(place, last).catch((error) => console.warn(error));
}
