/** Switches for what goes wrong at Telegram. */

import { get, post, remove } from "./api.js";
import { attempt } from "./dialogs.js";
import { button, h, reconcile } from "./dom.js";

/** Those that one can choose; `seconds` is the name of the field that says how long, if one has to. */
const KINDS = [
    { name: "Too many requests (429)", fault: { kind: "flood" }, seconds: "retry_after" },
    { name: "Outage (502, a page of HTML)", fault: { kind: "html", code: 502 } },
    {
        name: "Outage (500, Internal Server Error)",
        fault: { kind: "error", code: 500, description: "Internal Server Error" },
    },
    { name: "Slow", fault: { kind: "slow" }, seconds: "seconds" },
    { name: "Cut before the effect", fault: { kind: "cut" } },
    { name: "Cut after the effect", fault: { kind: "cut", after_effect: true } },
];

const kind = h(
    "select",
    { name: "kind", onchange: () => (seconds.parentElement.hidden = !chosen().seconds) },
    KINDS.map(({ name }, at) => h("option", { value: at }, name)),
);
const seconds = h("input", { name: "seconds", type: "number", min: 1, max: 3600, value: 5, required: true });
const method = h("input", {
    name: "method",
    placeholder: "every one",
    autocomplete: "off",
    spellcheck: "false",
    list: "methods",
});
const times = h("input", { name: "times", type: "number", min: 1, max: 9999, placeholder: "until removed" });
const list = h("ul", { class: "plain-list", "data-role": "faults", "aria-label": "Faults at work" });

const field = (label, input) => h("label", { class: "field" }, label, input);

export const element = h(
    "div",
    {},
    h(
        "form",
        {
            class: "fault-form",
            onsubmit: (event) => {
                event.preventDefault();
                attempt(inject);
            },
        },
        field("What goes wrong", kind),
        field("Seconds", seconds),
        field("How many times", times),
        field("Method", method),
        h(
            "datalist",
            { id: "methods" },
            [
                "sendMessage",
                "editMessageText",
                "answerCallbackQuery",
                "sendPhoto",
                "getUpdates",
                "approveChatJoinRequest",
            ].map((value) => h("option", { value })),
        ),
        h("button", { type: "submit", class: "plain", "data-action": "inject-fault" }, "Let it happen"),
    ),
    list,
);

const chosen = () => KINDS[Number(kind.value)];

async function inject() {
    const { fault, seconds: name } = chosen();
    await post("faults", {
        ...fault,
        ...(name ? { [name]: seconds.valueAsNumber } : {}),
        ...(method.value.trim() ? { method: method.value.trim() } : {}),
        ...(times.value ? { times: times.valueAsNumber } : {}),
    });
    await show();
}

/** Fetches and shows those that are at work. */
export async function show() {
    reconcile(list, await get("faults"), { key: ({ id }) => id, create: faultElement });
}

function faultElement({ id, fault, applied }) {
    return h(
        "li",
        { class: "fault", "data-fault": id },
        h(
            "span",
            {},
            h("strong", {}, describe(fault)),
            h(
                "span",
                { class: "quiet" },
                `${fault.method ?? "every method"} · happened ${applied}${fault.times ? ` of ${fault.times}` : ""} ×`,
            ),
        ),
        button(
            {
                class: "plain",
                "data-action": "remove-fault",
                "data-value": id,
                "aria-label": `Remove: ${describe(fault)}`,
                onclick: () =>
                    attempt(async () => {
                        await remove(`faults/${id}`);
                        await show();
                    }),
            },
            "Remove",
        ),
    );
}

function describe({ kind: what, code, retry_after, seconds: held, after_effect }) {
    switch (what) {
        case "flood":
            return `429 for ${retry_after} s`;
        case "html":
            return `Outage ${code}`;
        case "error":
            return `Error ${code}`;
        case "slow":
            return `Slow by ${held} s`;
        case "cut":
            return after_effect ? "Cut after the effect" : "Cut before the effect";
        default:
            return what.replaceAll("_", " ");
    }
}
