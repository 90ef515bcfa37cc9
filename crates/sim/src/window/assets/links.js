/** Where addresses lead: to a bot, into a room, or out of the house. */

import * as acts from "./acts.js";
import { ask, attempt, toast } from "./dialogs.js";
import { avatar, button, h } from "./dom.js";
import { go, state } from "./state.js";

const ROOM = { channel: "channel", supergroup: "group", group: "group" };

/** "3 subscribers" of a channel, "1 member" of a group; who is outside may not know how many. */
export function headcount(kind, count) {
    if (count === null) return ROOM[kind] ?? kind;
    const who = kind === "channel" ? "subscriber" : "member";
    return `${count} ${who}${count === 1 ? "" : "s"}`;
}

/** The same address as one of t.me; null if it leads out. */
export function inner(address) {
    const text = address.trim();
    if (/^@\w+$/.test(text)) return text;
    const app = /^tg:\/\/(resolve|join)\/?\?(.*)$/i.exec(text);
    if (app) {
        const fields = new URLSearchParams(app[2]);
        const start = fields.get("start");
        if (app[1].toLowerCase() === "join") return `https://t.me/+${fields.get("invite")}`;
        return `https://t.me/${fields.get("domain")}${start ? `?start=${encodeURIComponent(start)}` : ""}`;
    }
    return /^(https?:\/\/)?(www\.)?(t|telegram)\.(me|dog)\//i.test(text) ? text : null;
}

/** What an anchor may point to: an address of the web or of mail, never a script. */
export function outer(address) {
    const text = /^[a-z][a-z0-9+.-]*:/i.test(address) ? address : `https://${address}`;
    return /^(https?|mailto|tel):/i.test(text) && URL.canParse(text) ? text : null;
}

/** Does what a click on the address does. */
export async function open(address) {
    const user = /^tg:\/\/user\?id=(\d+)$/i.exec(address);
    if (user) return showUser(Number(user[1]));
    if (inner(address)) return attempt(() => follow(/** @type {string} */ (inner(address))));
    const out = outer(address);
    if (out) return window.open(out, "_blank", "noopener,noreferrer");
    toast("This address cannot be opened.", "error");
}

/** A mention without a username leads to somebody's profile, of which there is the name. */
export function showUser(id) {
    const who = state.view?.people.find((person) => person.id === id);
    toast(who ? `This is ${who.first_name}.` : "Nobody here has this number.");
}

async function follow(address) {
    // The post of a private channel: its number is the channel's id without the prefix.
    const post = /\/c\/(\d+)\/\d+/.exec(address);
    if (post) return go({ peer: Number(`-100${post[1]}`) });

    const there = await acts.looksUp(state.place, address);
    if (there.kind === "bot") {
        go({ peer: there.peer });
        if (there.start) await acts.opensLink({ ...state.place, peer: there.peer }, there.start);
    } else if (there.is_in) {
        go({ peer: there.peer });
    } else {
        await invite(address, there);
    }
}

/** The dialog of a link into a room. */
async function invite(address, { kind, title, member_count, asks, is_asking, peer }) {
    const room = ROOM[kind] ?? "group";
    const way = is_asking
        ? { text: "Withdraw the request", value: "withdraw" }
        : asks
          ? { text: "Ask to join", value: "ask", look: "main" }
          : { text: `Join the ${room}`, value: "join", look: "main" };
    const about = is_asking
        ? "Your request waits for an administrator."
        : asks
          ? `An administrator of the ${room} decides who is let in.`
          : null;
    const answer = await ask({
        title: `Join the ${room}?`,
        body: [
            h(
                "div",
                { class: "invitation" },
                avatar(peer ?? title.length, title),
                h("strong", { "data-role": "title" }, title),
                h("span", { class: "quiet" }, headcount(kind, member_count)),
                about && h("p", {}, about),
            ),
        ],
        answers: [way],
    });
    if (answer === "join") {
        const { room: joined } = await acts.joins(state.place, address);
        go({ peer: joined });
    } else if (answer === "ask") {
        await acts.asksToJoin(state.place, address);
        toast("Your request was sent.");
    } else if (answer === "withdraw") {
        await acts.withdrawsRequest({ ...state.place, peer });
    }
}

/** A box for an address, and those that one might have found elsewhere. */
export async function askForLink() {
    const field = h("input", {
        name: "address",
        required: true,
        autocomplete: "off",
        placeholder: "t.me/…",
        inputmode: "url",
    });
    const answer = await ask(
        { title: "Open a link", answers: [{ text: "Open", value: "open", look: "main" }] },
        (close) => [
            h("label", { class: "field" }, "An address somebody gave you", field),
            ...found(state.view?.addresses ?? [], close),
        ],
    );
    if (answer !== null) open(answer === "open" ? field.value : answer);
}

function found(addresses, close) {
    if (addresses.length === 0) return [];
    return [
        h("h3", {}, "Found elsewhere"),
        h(
            "ul",
            { class: "plain-list" },
            addresses.map(({ address, title, kind, asks }) =>
                h(
                    "li",
                    {},
                    button(
                        { class: "row", "data-address": address, onclick: () => close(address) },
                        h("strong", {}, title),
                        h("span", { class: "quiet" }, `${ROOM[kind] ?? kind}${asks ? ", by request" : ""}`),
                        h("span", { class: "address" }, address),
                    ),
                ),
            ),
        ),
    ];
}
