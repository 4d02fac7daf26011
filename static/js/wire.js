/**
 * One line to the server at a time: hx-ws, or hx-sse where sockets do not get through.
 * Opens, closes, and hands over what is heard on the present line; knows no message.
 *
 * Read in hx-ws.js and hx-sse.js 4.0.1: what an old connection had received is still handed out after it was closed,
 * so a line is known by the connection object in each event's detail, and everything of another one is dropped.
 */

/** @typedef {"ws" | "sse"} Kind */
/** @typedef {{ heard(data: string): void, closed(code: number, status: number): void }} Ear */
/** @typedef {{ socket?: WebSocket }} Connection */

export class Wire {
  /** @type {Connection | null} */
  line = null;
  /** @type {Kind | null} */
  kind = null;
  #element;
  #ear;
  /** Counts lines, so that the end of one is not taken for the end of the next. */
  #number = 0;
  /** The request that the present event stream is made by. @type {object | null} */
  #request = null;

  /**
   * @param {Element} element carries hx-swap="none" (an error page in place of an event stream is never swapped in)
   *   and hx-sync="this:replace" (a new event stream ends the request of the former one)
   * @param {Ear} ear
   */
  constructor(element, ear) {
    this.#element = element;
    this.#ear = ear;
    this.#on("htmx:ws:before:connection", (detail) => this.#opened("ws", detail.connection));
    this.#on("htmx:sse:before:connection", (detail) => this.#opened("sse", detail.connection));
    this.#on("htmx:ws:before:message:incoming", (detail, event) => this.#heard(detail, event));
    this.#on("htmx:sse:before:message", (detail, event) => this.#heard(detail, event));
    this.#on("htmx:ws:close", (detail) => this.#closed(detail.connection, detail.code ?? 0));
    this.#on("htmx:sse:close", (detail) => this.#closed(detail.connection, 0));
    this.#on("htmx:before:request", (detail) => {
      this.#request = detail.ctx;
    });
    this.#on("htmx:finally:request", (detail) => this.#answered(detail.ctx));
  }

  /**
   * Close what is open and open a new line.
   * @param {Kind} kind
   * @param {string} url
   */
  open(kind, url) {
    this.close();
    this.kind = kind;
    this.#number += 1;
    this.#element.setAttribute(`hx-${kind}:connect`, url);
    htmx.process(this.#element, true);
  }

  /** @param {number} [code] a private code that tells the server why */
  close(code) {
    if (this.kind === null) return;
    const socket = this.line?.socket;
    this.line = null;
    this.kind = null;
    this.#number += 1;
    this.#request = null;
    if (code && socket?.readyState === WebSocket.OPEN) socket.close(code);
    this.#element.removeAttribute("hx-ws:connect");
    this.#element.removeAttribute("hx-sse:connect");
    htmx.process(this.#element, true);
  }

  /** @param {object} message dropped where there is no socket: event streams have no way back */
  send(message) {
    const socket = this.line?.socket;
    if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
  }

  /**
   * @param {string} name
   * @param {(detail: any, event: Event) => void} listener
   */
  #on(name, listener) {
    this.#element.addEventListener(name, (event) => {
      if (event.target === this.#element) listener(/** @type {CustomEvent} */ (event).detail, event);
    });
  }

  /**
   * @param {Kind} kind
   * @param {Connection} connection
   */
  #opened(kind, connection) {
    if (kind === this.kind) this.line = connection;
  }

  /**
   * @param {{ connection: Connection, message: { data: string } }} detail
   * @param {Event} event
   */
  #heard(detail, event) {
    event.preventDefault(); // the swap is ours, so that both kinds share one queue and one cursor
    if (detail.connection === this.line) this.#ear.heard(detail.message.data);
  }

  /**
   * @param {Connection} connection
   * @param {number} code
   */
  #closed(connection, code) {
    if (connection !== this.line) return;
    this.line = null;
    this.#tellClosed(code, 0);
  }

  /** @param {{ response?: { status: number, raw: Response } }} request */
  #answered(request) {
    if (request !== this.#request || this.line) return;
    this.#request = null;
    const response = request.response;
    this.#tellClosed(0, response?.raw.redirected ? 401 : (response?.status ?? 0));
  }

  /**
   * Not from within the event: the extension has not finished with the element that the next line is made on.
   * @param {number} code
   * @param {number} status
   */
  #tellClosed(code, status) {
    const present = this.#number;
    queueMicrotask(() => present === this.#number && this.#ear.closed(code, status));
  }
}
