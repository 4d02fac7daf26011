/** From the first message to its chat: whoever went on by keyboard goes on writing there. */
import { recall, remember } from "./memory.js";

const NAME = "opened";

/** @param {string} location of the chat that the first message began */
export function openChat(location) {
  // on a touch screen the focus would bring up the keyboard over the answer
  if (matchMedia("(pointer: fine)").matches) remember(NAME, new URL(location, document.baseURI).pathname);
  window.location.assign(location);
}

/** Whether this page shows the chat that was begun on the page before. */
export function isFirstLook() {
  const is = recall(NAME) === location.pathname;
  remember(NAME, "");
  return is;
}
