/** What can be done with a message. */

import * as acts from "./acts.js";
import { attempt, confirm, copy, menu, toast } from "./dialogs.js";
import { button, icon } from "./dom.js";
import { pickOne } from "./keyboards.js";
import { state } from "./state.js";
import { hours } from "./time.js";

/** @typedef {import("./state.js").Message} Message */

/**
 * What the conversation offers to its messages.
 *
 * @typedef {{
 *   edit: (message: Message) => void,
 *   inspect: (message: Message) => void,
 *   showMessage: (id: number) => void,
 * }} Offers
 */

/**
 * The button that opens a message's menu.
 *
 * @param {Message} message
 * @param {Offers} offers
 */
export function moreButton(message, offers) {
    const node = button(
        {
            class: "tool more",
            "data-action": "menu",
            "aria-haspopup": "menu",
            "aria-expanded": "false",
            "aria-label": `Actions for the message of ${hours(message.at)}`,
            title: "Actions",
            onclick: () => menu(node, actions(message, offers)),
        },
        icon("more"),
    );
    return node;
}

/**
 * @param {Message} message
 * @param {Offers} offers
 */
function actions(message, offers) {
    const { place } = state;
    return [
        message.can_forward && {
            text: "Forward to a bot",
            action: "forward",
            run: () => attempt(() => forward(place, message)),
        },
        message.text !== "" &&
            !message.is_protected && { text: "Copy the text", action: "copy-text", run: () => copy(message.text) },
        message.is_own && !message.origin && { text: "Edit", action: "edit", run: () => offers.edit(message) },
        message.is_own && {
            text: "Delete",
            action: "delete",
            look: "danger",
            run: async () =>
                (await confirm("Delete the message?", "It vanishes for everybody.", "Delete")) &&
                attempt(() => acts.deletes(place, message.message_id)),
        },
        { text: "What is behind this?", action: "behind", run: () => offers.inspect(message) },
    ].filter(Boolean);
}

/** With one bot there is nothing to choose. */
async function forward(place, { message_id }) {
    const bots = state.view?.bots ?? [];
    const bot =
        bots.length === 1
            ? bots[0].id
            : await pickOne(
                  "Forward to",
                  bots.map(({ id, first_name }) => [id, first_name]),
              );
    if (bot === null) return;
    await acts.forwards(place, message_id, bot);
    toast(`Forwarded to ${bots.find(({ id }) => id === bot)?.first_name}`);
}
