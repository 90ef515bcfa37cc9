/** What people do, as requests to the stand-in. A place says who does it, and in which chat. */

import { get, post, query } from "./api.js";

/** @typedef {import("./state.js").Place} Place */

const isRoom = (peer) => peer < 0;

/** An act of somebody towards the bot, or in the room, that the place names. */
function act({ person, peer }, name, body, more = {}) {
    const where = isRoom(peer) ? { room: peer } : { bot: peer };
    return post(`people/${person}/${name}${query({ ...where, ...more })}`, body);
}

const inRoom = ({ person, peer }, name, body) => post(`people/${person}/rooms/${peer}/${name}`, body);

export const sends = (place, text) =>
    isRoom(place.peer) ? inRoom(place, "writes", { text }) : act(place, "sends", { text });

export const edits = (place, message_id, text) =>
    isRoom(place.peer) ? inRoom(place, "edits", { message_id, text }) : act(place, "edits", { message_id, text });

export const deletes = (place, message_id) =>
    act(place, "deletes", { message_id, room: isRoom(place.peer) ? place.peer : undefined });

export const sendsMedia = (place, kind, file, caption) =>
    act(place, "sends_media", file, { kind, file_name: file.name, mime_type: file.type, caption });

export const forwards = ({ person, peer }, message_id, bot) =>
    post(`people/${person}/forwards${query({ bot })}`, { chat_id: peer, message_id });

export const reads = ({ person, peer }, message_id) => post(`people/${person}/reads`, { peer, message_id });

/** Taps a button; answers the number of the callback query. */
export const presses = async (place, message_id, data) =>
    (await act(place, "presses_on", { message_id, data })).callback_query_id;

/**
 * Waits for the answer to a tap, in seconds.
 *
 * @returns {Promise<{text: string|null, show_alert: boolean, url: string|null}>}
 */
export const answer = ({ person, peer }, id, timeout, signal) =>
    get(`people/${person}/answers/${id}${query({ timeout, bot: isRoom(peer) ? null : peer })}`, signal);

export const blocks = (place) => act(place, "blocks");
export const unblocks = (place) => act(place, "unblocks");
export const opensLink = (place, payload) => act(place, "opens_link", { payload });
export const sharesUsers = (place, request_id, users) => act(place, "shares_users", { request_id, users });
export const sharesChat = (place, request_id, room) => act(place, "shares_chat", { request_id, room });

export const leaves = (place) => inRoom(place, "leaves");
export const withdrawsRequest = (place) => inRoom(place, "withdraws_request");
export const joins = ({ person }, address) => post(`people/${person}/joins`, { address });
export const asksToJoin = ({ person }, address) => post(`people/${person}/asks_to_join`, { address });

/**
 * What an address leads to.
 *
 * @returns {Promise<{kind: string, peer: number|null, start?: string, title?: string, member_count?: number,
 *   asks?: boolean, is_in?: boolean, is_asking?: boolean}>}
 */
export const looksUp = ({ person }, address) => get(`people/${person}/looks_up${query({ address })}`);

/** Where the conversation can be had as text. */
export const transcript = ({ person, peer }) =>
    isRoom(peer) ? `/sim/rooms/${peer}/transcript` : `/sim/people/${person}/transcript${query({ bot: peer })}`;
