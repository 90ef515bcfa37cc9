/** The stand-in's routes under `/sim`, and what it announces. */

/** The stand-in says why something cannot be done. */
export class Refusal extends Error {
    /**
     * @param {number} status of HTTP
     * @param {string} why for people
     */
    constructor(status, why) {
        super(why);
        this.status = status;
    }
}

/**
 * @param {string} method of HTTP
 * @param {string} path under `/sim/`
 * @param {any} [body] a file as it is, anything else as JSON
 * @param {AbortSignal} [signal]
 */
async function call(method, path, body, signal) {
    /** @type {RequestInit} */
    const request = { method, signal };
    if (body instanceof Blob) {
        request.body = body;
    } else if (body !== undefined) {
        request.headers = { "content-type": "application/json" };
        request.body = JSON.stringify(body);
    }
    const response = await fetch(`/sim/${path}`, request);
    if (!response.ok) throw new Refusal(response.status, await sentence(response));
    return response.json();
}

async function sentence(response) {
    const text = await response.text();
    try {
        return JSON.parse(text).error ?? text;
    } catch {
        return text || `The stand-in answered ${response.status}.`;
    }
}

export const get = (path, signal) => call("GET", path, undefined, signal);
export const post = (path, body) => call("POST", path, body);
export const remove = (path) => call("DELETE", path);

/** The query of an address; what is null is left out. */
export function query(fields) {
    const set = Object.entries(fields).filter(([, value]) => value !== null && value !== undefined && value !== "");
    return set.length === 0 ? "" : `?${new URLSearchParams(set.map(([name, value]) => [name, String(value)]))}`;
}

/** How long to wait before a stream that the browser has given up is opened again, in milliseconds. */
const RETRY = 2000;

/**
 * Listens to what the stand-in announces, for ever.
 *
 * @param {{world: (id: string) => void, changed: () => void, connected: (is: boolean) => void}} on
 */
export function listen(on) {
    const stream = new EventSource("/sim/events");
    stream.addEventListener("open", () => on.connected(true));
    stream.addEventListener("world", (event) => on.world(JSON.parse(event.data).id));
    stream.addEventListener("changed", () => on.changed());
    stream.addEventListener("error", () => {
        on.connected(false);
        if (stream.readyState === EventSource.CLOSED) setTimeout(() => listen(on), RETRY);
    });
}
