/** Dialogs, alerts, menus and passing notices. */

import { button, byId, h, icon } from "./dom.js";

let count = 0;

/**
 * Shows a dialog and waits until it is closed.
 *
 * @param {{title: string, body?: (Node|string)[], role?: string,
 *   answers?: {text: string, value: string, look?: "main"|"danger"}[], wide?: boolean}} content
 *   a closed dialog answers null
 * @param {(close: (value: any) => void) => (Node|string)[]} [build] makes the body when it has to close the dialog
 * @returns {Promise<any>}
 */
export function ask({ title, body = [], role, answers = [], wide = false }, build) {
    const id = `dialog-${++count}`;
    const titleOf = h("h2", { id }, title);
    let result = null;
    const dialog = h("dialog", { role, "aria-labelledby": id, class: wide ? "wide" : null });
    const close = (value) => {
        result = value;
        dialog.close();
    };
    const foot = answers.map(({ text, value, look }) =>
        h("button", { type: "submit", value, class: look ?? "plain", "data-answer": value }, text),
    );
    const form = h(
        "form",
        {
            onsubmit: (event) => {
                event.preventDefault();
                close(event.submitter?.value ?? answers.at(-1)?.value);
            },
        },
        h(
            "header",
            {},
            titleOf,
            button(
                { class: "tool", "aria-label": "Close", "data-action": "close", onclick: () => close(null) },
                icon("close"),
            ),
        ),
        h("div", { class: "dialog-body" }, body, build?.(close) ?? []),
        foot.length > 0 && h("footer", {}, foot),
    );
    dialog.append(form);
    // A click outside: the dialog itself is hit only where its content is not.
    dialog.addEventListener("mousedown", (event) => event.target === dialog && close(null));
    document.body.append(dialog);
    // Where one will want to be; the first answer is the harmless one.
    (form.querySelector(".dialog-body :is(input, textarea, button)") ?? foot[0])?.setAttribute("autofocus", "");
    dialog.showModal();
    return new Promise((resolve) => {
        dialog.addEventListener("close", () => {
            dialog.remove();
            resolve(result);
        });
    });
}

/** What a bot wants to be read before anything else. */
export const alert = (title, text) =>
    ask({
        title,
        role: "alertdialog",
        body: [h("p", { class: "alert-text", "data-role": "text" }, text)],
        answers: [{ text: "OK", value: "ok", look: "main" }],
    });

/** @returns {Promise<boolean>} */
export const confirm = async (title, text, yes) =>
    (await ask({
        title,
        role: "alertdialog",
        body: [h("p", {}, text)],
        answers: [
            { text: "Cancel", value: "" },
            { text: yes, value: "yes", look: "danger" },
        ],
    })) === "yes";

/** How long a notice stays, in milliseconds: as long as one needs to read it. */
const staying = (text) => 3000 + 60 * text.length;

/** Shows a passing notice. */
export function toast(text, kind = "notice") {
    const box = byId("toasts");
    const note = h("p", { class: `toast ${kind}`, "data-role": "toast" }, text);
    box.append(note);
    // The top layer is in the order of showing: so a notice is above a dialog that is open.
    box.popover = "manual";
    if (box.matches(":popover-open")) box.hidePopover();
    box.showPopover();
    setTimeout(() => note.remove(), staying(text));
}

/** Tells what could not be done. */
export const complain = (error) =>
    toast(error instanceof TypeError ? "The stand-in does not answer." : error.message, "error");

/** Does something, and tells if it cannot be done. @returns {Promise<boolean>} whether it was done */
export async function attempt(act) {
    try {
        await act();
        return true;
    } catch (error) {
        complain(error);
        return false;
    }
}

/** Copies a text, and says so. */
export async function copy(text) {
    try {
        await navigator.clipboard.writeText(text);
        toast("Copied");
    } catch {
        toast(`The browser does not let this page copy: ${text}`, "error");
    }
}

/**
 * Shows a menu at a button.
 *
 * @param {HTMLElement} anchor
 * @param {{text: string, action: string, run: () => void, look?: string}[]} items
 */
export function menu(anchor, items) {
    const buttons = items.map(({ text, action, run, look }) =>
        button(
            {
                role: "menuitem",
                class: look,
                "data-action": action,
                onclick: () => {
                    box.hidePopover();
                    run();
                },
            },
            text,
        ),
    );
    const box = h("div", { class: "menu", role: "menu", popover: "auto", "aria-label": anchor.ariaLabel }, buttons);
    box.addEventListener("keydown", (event) => {
        const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
        if (event.key === "Tab") box.hidePopover();
        if (!step) return;
        const at = buttons.indexOf(document.activeElement);
        buttons[(at + step + buttons.length) % buttons.length].focus();
        event.preventDefault();
    });
    box.addEventListener("toggle", (event) => {
        if (event.newState !== "closed") return;
        if (box.contains(document.activeElement)) anchor.focus();
        anchor.setAttribute("aria-expanded", "false");
        box.remove();
    });
    document.body.append(box);
    box.showPopover();
    place(box, anchor.getBoundingClientRect());
    anchor.setAttribute("aria-expanded", "true");
    buttons[0]?.focus();
}

/** Puts a menu under a button, or above it where there is no room, and never beyond an edge. */
function place(box, at) {
    const { width, height } = box.getBoundingClientRect();
    const below = at.bottom + 4;
    const top = below + height > innerHeight ? at.top - height - 4 : below;
    box.style.top = `${Math.max(8, Math.min(top, innerHeight - height - 8))}px`;
    box.style.left = `${Math.max(8, Math.min(at.right - width, innerWidth - width - 8))}px`;
}
