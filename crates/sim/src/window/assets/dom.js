/** Building and renewing the page's elements. Text is always text: nothing here reads HTML. */

/**
 * An element: attributes by name, listeners as `onclick` and so on; what is null or false is left out.
 *
 * @param {string} tag
 * @param {Object<string, any>} [attributes]
 * @param {...(Node|string|null|false|undefined|Array)} children
 * @returns {any} the element; its type depends on the tag
 */
export function h(tag, attributes = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
        if (value === null || value === undefined || value === false) continue;
        if (typeof value === "function") node.addEventListener(name.slice(2), value);
        else node.setAttribute(name, value === true ? "" : value);
    }
    node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
    return node;
}

/** A button that does nothing but what its listener does. */
export const button = (attributes, ...children) => h("button", { type: "button", ...attributes }, ...children);

/** @param {string} id */
export const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

const ICONS = {
    add: "M12 5v14M5 12h14",
    attach: "M20 11l-8.5 8.5a5 5 0 0 1-7-7L13 4a3.5 3.5 0 0 1 5 5l-8.5 8.5a2 2 0 0 1-3-3L14 7",
    back: "M15 5l-7 7 7 7",
    close: "M6 6l12 12M18 6L6 18",
    copy: "M9 9h11v11H9zM15 9V4H4v11h5",
    down: "M6 9l6 6 6-6",
    file: "M7 3h7l5 5v13H7zM14 3v5h5",
    link: "M10 14a4 4 0 0 0 6 0l3-3a4.2 4.2 0 0 0-6-6l-1.5 1.5M14 10a4 4 0 0 0-6 0l-3 3a4.2 4.2 0 0 0 6 6l1.5-1.5",
    more: "M5.5 12h.01M12 12h.01M18.5 12h.01",
    out: "M7 17L17 7M8 7h9v9",
    powers: "M4 7h9M17 7h3M4 17h3M11 17h9M15 4.5v5M9 14.5v5",
    send: "M4 12l16-8-6 16-3-7z",
    slash: "M15 5L9 19",
};

/**
 * @param {keyof typeof ICONS} name
 * @returns {SVGSVGElement}
 */
export function icon(name) {
    const make = (/** @type {string} */ tag) => document.createElementNS("http://www.w3.org/2000/svg", tag);
    const svg = /** @type {SVGSVGElement} */ (make("svg"));
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("class", `icon icon-${name}`);
    svg.setAttribute("aria-hidden", "true");
    const path = make("path");
    path.setAttribute("d", ICONS[name]);
    svg.append(path);
    return svg;
}

/** The first letters of a name in a coloured round, which tells nothing that the name does not tell. */
export function avatar(id, name) {
    const letters = name
        .split(/\s+/)
        .filter(Boolean)
        .slice(0, 2)
        .map((word) => [...word][0]);
    return h(
        "span",
        { class: `avatar hue-${Math.abs(id) % 6}`, "aria-hidden": "true" },
        letters.join("").toUpperCase(),
    );
}

/** How many are unread; nothing when none are. */
export function badge(count) {
    if (count === 0) return null;
    return h("span", { class: "badge" }, count > 99 ? "99+" : String(count), h("span", { class: "unseen" }, " unread"));
}

/** What a list showed last, by its element. @type {WeakMap<Element, Map<any, {node: Element, looks: string}>>} */
const shown = new WeakMap();

/**
 * Brings a list up to date without touching what has not changed, so that focus, selection, scrolling and
 * whatever people have unfolded survive.
 *
 * @template T
 * @param {Element} parent
 * @param {T[]} items
 * @param {{key: (item: T) => any, create: (item: T) => Element, stamp?: (item: T) => any,
 *   carry?: (old: Element, fresh: Element) => void}} how
 *   `stamp` is all that the element depends on; `carry` takes over what people did to the old element
 */
export function reconcile(parent, items, { key, create, stamp = (item) => item, carry }) {
    const before = shown.get(parent) ?? new Map();
    const after = new Map(items.map((item) => [key(item), { item, looks: JSON.stringify(stamp(item)) }]));
    // First what has gone: to move an element is to lose its focus, so the rest must stand where it stood.
    for (const [id, { node }] of before) if (!after.has(id)) node.remove();

    const now = new Map();
    let cursor = parent.firstElementChild;
    for (const [id, { item, looks }] of after) {
        const old = before.get(id);
        let node = old?.node;
        if (old?.looks !== looks) {
            node = create(item);
            if (old) {
                if (cursor === old.node) cursor = node;
                carry?.(old.node, node);
                replaceKeepingFocus(old.node, node);
            }
        }
        now.set(id, { node, looks });
        if (node === cursor) cursor = cursor.nextElementSibling;
        else parent.insertBefore(node, cursor);
    }
    shown.set(parent, now);
}

/** Puts an element in another's place; who was on a button in the old one is on the same in the new one. */
function replaceKeepingFocus(old, fresh) {
    const focused = old.contains(document.activeElement) ? document.activeElement : null;
    old.replaceWith(fresh);
    if (!focused) return;
    const { action, value } = focused.dataset;
    const same = [...fresh.querySelectorAll("[data-action]")].filter((node) => node.dataset.action === action);
    (same.find((node) => node.dataset.value === value) ?? same[0] ?? fresh).focus({ preventScroll: true });
}

/** Lets the arrow keys go from one button of a list to the next. */
export function walkWithArrows(list, selector) {
    list.addEventListener("keydown", (event) => {
        const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
        const from = event.target.closest(selector);
        if (!step || !from) return;
        const stops = [...list.querySelectorAll(selector)];
        stops[stops.indexOf(from) + step]?.focus();
        event.preventDefault();
    });
}
