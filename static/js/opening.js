/** From the first message to its chat: whoever went on by keyboard goes on writing there. */

const NAME = "opened";

/** @param {string} location of the chat that the first message began */
export function openChat(location) {
  const path = new URL(location, document.baseURI).pathname;
  // on a touch screen the focus would bring up the keyboard over the answer
  if (matchMedia("(pointer: fine)").matches) sessionStorage.setItem(NAME, path);
  window.location.assign(location);
}

/** Whether this page shows the chat that was begun on the page before. */
export function isFirstLook() {
  const is = sessionStorage.getItem(NAME) === location.pathname;
  sessionStorage.removeItem(NAME);
  return is;
}
