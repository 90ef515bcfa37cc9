/** Photos, films, music and files in messages. */

import { ask } from "./dialogs.js";
import { button, h, icon } from "./dom.js";

/** @typedef {import("./state.js").Message} Message */
/** @typedef {import("./state.js").Media} Media */

/** The file of a message, or all those of an album. @param {Message[]} messages */
export function pictures(messages) {
    if (messages.length === 1) return figure(/** @type {Media} */ (messages[0].media));
    return h(
        "div",
        { class: `album of-${Math.min(messages.length, 4)}` },
        messages.map(({ media, message_id }, at) =>
            h("div", { "data-message": at === 0 ? null : message_id }, media && figure(media)),
        ),
    );
}

/** @param {Media} media */
function figure(media) {
    const content = mediaElement(media);
    if (!media.has_spoiler) return h("figure", {}, content);
    return h(
        "figure",
        { class: "veiled" },
        content,
        button(
            { class: "veil", onclick: (event) => event.currentTarget.parentElement.classList.remove("veiled") },
            "Reveal",
        ),
    );
}

/** @param {Media} media */
function mediaElement(media) {
    const { kind, url, mime_type } = media;
    // A file of which a bot only gave the address: nobody has looked there.
    if (url === null) return tile(media);
    const isStill = kind === "photo" || (kind === "animation" && mime_type?.startsWith("image/"));
    if (isStill) {
        const picture = h("img", {
            src: url,
            alt: kind === "photo" ? "Photo" : "Animation",
            onerror: () => frame.replaceWith(tile(media)),
        });
        const frame = button({ class: "photo", "data-action": "photo", onclick: () => enlarge(url) }, picture);
        return frame;
    }
    if (kind === "video" || kind === "animation") {
        const isLoop = kind === "animation";
        const film = h("video", {
            src: url,
            controls: !isLoop,
            preload: "metadata",
            loop: isLoop,
            playsinline: true,
            "aria-label": isLoop ? "Animation" : "Video",
            onerror: () => film.replaceWith(tile(media)),
        });
        // Only as a property does it let a film without sound play by itself.
        film.muted = isLoop;
        film.autoplay = isLoop;
        return film;
    }
    if (kind === "audio") {
        return h(
            "div",
            { class: "tune" },
            h("span", {}, media.file_name ?? "Audio"),
            h("audio", { src: url, controls: true, preload: "none" }),
        );
    }
    return tile(media);
}

/** A file as a line to be downloaded: documents, and what the browser cannot show. @param {Media} media */
function tile({ kind, url, file_name, size }) {
    return h(
        "a",
        { class: "tile", href: url, download: url && (file_name ?? kind), "data-action": "download" },
        h("span", { class: "tile-icon" }, icon("file")),
        h("span", { class: "tile-name" }, file_name ?? kind[0].toUpperCase() + kind.slice(1)),
        h("span", { class: "quiet" }, size === null ? "elsewhere" : bytes(size)),
    );
}

const bytes = (size) =>
    size < 1024
        ? `${size} B`
        : size < 1024 ** 2
          ? `${(size / 1024).toFixed(1)} KB`
          : `${(size / 1024 ** 2).toFixed(1)} MB`;

const enlarge = (url) =>
    ask({ title: "Photo", wide: true, body: [h("img", { class: "enlarged", src: url, alt: "Photo" })] });
