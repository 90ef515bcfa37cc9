/** Buttons under messages, and those that stand in for the keyboard. */

import * as acts from "./acts.js";
import { Refusal } from "./api.js";
import { alert, ask, attempt, complain, copy, toast } from "./dialogs.js";
import { avatar, button, h, icon } from "./dom.js";
import * as links from "./links.js";
import { state } from "./state.js";

/** @typedef {import("./state.js").Message} Message */
/** @typedef {import("./state.js").Button} Button */
/** @typedef {import("./state.js").ReplyButton} ReplyButton */
/** @typedef {import("./state.js").Place} Place */

/** How long the wheel turns when a bot does not answer, in seconds. */
const PATIENCE = 60;

/** A browser has few connections to one server, so that only so many answers can be awaited at once. */
const MOST_WAITS = 3;

/** What shows beforehand that a button does not ask the bot. */
const MARKS = { url: "out", web_app: "out", copy_text: "copy" };

/** Taps without an answer yet, oldest first. @type {Map<string, AbortController>} */
const waits = new Map();

const nameOf = ({ person, peer }, { message_id }, { value }) => [person, peer, message_id, value].join(" ");

/** @param {Message} message */
export function inlineKeyboard(message) {
    const rows = message.keyboard?.inline ?? [];
    if (rows.length === 0) return null;
    return h(
        "div",
        { class: "keys" },
        rows.map((row) =>
            h(
                "div",
                { class: "keys-row" },
                row.map((key) => inlineKey(message, key)),
            ),
        ),
    );
}

/**
 * @param {Message} message
 * @param {Button} key
 */
function inlineKey(message, key) {
    const { place } = state;
    const node = button(
        {
            class: `key ${key.style ?? ""}`,
            title: key.text,
            "data-action": "press",
            "data-kind": key.kind,
            "data-value": key.value,
            onclick: () => press(place, message, key, node),
        },
        h("span", {}, key.text),
        key.kind in MARKS && icon(MARKS[key.kind]),
    );
    if (waits.has(nameOf(place, message, key))) turn(node, true);
    return node;
}

/** The wheel on a button that waits. */
function turn(node, is) {
    if (is) node.setAttribute("aria-busy", "true");
    else node.removeAttribute("aria-busy");
}

/**
 * @param {Place} place
 * @param {Message} message
 * @param {Button} key
 * @param {HTMLElement} node
 */
function press(place, message, key, node) {
    switch (key.kind) {
        case "callback":
            return tap(place, message, key, node);
        case "url":
            return links.open(key.value);
        case "copy_text":
            return copy(key.value);
        case "web_app":
            return toast("Web Apps cannot be opened here.");
        case "switch_inline":
            return toast("Inline queries are not played here.");
        default:
            return toast("The stand-in does not have this kind of button.");
    }
}

/** Taps, waits for the answer, and shows it. */
async function tap(place, message, key, node) {
    const name = nameOf(place, message, key);
    if (waits.has(name)) return;
    const controller = new AbortController();
    waits.set(name, controller);
    turn(node, true);
    try {
        const id = await acts.presses(place, message.message_id, key.value);
        [...waits.values()].slice(0, -MOST_WAITS).forEach((oldest) => oldest.abort());
        await heed(message.name, await acts.answer(place, id, PATIENCE, controller.signal));
    } catch (error) {
        const isUnanswered = error instanceof Refusal && error.status === 408;
        if (isUnanswered) toast("The bot did not answer the tap.");
        else if (error.name !== "AbortError") complain(error);
    } finally {
        waits.delete(name);
        turn(stillThere(message, key, node), false);
    }
}

/** The button on the page now: an edit of the message may have drawn it anew. */
function stillThere({ message_id }, { value }, node) {
    const keys = document.querySelectorAll(`[data-message="${message_id}"] .key[aria-busy]`);
    return [...keys].find((other) => other.dataset.value === value) ?? node;
}

/** Does what a bot answered; what it shows is not waited for, as the button is free by then. */
async function heed(bot, { text, show_alert, url }) {
    if (url) links.open(url);
    if (text && show_alert) alert(bot, text);
    else if (text) toast(text);
}

/**
 * The keyboard above the composer.
 *
 * @param {ReplyButton[][]} rows
 */
export function replyKeyboard(rows) {
    return rows.map((row) =>
        h(
            "div",
            { class: "keys-row" },
            row.map((key) =>
                button(
                    {
                        class: "key",
                        title: key.text,
                        "data-action": "key",
                        "data-value": key.text,
                        onclick: () => attempt(() => choose(state.place, key)),
                    },
                    h("span", {}, key.text),
                ),
            ),
        ),
    );
}

/**
 * @param {Place} place
 * @param {ReplyButton} key
 */
async function choose(place, { text, request, request_id }) {
    const { people = [], bots = [], chats = [] } = state.view ?? {};
    if (request === "users") {
        const others = [...people.filter(({ id }) => id !== place.person), ...bots];
        const users = await pickSeveral(
            text,
            others.map(({ id, first_name }) => [id, first_name]),
        );
        if (users.length > 0) await acts.sharesUsers(place, request_id, users);
    } else if (request === "chat") {
        const room = await pickOne(
            text,
            chats.filter(({ kind }) => kind !== "bot").map(({ peer, title }) => [peer, title]),
        );
        if (room !== null) await acts.sharesChat(place, request_id, room);
    } else if (request) {
        toast("The stand-in does not play this kind of button.");
    } else {
        await acts.sends(place, text);
    }
}

/**
 * Lets one of several be chosen.
 *
 * @param {string} title
 * @param {[number, string][]} choices
 * @returns {Promise<number|null>}
 */
export function pickOne(title, choices) {
    return ask({ title }, (close) => [
        choices.length === 0
            ? h("p", { class: "quiet" }, "There is nothing to choose from.")
            : h(
                  "ul",
                  { class: "plain-list" },
                  choices.map(([id, name]) =>
                      h(
                          "li",
                          {},
                          button(
                              { class: "row person-row", "data-choice": id, onclick: () => close(id) },
                              avatar(id, name),
                              name,
                          ),
                      ),
                  ),
              ),
    ]);
}

/** @returns {Promise<number[]>} */
async function pickSeveral(title, choices) {
    const boxes = choices.map(([id]) => h("input", { type: "checkbox", value: id, "data-choice": id }));
    const answer = await ask({
        title,
        body: [
            h(
                "ul",
                { class: "plain-list" },
                choices.map(([id, name], at) =>
                    h("li", {}, h("label", { class: "row person-row" }, boxes[at], avatar(id, name), name)),
                ),
            ),
        ],
        answers: [{ text: "Share", value: "share", look: "main" }],
    });
    return answer === null ? [] : boxes.filter(({ checked }) => checked).map(({ value }) => Number(value));
}
