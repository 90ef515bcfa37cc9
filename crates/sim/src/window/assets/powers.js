/** What one can do here that nobody can do at Telegram: move time, break things, look behind them, begin anew. */

import * as acts from "./acts.js";
import { get, post } from "./api.js";
import { attempt, confirm } from "./dialogs.js";
import { button, byId, h, icon, reconcile } from "./dom.js";
import { callElement, problemText } from "./calls.js";
import * as faults from "./faults.js";
import { now, oneAtATime, show as showAll, state } from "./state.js";
import { clockDay, clockTime, hours } from "./time.js";

/** @typedef {import("./state.js").View} View */
/** @typedef {import("./state.js").Message} Message */

/** How many calls are listed; those for updates are left out, as bots make them all the time. */
const RECENT = 40;

const STEPS = [
    ["+5 min", 300],
    ["+1 day", 86_400],
    ["+30 days", 2_592_000],
];

const time = h("p", { class: "clock", "data-role": "clock" });
const amount = h("input", { type: "number", min: 1, max: 9999, value: 1, "aria-label": "How much" });
const unit = h(
    "select",
    { "aria-label": "Of what" },
    [
        ["minutes", 60],
        ["hours", 3600],
        ["days", 86_400],
    ].map(([name, seconds]) => h("option", { value: seconds }, name)),
);
const clockButtons = h(
    "fieldset",
    { class: "clock-buttons" },
    h("legend", { class: "unseen" }, "Move the clock forward"),
    h(
        "div",
        { class: "steps" },
        STEPS.map(([label, seconds]) =>
            button(
                { class: "plain", "data-action": "advance", "data-seconds": seconds, onclick: () => advance(seconds) },
                label,
            ),
        ),
    ),
    h(
        "form",
        {
            class: "steps",
            onsubmit: (event) => {
                event.preventDefault();
                advance(amount.valueAsNumber * Number(unit.value));
            },
        },
        amount,
        unit,
        h("button", { type: "submit", class: "plain", "data-action": "advance-by" }, "Move"),
    ),
);
const clockReason = h("p", { class: "quiet" });
const violations = h("ul", { class: "plain-list", "data-role": "violations" });
const calls = h("div", { "data-role": "calls" });
const violationCount = h("span", { class: "count" });
const save = button({ class: "plain", "data-action": "export", onclick: exportText }, "Export this conversation");
const reset = button({ class: "danger", "data-action": "reset", onclick: beginAnew }, "Reset everything");
const resetReason = h("p", { class: "quiet" });

const main = h(
    "div",
    { class: "panel-body" },
    section("Clock", time, clockButtons, clockReason),
    section("Things that go wrong", faults.element),
    section("Keep, or begin anew", save, reset, resetReason),
    section(["What bots did wrong", violationCount], violations),
    section("Recent calls", calls),
);
const inspector = h("div", { class: "panel-body", hidden: true, "data-role": "inspector" });
const title = h("h2", {}, "Powers");
const backButton = button(
    {
        class: "tool",
        "aria-label": "Back to all powers",
        "data-action": "powers-back",
        hidden: true,
        onclick: () => leaveInspector(),
    },
    icon("back"),
);

/** The message that is looked behind. @type {{place: import("./state.js").Place, message: Message}|null} */
let inspected = null;

function section(heading, ...content) {
    return h("section", {}, h("h3", {}, heading), content);
}

export function begin() {
    const panel = byId("powers");
    panel.append(
        h(
            "header",
            { class: "bar" },
            backButton,
            title,
            button(
                {
                    class: "tool",
                    "aria-label": "Close the powers",
                    "data-action": "powers-close",
                    onclick: togglePowers,
                },
                icon("close"),
            ),
        ),
        main,
        inspector,
    );
    panel.addEventListener("keydown", (event) => event.key === "Escape" && togglePowers());
    setInterval(showClock, 500);
}

/** Opens or closes the panel. */
export function togglePowers() {
    const panel = byId("powers");
    panel.hidden = !panel.hidden;
    showAll();
    if (panel.hidden) document.querySelector("[data-action=powers]")?.focus();
    else panel.querySelector("button:not([hidden])")?.focus();
}

/** Shows the calls behind a message. @param {Message} message */
export function inspect(message) {
    inspected = { place: state.place, message };
    if (byId("powers").hidden) togglePowers();
    else showAll();
    backButton.focus();
}

function leaveInspector() {
    inspected = null;
    showAll();
}

/** @param {View} view */
export function show(view) {
    if (byId("powers").hidden) return;
    main.hidden = inspected !== null;
    inspector.hidden = inspected === null;
    backButton.hidden = inspected === null;
    title.textContent = inspected ? "What is behind this" : "Powers";
    showClock();
    clockButtons.disabled = view.clock === "machine";
    clockReason.textContent =
        view.clock === "machine" ? "The stand-in obeys this machine's clock, which cannot be moved." : "";
    save.disabled = !view.chat;
    reset.disabled = !view.can_reset;
    resetReason.textContent = view.can_reset
        ? "All people, chats and messages go back to how they were at the start."
        : "Who started this stand-in does not offer it: stop it and start it again.";
    showRecords();
}

function showClock() {
    if (byId("powers").hidden || !state.view) return;
    const at = now();
    time.replaceChildren(h("span", {}, clockDay(at)), h("strong", {}, clockTime(at)));
}

const advance = (seconds) => attempt(() => post("clock", { advance_seconds: seconds }));

/** Saves the open conversation as a file. */
export function exportText() {
    h("a", { href: acts.transcript(state.place), download: `${state.view?.chat?.title}.txt` }).click();
}

async function beginAnew() {
    if (!(await confirm("Begin anew?", "Everything that was said and done here is forgotten.", "Reset"))) return;
    await attempt(() => post("reset"));
}

/** Fetches and shows what has been called, which the view of one person does not tell. */
const showRecords = oneAtATime(() => (inspected ? showBehind(inspected) : showCalls()));

async function showCalls() {
    const [wrongs, made] = await Promise.all([
        get("violations"),
        get(`calls?except=getUpdates&newest=${RECENT}`),
        faults.show(),
    ]);
    violationCount.textContent = wrongs.length > 0 ? String(wrongs.length) : "";
    reconcile(violations, wrongs.length > 0 ? wrongs.slice(-RECENT).reverse() : [null], {
        key: (wrong) => (wrong ? `${wrong.at} ${wrong.method} ${problemText(wrong.problem)}` : "none"),
        create: (wrong) =>
            h(
                "li",
                { class: wrong ? "wrong" : "quiet" },
                wrong
                    ? [
                          h("strong", {}, wrong.method),
                          ` ${problemText(wrong.problem)} `,
                          h("time", { class: "quiet" }, hours(wrong.at)),
                      ]
                    : "Nothing so far.",
            ),
    });
    const recent = made
        .filter(({ method }) => method !== "getUpdates")
        .slice(-RECENT)
        .reverse();
    reconcile(calls, recent, { key: ({ id }) => id, create: callElement });
}

async function showBehind({ place, message }) {
    const { person, peer } = place;
    const behind = await get(`behind?person=${person}&peer=${peer}&message_id=${message.message_id}`);
    if (inspected?.message !== message) return;
    const about = `${message.name}, ${hours(message.at)}`;
    reconcile(
        inspector,
        [about, ...(behind.length > 0 ? behind : ["Nobody called anything for it: a person did it."])],
        {
            key: (it) => (typeof it === "string" ? it : it.id),
            create: (it) => (typeof it === "string" ? h("p", { class: "quiet" }, it) : callElement(it, true)),
        },
    );
}
