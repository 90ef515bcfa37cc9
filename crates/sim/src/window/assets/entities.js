/** Texts and what adorns them. Offsets are in UTF-16 code units, which is how this language counts, too. */

import { copy } from "./dialogs.js";
import { button, h } from "./dom.js";
import * as links from "./links.js";
import { full } from "./time.js";

/** @typedef {import("./state.js").Entity} Entity */

/** The simple looks, by the element that has them. */
const LOOKS = { bold: "strong", italic: "em", underline: "u", strikethrough: "s" };

/** These stand on lines of their own. */
const BLOCKS = ["pre", "blockquote", "expandable_blockquote"];

/**
 * A text with all that adorns it.
 *
 * @param {string} text
 * @param {Entity[]} entities in any order; where two overlap, the later one is split
 * @param {(command: string) => void} onCommand sends a command
 * @returns {Node[]}
 */
export function adorn(text, entities, onCommand) {
    const sorted = [...entities].sort((a, b) => a.offset - b.offset || b.length - a.length);
    return stretch(text, 0, text.length, sorted, onCommand);
}

function stretch(text, from, to, entities, onCommand) {
    const nodes = [];
    let at = from;
    const rest = [...entities];
    while (rest.length > 0) {
        const entity = /** @type {Entity} */ (rest.shift());
        const start = Math.max(entity.offset, at);
        const end = Math.min(entity.offset + entity.length, to);
        if (start >= end) continue;
        if (at < start) nodes.push(text.slice(at, start));
        // What begins inside is drawn inside; what goes on beyond the end is drawn there once more.
        const inside = rest.filter(({ offset }) => offset < end);
        const beyond = inside
            .filter(({ offset, length }) => offset + length > end)
            .map((other) => ({ ...other, offset: end, length: other.offset + other.length - end }));
        rest.splice(0, inside.length, ...beyond);
        nodes.push(element(entity, text.slice(start, end), stretch(text, start, end, inside, onCommand), onCommand));
        at = end;
        // A quote ends its line by itself.
        if (BLOCKS.includes(entity.type) && text[at] === "\n" && at < to) at += 1;
    }
    if (at < to) nodes.push(text.slice(at, to));
    return nodes;
}

/**
 * @param {Entity} entity
 * @param {string} words what it covers
 * @param {(Node|string)[]} inside the same, adorned
 * @param {(command: string) => void} onCommand
 */
function element(entity, words, inside, onCommand) {
    const look = LOOKS[entity.type];
    if (look) return h(look, {}, inside);
    switch (entity.type) {
        case "spoiler":
            return spoiler(inside);
        case "code":
            return inText("code", { title: "Copy", "data-action": "copy-code" }, inside, () => copy(words));
        case "pre":
            return h("pre", { "data-language": entity.language }, h("code", {}, inside));
        case "blockquote":
            return h("blockquote", {}, inside);
        case "expandable_blockquote":
            return foldable(inside);
        case "url":
        case "text_link":
            return link(entity.type === "url" ? words : (entity.url ?? ""), inside);
        case "email":
            return link(`mailto:${words}`, inside);
        case "mention":
            return inText("span", { class: "link", "data-action": "mention" }, inside, () => links.open(words));
        case "text_mention":
            return inText("span", { class: "link", "data-action": "mention" }, inside, () =>
                links.showUser(entity.user?.id),
            );
        case "bot_command":
            return inText("span", { class: "link", "data-action": "command" }, inside, () => onCommand(words));
        case "date_time":
            return h("time", { title: full((entity.unix_time ?? 0) * 1000) }, inside);
        case "hashtag":
        case "cashtag":
            return h("span", { class: "tag" }, inside);
        default:
            return h("span", {}, inside);
    }
}

/** A button in the middle of a text. A real one would not break over lines, as words do. */
function inText(tag, attributes, inside, act) {
    const pressed = (event) => {
        if (!["Enter", " "].includes(event.key)) return;
        event.preventDefault();
        act();
    };
    return h(tag, { role: "button", tabindex: 0, onclick: act, onkeydown: pressed, ...attributes }, inside);
}

/** What leads to a chat is followed here; anything else opens beside this page. */
function link(address, inside) {
    const leadsOut = links.inner(address) === null && !address.startsWith("tg:");
    const href = leadsOut && links.outer(address);
    if (href) return h("a", { class: "link", href, title: href, target: "_blank", rel: "noopener noreferrer" }, inside);
    const attributes = { class: "link", role: "link", title: address, "data-action": "link", "data-value": address };
    return inText("span", attributes, inside, () => links.open(address));
}

/** Hidden from eyes, screen readers and the tab key alike until somebody asks. */
function spoiler(inside) {
    const node = inText(
        "span",
        { class: "spoiler", "aria-label": "Hidden words. Reveal", "data-action": "reveal" },
        h("span", { inert: true }, inside),
        () => reveal(node.closest("article")),
    );
    return node;
}

/** Shows all that is hidden in a message, as one click does at Telegram. @param {HTMLElement} message */
export function reveal(message) {
    if (message.classList.contains("revealed")) return;
    // What had the focus is no button any more.
    if (message.contains(document.activeElement)) message.focus({ preventScroll: true });
    message.classList.add("revealed");
    for (const node of message.querySelectorAll(".spoiler")) {
        for (const name of ["role", "tabindex", "aria-label", "data-action"]) node.removeAttribute(name);
        node.firstElementChild?.removeAttribute("inert");
    }
}

function foldable(inside) {
    const words = h("div", { class: "folded" }, inside);
    const more = button(
        {
            class: "unfold",
            "aria-expanded": "false",
            "data-action": "expand",
            onclick: () => {
                const isOpen = words.classList.toggle("folded") === false;
                more.setAttribute("aria-expanded", String(isOpen));
                more.textContent = isOpen ? "Show less" : "Show more";
            },
        },
        "Show more",
    );
    // Only when it stands somewhere can it be known whether there is more than what is shown.
    requestAnimationFrame(() => {
        more.hidden = words.scrollHeight <= words.clientHeight + 1;
    });
    return h("blockquote", { class: "foldable" }, words, more);
}
