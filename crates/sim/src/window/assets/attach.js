/** Photos and files that people send. */

import * as acts from "./acts.js";
import { ask, attempt } from "./dialogs.js";
import { h, icon } from "./dom.js";
import { state } from "./state.js";

/** Takes files out of what is pasted; texts are left to the browser. @param {ClipboardEvent} event */
export function takePasted(event) {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    attach(files);
}

/**
 * Takes in what is dropped.
 *
 * @param {HTMLElement} onto
 * @param {() => boolean} isOpen whether anything can be sent
 */
export function takeDrops(onto, isOpen) {
    onto.addEventListener("dragover", (event) => {
        if (event.dataTransfer.types.includes("Files") && isOpen()) event.preventDefault();
    });
    onto.addEventListener("drop", (event) => {
        if (!isOpen() || event.dataTransfer.files.length === 0) return;
        event.preventDefault();
        attach([...event.dataTransfer.files]);
    });
}

/** @param {File} file */
function kindOf({ type }) {
    if (type === "image/gif") return "animation";
    if (["image/jpeg", "image/png", "image/webp"].includes(type)) return "photo";
    return { video: "video", audio: "audio" }[type.split("/")[0]] ?? "document";
}

/** Asks for a caption, then sends files one by one. @param {File[]} chosen */
export async function attach(chosen) {
    if (chosen.length === 0) return;
    const { place } = state;
    const caption = h("textarea", { rows: 2, maxlength: 1024, autofocus: true, name: "caption" });
    const asFile = h("input", { type: "checkbox", name: "as-file" });
    const addresses = chosen.map((file) => (kindOf(file) === "photo" ? URL.createObjectURL(file) : null));
    const answer = await ask({
        title: chosen.length === 1 ? "Send a file" : `Send ${chosen.length} files`,
        body: [
            h(
                "ul",
                { class: "previews" },
                chosen.map((file, at) =>
                    h(
                        "li",
                        {},
                        addresses[at] ? h("img", { src: addresses[at], alt: file.name }) : icon("file"),
                        h("span", {}, file.name),
                    ),
                ),
            ),
            h("label", { class: "field" }, "Caption", caption),
            h("label", { class: "choice" }, asFile, "As a file, not as a photo or film"),
        ],
        answers: [{ text: "Send", value: "send", look: "main" }],
    });
    addresses.forEach((address) => address && URL.revokeObjectURL(address));
    if (answer === null) return;
    await attempt(async () => {
        for (const [at, file] of chosen.entries()) {
            await acts.sendsMedia(
                place,
                asFile.checked ? "document" : kindOf(file),
                file,
                at === 0 ? caption.value.trim() : "",
            );
        }
    });
}
