/** Dates as people read them, in the time zone of who looks. */

const format = (/** @type {Intl.DateTimeFormatOptions} */ options) => {
    const formatter = new Intl.DateTimeFormat("en-GB", options);
    return (/** @type {string|number} */ at) => formatter.format(new Date(at));
};

export const hours = format({ hour: "2-digit", minute: "2-digit" });
export const full = format({ dateStyle: "full", timeStyle: "medium" });
export const clockDay = format({ weekday: "short", day: "numeric", month: "short", year: "numeric" });
export const clockTime = format({ hour: "2-digit", minute: "2-digit", second: "2-digit" });
const weekday = format({ weekday: "short" });
const numbers = format({ day: "2-digit", month: "2-digit", year: "2-digit" });
const dayOfYear = format({ day: "numeric", month: "long" });
const dayAndYear = format({ day: "numeric", month: "long", year: "numeric" });

const DAY = 24 * 60 * 60 * 1000;

/** The day, as a key. */
export const day = (at) => new Date(at).toDateString();

/** The heading above a day's messages. */
export function dayLabel(at, now) {
    if (day(at) === day(now)) return "Today";
    if (day(at) === day(now - DAY)) return "Yesterday";
    return new Date(at).getFullYear() === new Date(now).getFullYear() ? dayOfYear(at) : dayAndYear(at);
}

/** When a chat's last message came: the shorter, the longer it is ago. */
export function brief(at, now) {
    if (day(at) === day(now)) return hours(at);
    return now - Date.parse(at) < 6 * DAY ? weekday(at) : numbers(at);
}
