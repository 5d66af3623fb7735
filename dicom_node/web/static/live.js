// Renews what is marked «changed from:body» whenever the node says so, and shows when it can no longer say so.
"use strict";
const events = new EventSource("/events");
const show = (live) => { document.documentElement.dataset.live = live ? "yes" : "no"; };
events.addEventListener("open", () => show(true));
events.addEventListener("error", () => show(false));
events.addEventListener("changed", () => htmx.trigger(document.body, "changed"));
window.addEventListener("pagehide", () => events.close());
