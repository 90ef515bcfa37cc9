/** What the page shows, where it is, and how it stays up to date. */

import { get, listen, query, Refusal } from "./api.js";

/**
 * @typedef {{person: number|null, peer: number|null}} Place  who one is, and in which chat
 * @typedef {{id: number, first_name: string, last_name: string|null, username: string|null, note: string|null,
 *   is_deactivated: boolean, unread: number}} Person
 * @typedef {{id: number, username: string, first_name: string}} Bot
 * @typedef {{type: string, offset: number, length: number, url?: string, language?: string|null,
 *   user?: {id: number}, unix_time?: number}} Entity
 * @typedef {{text: string, kind: string, value: string, style?: string|null}} Button
 * @typedef {{text: string, request: "users"|"chat"|"unavailable"|null, request_id: number|null}} ReplyButton
 * @typedef {{kind: string, file_name: string|null, mime_type: string, size: number|null,
 *   url: string|null, album: string|null, has_spoiler: boolean, is_text_above: boolean}} Media
 * @typedef {{message_id: number, revision: number, by: "bot"|"person"|"room"|"service", author_id: number,
 *   name: string, is_own: boolean, at: string, edited_at: string|null, text: string, entities: Entity[],
 *   media: Media|null, origin: {name: string, at: string}|null,
 *   reply_to: {message_id: number, name: string, text: string}|null, keyboard: {inline: Button[][]}|null,
 *   reactions: {emoji: string, count: number}[], is_protected: boolean, can_forward: boolean}} Message
 * @typedef {{peer: number, kind: "bot"|"channel"|"supergroup"|"group", title: string, username: string|null,
 *   status: string, is_asking: boolean, is_started: boolean, is_blocked: boolean, member_count: number|null,
 *   unread: number, last: {at: string, name: string, text: string}|null}} Chat
 * @typedef {Chat & {can_write: boolean, may_post: boolean, commands: {command: string, description: string}[],
 *   earlier: number, keyboard: ReplyButton[][]|null, messages: Message[]}} OpenChat
 * @typedef {{world: string, revision: number, now: string, clock: "machine"|"movable"|"manual",
 *   can_reset: boolean, bots: Bot[], people: Person[], chats?: Chat[], chat?: OpenChat|null,
 *   addresses?: {address: string, title: string, kind: string, asks: boolean}[]}} View
 */

/** @type {{place: Place, view: View|null, receivedAt: number}} */
export const state = { place: readHash(), view: null, receivedAt: 0 };

/** @type {((view: View) => void)[]} */
const watchers = [];

/** @param {(view: View) => void} show is called with everything after every change */
export const watch = (show) => watchers.push(show);

/** Shows again what is known, after a change that the stand-in does not know of. */
export const show = () => state.view && watchers.forEach((watcher) => watcher(/** @type {View} */ (state.view)));

/** A screen that has room for a chat beside the list opens one by itself. */
const isWide = () => matchMedia("(min-width: 45rem)").matches;

function readHash() {
    const fields = new URLSearchParams(location.hash.slice(1));
    const number = (name) => (Number.isSafeInteger(Number(fields.get(name) ?? NaN)) ? Number(fields.get(name)) : null);
    return { person: number("person"), peer: number("peer") };
}

/** Goes to another person or chat; with `quietly` the way back does not lead here. */
export function go(place, { quietly = false } = {}) {
    const next = { ...state.place, ...place };
    const hash = `#${query(next).slice(1)}`;
    if (quietly) history.replaceState(null, "", hash);
    else if (hash !== location.hash) history.pushState(null, "", hash);
    arrive(next);
}

function arrive(place) {
    state.place = place;
    document.body.dataset.pane = place.peer === null ? "list" : "chat";
    return refresh();
}

/**
 * Makes something that may be wanted at any moment happen as often as wanted, but never twice at once: what is wanted
 * meanwhile is done once more, afterwards.
 *
 * @param {() => Promise<void>} run
 */
export function oneAtATime(run) {
    let isWanted = false;
    let isBusy = false;
    return async () => {
        isWanted = true;
        if (isBusy) return;
        isBusy = true;
        while (isWanted) {
            isWanted = false;
            // Without an answer there is nothing to show; the stream of events tells when there is one again.
            await run().catch((error) => console.warn(error));
        }
        isBusy = false;
    };
}

/** Fetches everything anew. */
export const refresh = oneAtATime(load);

async function load() {
    const asked = state.place;
    const view = await ask(asked);
    if (asked !== state.place) return;
    const place =
        view === null ? { person: asked.peer === null ? null : asked.person, peer: null } : settle(asked, view);
    if (place.person !== asked.person || place.peer !== asked.peer) {
        go(place, { quietly: true });
        return;
    }
    state.view = view;
    state.receivedAt = performance.now();
    document.body.dataset.world = view.world;
    show();
}

/** @returns {Promise<View|null>} null when there is no such person or chat */
async function ask(place) {
    try {
        return await get(`window${query(place)}`);
    } catch (error) {
        if (error instanceof Refusal && place.person !== null) return null;
        throw error;
    }
}

/** Where to be, when the address does not say or says something that is not there. */
function settle({ person, peer }, view) {
    const whom = view.people.find(({ id }) => id === person) ?? view.people[0];
    if (!whom) return { person: null, peer: null };
    const isThere = whom.id === person && peer !== null && Boolean(view.chat);
    const first = isWide() ? (view.bots[0]?.id ?? null) : null;
    return { person: whom.id, peer: isThere ? peer : first };
}

/** The stand-in's time, in milliseconds since 1970; it runs unless the clock stands still. */
export function now() {
    if (!state.view) return Date.now();
    const passed = state.view.clock === "manual" ? 0 : performance.now() - state.receivedAt;
    return Date.parse(state.view.now) + passed;
}

/** Begins to show, and keeps up with the stand-in. */
export function start(onConnection) {
    let world = null;
    listen({
        world: (id) => {
            // Started anew: the same numbers mean other messages now, and perhaps this script is an old one.
            if (world !== null && world !== id) return location.reload();
            world = id;
            return refresh();
        },
        changed: refresh,
        connected: onConnection,
    });
    addEventListener("popstate", () => arrive(readHash()));
    arrive(state.place);
}
