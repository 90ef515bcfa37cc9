/** The list of a bot's commands above the composer. */

import { button, h } from "./dom.js";

export const element = h("ul", {
    id: "commands",
    class: "commands",
    "aria-label": "Commands",
    hidden: true,
    onkeydown: walk,
});

/**
 * Who sends what was chosen, and where to go from here.
 *
 * @type {{choose: (command: string) => void, leave: () => void}}
 */
let composer;

/** @param {typeof composer} owner */
export function begin(owner) {
    composer = owner;
}

/**
 * Shows those that begin so.
 *
 * @param {{command: string, description: string}[]} all
 * @param {string} beginning
 */
export function show(all, beginning) {
    const fitting = all.filter(({ command }) => command.startsWith(beginning.toLowerCase()));
    element.hidden = fitting.length === 0;
    element.replaceChildren(...fitting.map(item));
}

/** @returns {boolean} whether there was something to hide */
export function hide() {
    const was = element.hidden;
    element.hidden = true;
    return !was;
}

/** Goes to the command nearest to the composer. @returns {boolean} whether there is one */
export function focus() {
    if (element.hidden) return false;
    element.querySelector("li:last-child button")?.focus();
    return true;
}

function item({ command, description }) {
    const onclick = () => {
        hide();
        composer.choose(command);
    };
    return h(
        "li",
        {},
        button({ "data-command": command, onclick }, h("strong", {}, `/${command}`), h("span", {}, description)),
    );
}

function walk(event) {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!step && event.key !== "Escape") return;
    event.preventDefault();
    const all = [...element.querySelectorAll("button")];
    const next = step && all[all.indexOf(document.activeElement) + step];
    if (event.key === "Escape") hide();
    if (next) next.focus();
    else composer.leave();
}
