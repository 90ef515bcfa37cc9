/** The head of the open chat: what it is, and what can be done with it as a whole. */

import * as acts from "./acts.js";
import { attempt, confirm, menu } from "./dialogs.js";
import { avatar, button, byId, h, icon, reconcile } from "./dom.js";
import { headcount } from "./links.js";
import { go, state } from "./state.js";

/** @typedef {import("./state.js").OpenChat} OpenChat */

const powersButton = button(
    { class: "tool labelled", "data-action": "powers", "aria-controls": "powers" },
    icon("powers"),
    h("span", {}, "Powers"),
);
const backButton = button(
    { class: "tool back", "data-action": "back", "aria-label": "Back to the chats", onclick: () => go({ peer: null }) },
    icon("back"),
);
const chatMenu = button(
    {
        class: "tool",
        "data-action": "chat-menu",
        "aria-label": "Actions for this chat",
        title: "Actions for this chat",
        "aria-haspopup": "menu",
        "aria-expanded": "false",
        onclick: () => menu(chatMenu, chatActions()),
    },
    icon("more"),
);
const about = h("div", { class: "about" });

export const element = h("header", { class: "bar" }, backButton, about, powersButton, chatMenu);

/** @type {() => void} */
let exportText;

/** @param {{exportText: () => void, togglePowers: () => void}} powers */
export function begin(powers) {
    exportText = powers.exportText;
    powersButton.addEventListener("click", powers.togglePowers);
}

/** @param {OpenChat|null} chat */
export function show(chat) {
    powersButton.setAttribute("aria-expanded", String(!byId("powers").hidden));
    chatMenu.hidden = !chat;
    document.title = chat ? `${chat.title} · The window` : "The window";
    reconcile(about, chat ? [chat] : [], {
        key: ({ peer }) => peer,
        stamp: ({ title, username, member_count }) => [title, username, member_count],
        create: (it) =>
            h(
                "div",
                { class: "about-line" },
                avatar(it.peer, it.title),
                h("h2", { "data-role": "title" }, it.title),
                h(
                    "span",
                    { class: "quiet", "data-role": "status" },
                    [it.kind === "bot" ? "bot" : headcount(it.kind, it.member_count), it.username && `@${it.username}`]
                        .filter(Boolean)
                        .join(" · "),
                ),
            ),
    });
}

function chatActions() {
    const chat = /** @type {OpenChat} */ (state.view?.chat);
    const { place } = state;
    const isMember = chat.kind !== "bot" && !["left", "kicked"].includes(chat.status);
    return [
        chat.kind === "bot" &&
            !chat.is_blocked &&
            chat.is_started && {
                text: "Block the bot",
                action: "block",
                look: "danger",
                run: () => attempt(() => acts.blocks(place)),
            },
        chat.kind === "bot" &&
            chat.is_blocked && {
                text: "Unblock the bot",
                action: "unblock",
                run: () => attempt(() => acts.unblocks(place)),
            },
        { text: "Export as text", action: "export", run: exportText },
        isMember && {
            text: `Leave the ${chat.kind === "channel" ? "channel" : "group"}`,
            action: "leave",
            look: "danger",
            run: async () =>
                (await confirm("Leave?", `${chat.title} may not let you in again.`, "Leave")) &&
                attempt(() => acts.leaves(place)),
        },
    ].filter(Boolean);
}
