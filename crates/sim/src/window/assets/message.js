/** How one message looks. */

import * as acts from "./acts.js";
import { moreButton } from "./actions.js";
import { attempt } from "./dialogs.js";
import { button, h } from "./dom.js";
import { adorn, reveal } from "./entities.js";
import { inlineKeyboard } from "./keyboards.js";
import { pictures } from "./media.js";
import { state } from "./state.js";
import { full, hours } from "./time.js";

/** @typedef {import("./state.js").Message} Message */
/** @typedef {import("./actions.js").Offers} Offers */

/**
 * One message, or the pictures of one album with the text of the first that has one.
 *
 * @param {Message[]} messages never empty
 * @param {{isRight: boolean, isFirst: boolean, hasName: boolean}} how `isFirst` of those that somebody wrote in a row
 * @param {Offers} offers
 * @returns {HTMLElement}
 */
export function messageElement(messages, how, offers) {
    const message = messages.find(({ text }) => text !== "") ?? messages[0];
    if (message.by === "service") {
        return h(
            "p",
            { class: "service", "data-message": message.message_id, "data-by": "service", tabindex: -1 },
            h("span", { "data-role": "text", dir: "auto" }, message.text),
            h("time", { class: "unseen", datetime: message.at }, ` ${hours(message.at)}`),
        );
    }
    const name =
        how.hasName &&
        h("header", { class: `author hue-${Math.abs(message.author_id) % 6}`, "data-role": "name" }, message.name);
    const text =
        message.text !== "" &&
        h(
            "div",
            { class: "words", dir: "auto", "data-role": "text" },
            adorn(message.text, message.entities, (command) => attempt(() => acts.sends(state.place, command))),
        );
    const media = messages[0].media && pictures(messages);
    const isAbove = message.media?.is_text_above;
    const isBare = !text && ["photo", "video", "animation"].includes(message.media?.kind ?? "");
    return h(
        "article",
        {
            class: [
                "message",
                how.isRight && "right",
                how.isFirst && "first",
                isBare && "bare",
                message.keyboard && "has-keys",
                media && "has-media",
            ]
                .filter(Boolean)
                .join(" "),
            "data-message": messages[0].message_id,
            "data-by": message.by,
            "data-own": message.is_own,
            tabindex: -1,
            "aria-label": `${message.is_own ? "You" : message.name}, ${hours(message.at)}`,
        },
        h(
            "div",
            { class: "bubble" },
            name,
            origin(message),
            reply(message, offers),
            isAbove ? [text, media] : [media, text],
            reactions(message),
            footnote(message),
        ),
        inlineKeyboard(message),
        moreButton(message, offers),
    );
}

/** Takes over to a message's new look what somebody opened in the old one. */
export function carry(old, fresh) {
    if (old.classList.contains("revealed")) reveal(fresh);
    const opened = [...old.querySelectorAll(".unfold")].map((more) => more.getAttribute("aria-expanded") === "true");
    fresh.querySelectorAll(".unfold").forEach((more, at) => opened[at] && more.click());
}

/** @param {Message} message */
function footnote({ at, edited_at }) {
    const title = edited_at ? `${full(at)}, edited ${full(edited_at)}` : full(at);
    return h(
        "footer",
        { class: "meta", title },
        edited_at && h("span", { "data-role": "edited" }, "edited "),
        h("time", { datetime: at }, hours(at)),
    );
}

/** @param {Message} message */
function origin({ origin: from }) {
    return from && h("p", { class: "origin", title: full(from.at) }, "Forwarded from ", h("strong", {}, from.name));
}

/**
 * @param {Message} message
 * @param {Offers} offers
 */
function reply({ reply_to: to }, { showMessage }) {
    return (
        to &&
        button(
            {
                class: "reply",
                "data-action": "reply",
                "aria-label": `In reply to ${to.name}: ${to.text}`,
                onclick: () => showMessage(to.message_id),
            },
            h("strong", {}, to.name),
            h("span", {}, to.text || "…"),
        )
    );
}

/** @param {Message} message */
function reactions({ reactions: all }) {
    return (
        all.length > 0 &&
        h(
            "ul",
            { class: "reactions", "aria-label": "Reactions" },
            all.map(({ emoji, count }) =>
                h("li", {}, emoji, h("span", { class: count > 1 ? null : "unseen" }, ` ${count}`)),
            ),
        )
    );
}
