/** Whom one plays, and their chats. */

import { post } from "./api.js";
import { ask, attempt } from "./dialogs.js";
import { avatar, badge, button, byId, h, icon, reconcile, walkWithArrows } from "./dom.js";
import { askForLink } from "./links.js";
import { go, now, state } from "./state.js";
import { brief, full } from "./time.js";

/** @typedef {import("./state.js").View} View */
/** @typedef {import("./state.js").Person} Person */
/** @typedef {import("./state.js").Chat} Chat */

/** @param {{first_name: string, last_name: string|null}} person */
export const fullName = ({ first_name, last_name }) => [first_name, last_name].filter(Boolean).join(" ");

/** Fits the fixed parts with their icons and listeners. */
export function begin() {
    byId("add-person").append(h("span", { class: "avatar blank" }, icon("add")), h("span", { class: "name" }, "Add"));
    byId("add-person").addEventListener("click", addPerson);
    byId("add-person").setAttribute("aria-label", "Add a person");
    byId("open-link").append(icon("link"));
    byId("open-link").addEventListener("click", askForLink);
    walkWithArrows(byId("people-list"), ".person");
    walkWithArrows(byId("chat-list"), ".chat");
}

/** @param {View} view */
export function show({ people, chats = [] }) {
    const { person, peer } = state.place;
    reconcile(byId("people-list"), people, {
        key: ({ id }) => id,
        stamp: (who) => [who, who.id === person],
        create: (who) => personButton(who, who.id === person),
    });
    showWhole(byId("people-list").querySelector("[aria-current]"), person);
    const who = people.find(({ id }) => id === person);
    byId("whose").textContent = who ? fullName(who) : "Chats";
    byId("whose-note").textContent = who?.note ?? "";
    reconcile(byId("chat-list"), chats, {
        key: (chat) => chat.peer,
        stamp: (chat) => [chat, chat.peer === peer, chat.last && brief(chat.last.at, now())],
        create: (chat) => chatButton(chat, chat.peer === peer),
    });
}

/** Whoever is in sight of the row of people. @type {number|null} */
let shownPerson = null;

/** Brings whom one has become into sight, once: after that people may look at others. */
function showWhole(current, person) {
    if (person !== shownPerson) current?.scrollIntoView({ block: "nearest", inline: "nearest" });
    shownPerson = person;
}

/** @param {Person} who */
function personButton(who, isCurrent) {
    const name = fullName(who);
    const note = who.is_deactivated ? "account deleted" : who.note;
    return button(
        {
            class: "person",
            "data-person": who.id,
            "data-action": "person",
            "data-value": who.id,
            "aria-current": isCurrent ? "true" : null,
            title: note ? `${name}: ${note}` : name,
            onclick: () => go({ person: who.id }),
        },
        h("span", { class: "face" }, avatar(who.id, name), badge(who.unread)),
        h("span", { class: "name" }, who.first_name),
        note && h("span", { class: "note" }, inShort(note)),
    );
}

/** A note up to its first pause: the rest is for whoever plays the person, and stands above their chats. */
const inShort = (note) => note.split(/[,:;.]/)[0];

/** @param {Chat} chat */
function chatButton(chat, isCurrent) {
    const { last } = chat;
    return button(
        {
            class: "chat",
            "data-peer": chat.peer,
            "data-action": "chat",
            "data-value": chat.peer,
            "aria-current": isCurrent ? "true" : null,
            onclick: () => go({ peer: chat.peer }),
        },
        avatar(chat.peer, chat.title),
        h("span", { class: "title" }, chat.title),
        last && h("time", { datetime: last.at, title: full(last.at) }, brief(last.at, now())),
        h("span", { class: "last" }, summary(chat)),
        badge(chat.unread),
    );
}

/** The line under a chat's title: what hinders, or what was said last. @param {Chat} chat */
function summary(chat) {
    if (chat.is_asking) return h("em", {}, "Waiting to be let in");
    if (chat.is_blocked) return h("em", {}, "Blocked");
    if (chat.kind === "bot" && !chat.is_started) return h("em", {}, "Not started yet");
    if (chat.status === "kicked") return h("em", {}, "Removed");
    if (chat.status === "left") return h("em", {}, "Left");
    if (!chat.last) return h("em", {}, "Nothing yet");
    return chat.kind === "bot" || chat.last.name === chat.title
        ? chat.last.text
        : `${chat.last.name}: ${chat.last.text}`;
}

async function addPerson() {
    const field = (label, name, more = {}) =>
        h("label", { class: "field" }, label, h("input", { name, autocomplete: "off", ...more }));
    const fields = [
        field("First name", "first_name", { required: true, maxlength: 64 }),
        field("Last name", "last_name", { maxlength: 64 }),
        field("Username", "username", {
            pattern: "@?[A-Za-z0-9_]{4,32}",
            title: "4 to 32 Latin letters, digits and underscores",
        }),
        field("Note for yourself; bots never see it", "note"),
    ];
    const answer = await ask({
        title: "Add a person",
        body: fields,
        answers: [{ text: "Add", value: "add", look: "main" }],
    });
    if (answer === null) return;
    const value = (/** @type {number} */ at) => fields[at].querySelector("input").value.trim() || null;
    const [first_name, last_name, username, note] = [value(0), value(1), value(2)?.replace(/^@/, "") ?? null, value(3)];
    await attempt(async () => {
        const { id } = await post("people", { first_name, last_name, username, note });
        go({ person: id });
    });
}
