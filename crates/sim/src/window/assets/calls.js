/** Calls of the Bot API, to be read. */

import { h } from "./dom.js";
import { clockTime, full } from "./time.js";

/**
 * @typedef {{kind: string, name?: string, expected?: string, units?: number, limit?: number, what?: string}} Problem
 * @typedef {{id: number, bot_id: number, method: string, parameters: any, at: string, status: number|null,
 *   description: string|null, fault: number|null, result?: any, violations?: {problem: Problem}[]}} Call
 */

/** @param {Problem} problem */
export function problemText({ kind, name, expected, units, limit, what }) {
    switch (kind) {
        case "unknown_method":
            return "is not known here";
        case "unknown_parameter":
            return `has no parameter “${name}”`;
        case "missing_parameter":
            return `lacks the parameter “${name}”`;
        case "ill_typed":
            return `wants “${name}” to be ${expected}`;
        case "too_long":
            return `has ${units} UTF-16 code units in “${name}”, more than ${limit}`;
        default:
            return `uses what the stand-in does not have: ${what}`;
    }
}

/**
 * One call, to be unfolded.
 *
 * @param {Call} call
 * @param {boolean} [isOpen]
 */
export function callElement(
    { method, parameters, at, status, description, fault, result, violations = [] },
    isOpen = false,
) {
    const isGood = status !== null && status < 400;
    return h(
        "details",
        { class: "call", open: isOpen, "data-method": method },
        h(
            "summary",
            {},
            h("strong", {}, method),
            h("span", { class: `status ${isGood ? "good" : "bad"}` }, status === null ? "cut" : String(status)),
            violations.length > 0 && h("span", { class: "status bad" }, `${violations.length} wrong`),
            h("time", { class: "quiet", datetime: at, title: full(at) }, clockTime(at)),
        ),
        description && h("p", { class: "wrong" }, description),
        fault !== null && h("p", { class: "quiet" }, `Fault ${fault} befell it.`),
        violations.map(({ problem }) => h("p", { class: "wrong" }, `${method} ${problemText(problem)}`)),
        h("h4", {}, "Parameters"),
        pretty(parameters),
        result !== undefined && result !== null && [h("h4", {}, "Result"), pretty(result)],
    );
}

const pretty = (value) => h("pre", { class: "json", tabindex: 0 }, JSON.stringify(unfold(value), null, 2));

/** Parameters that are JSON inside a string, as keyboards are, are shown as what they mean. */
function unfold(value) {
    if (Array.isArray(value)) return value.map(unfold);
    if (value && typeof value === "object")
        return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, unfold(inner)]));
    if (typeof value !== "string" || !/^[[{]/.test(value)) return value;
    try {
        return JSON.parse(value);
    } catch {
        return value;
    }
}
