/**
 * The window: a chat page onto the stand-in Telegram.
 *
 * `state.js` fetches everything that is to be seen whenever something has changed; the other modules each show a part
 * of it and renew only what is different. What people do goes to the stand-in through `acts.js`, and comes back as a
 * change: nothing is shown that the stand-in does not know.
 */

import * as composer from "./composer.js";
import * as conversation from "./conversation.js";
import { byId } from "./dom.js";
import * as people from "./people.js";
import * as powers from "./powers.js";
import { start, watch } from "./state.js";

people.begin();
conversation.begin(powers);
composer.takeDrops(byId("conversation"));
powers.begin();

watch(people.show);
watch(conversation.show);
watch(powers.show);

start((isConnected) => {
    byId("lost").hidden = isConnected;
});
