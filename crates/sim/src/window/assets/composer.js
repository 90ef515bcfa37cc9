/** Where one writes, and what stands there when one cannot. */

import * as acts from "./acts.js";
import * as attach from "./attach.js";
import * as commands from "./commands.js";
import { attempt } from "./dialogs.js";
import { button, h, icon, reconcile } from "./dom.js";
import { replyKeyboard } from "./keyboards.js";
import { refresh, state } from "./state.js";

/** @typedef {import("./state.js").OpenChat} OpenChat */
/** @typedef {import("./state.js").Message} Message */

/** @type {OpenChat|null} */
let chat = null;

/** The message that is being changed. @type {Message|null} */
let edited = null;

/** What was begun to be written elsewhere, by person and chat. @type {Map<string, string>} */
const drafts = new Map();
let draftOf = "";

const text = h("textarea", {
    rows: 1,
    "aria-label": "Message",
    placeholder: "Message",
    autocomplete: "off",
    enterkeyhint: "send",
    maxlength: 20000,
    "data-role": "composer",
    "aria-controls": "commands",
    oninput: typed,
    onkeydown: pressed,
    onpaste: (event) => attach.takePasted(event),
});
const files = h("input", {
    type: "file",
    multiple: true,
    hidden: true,
    onchange: () => {
        attach.attach([...files.files]);
        files.value = "";
    },
});
const tool = (action, label, name, onclick) =>
    button({ class: "tool", "data-action": action, "aria-label": label, title: label, onclick }, icon(name));
const slash = tool("commands", "Commands", "slash", () => {
    if (!commands.hide()) commands.show(chat?.commands ?? [], "");
    commands.focus();
});
commands.begin({ choose: sendCommand, leave: () => text.focus() });
const send = h(
    "button",
    { type: "submit", class: "tool send", "data-action": "send", "aria-label": "Send", title: "Send" },
    icon("send"),
);
const form = h(
    "form",
    {
        class: "composer",
        onsubmit: (event) => {
            event.preventDefault();
            submit();
        },
    },
    tool("attach", "Attach a photo or file", "attach", () => files.click()),
    slash,
    text,
    send,
    files,
);

const editing = h(
    "div",
    { class: "editing", hidden: true },
    h("span", { class: "editing-text" }),
    tool("cancel-edit", "Do not change it", "close", () => edit(null)),
);
const keyboard = h("div", { class: "keys reply-keys" });
const notice = h("div", { class: "notice" });

export const element = h("footer", { class: "foot" }, commands.element, editing, form, notice, keyboard);

/** @param {OpenChat|null} open */
export function show(open) {
    chat = open;
    const here = JSON.stringify([state.place.person, state.place.peer]);
    if (here !== draftOf) changeDraft(here);
    if (edited && !chat?.messages.some(({ message_id }) => message_id === edited?.message_id)) edit(null);
    const stop = chat ? hindrance(chat) : null;
    form.hidden = !chat || stop !== null;
    slash.hidden = !chat || chat.commands.length === 0;
    reconcile(notice, stop ? [stop] : [], {
        key: () => 0,
        stamp: ({ said, action, text: label }) => [here, said, action, label],
        create: noticeElement,
    });
    reconcile(keyboard, chat && !stop && chat.keyboard ? [chat.keyboard] : [], {
        key: () => 0,
        stamp: (rows) => [here, rows],
        create: (rows) => h("div", {}, replyKeyboard(rows)),
    });
}

function changeDraft(here) {
    if (!edited) drafts.set(draftOf, text.value);
    draftOf = here;
    edited = null;
    editing.hidden = true;
    text.value = drafts.get(here) ?? "";
    commands.hide();
    grow();
}

/**
 * Why one cannot write here, and what one can do about it.
 *
 * @param {OpenChat} open
 * @returns {{said: string, action?: string, text?: string, look?: string, run?: () => Promise<any>}|null}
 */
function hindrance({ kind, status, username, is_started, is_blocked, is_asking, can_write }) {
    const { place } = state;
    const room = kind === "channel" ? "channel" : "group";
    if (kind === "bot") {
        if (is_blocked)
            return {
                said: "You have blocked this bot.",
                action: "unblock",
                text: "Unblock",
                run: () => acts.unblocks(place),
            };
        if (!is_started) return { said: "", action: "start", text: "Start", run: () => acts.sends(place, "/start") };
        return can_write ? null : { said: "This account is deleted." };
    }
    if (is_asking) {
        return {
            said: "Your request waits for an administrator.",
            action: "withdraw",
            text: "Withdraw the request",
            look: "plain",
            run: () => acts.withdrawsRequest(place),
        };
    }
    if (can_write) return null;
    if (status === "kicked") return { said: `You were removed from this ${room}.` };
    if (status === "left") {
        if (!username) return { said: `You are not in this ${room}. A link leads in.` };
        return {
            said: `You are not in this ${room}.`,
            action: "join",
            text: "Join",
            run: () => acts.joins(place, `@${username}`),
        };
    }
    return { said: kind === "channel" ? "Only administrators post here." : "You may not write here." };
}

function noticeElement({ said, action, text: label, run, look = "main" }) {
    return h(
        "div",
        { class: "notice-line" },
        said && h("span", {}, said),
        action && button({ class: look, "data-action": action, onclick: () => attempt(run) }, label),
    );
}

/** Begins to change a message, or gives it up. @param {Message|null} message */
export function edit(message) {
    edited = message;
    editing.hidden = !message;
    editing.firstElementChild.textContent = message ? `Editing: ${message.text}` : "";
    text.value = message?.text ?? drafts.get(draftOf) ?? "";
    grow();
    if (!form.hidden) text.focus();
}

async function submit() {
    const words = text.value.trim();
    if (words === "") return;
    const { place } = state;
    const [before, changed] = [text.value, edited];
    text.value = "";
    commands.hide();
    grow();
    const isDone = await attempt(() =>
        changed ? acts.edits(place, changed.message_id, words) : acts.sends(place, words),
    );
    // What could not be sent comes back, unless something else stands there by now.
    if (!isDone && text.value === "" && state.place === place) text.value = before;
    if (isDone && changed) edit(null);
    drafts.delete(draftOf);
    grow();
    refresh();
}

function typed() {
    grow();
    const begun = /^\/(\w*)$/.exec(text.value);
    if (begun && !edited) commands.show(chat?.commands ?? [], begun[1]);
    else commands.hide();
}

/** As high as what stands in it, also in browsers that cannot do this by a style. */
function grow() {
    if (!CSS.supports("field-sizing", "content")) {
        text.style.height = "auto";
        if (text.scrollHeight > 0) text.style.height = `${text.scrollHeight}px`;
    }
    send.disabled = text.value.trim() === "";
}

function pressed(event) {
    // While letters are composed, Enter and the arrows belong to the keyboard.
    if (event.isComposing) return;
    if (event.key === "ArrowUp" && commands.focus()) {
        event.preventDefault();
    } else if (event.key === "ArrowUp" && text.value === "" && !edited) {
        const last = chat?.messages.findLast(({ is_own, by, origin }) => is_own && by !== "service" && !origin);
        if (last) edit(last);
        event.preventDefault();
    } else if (event.key === "Escape") {
        if (!commands.hide() && edited) edit(null);
    } else if (event.key === "Enter" && !event.shiftKey) {
        event.preventDefault();
        submit();
    }
}

function sendCommand(command) {
    if (text.value.startsWith("/")) text.value = "";
    grow();
    text.focus();
    attempt(() => acts.sends(state.place, `/${command}`));
}

/** Takes in what is dropped onto the conversation. @param {HTMLElement} onto */
export const takeDrops = (onto) => attach.takeDrops(onto, () => !form.hidden);
