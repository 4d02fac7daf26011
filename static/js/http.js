/** Requests that change something: the token that Django asks for, keys, and errors as sentences. */

/** What went wrong with a request, as a sentence; `signIn` is where to sign in when that is the cure. */
export class RequestError extends Error {
  /**
   * @param {string} message
   * @param {{ code?: string, signIn?: string }} [more]
   */
  constructor(message, more = {}) {
    super(message);
    this.code = more.code ?? "";
    this.signIn = more.signIn ?? "";
  }
}

const WITHIN = 30_000;

/** A name for one request, so that repeating it does nothing new. */
export function newKey() {
  // crypto.randomUUID is missing where a team's own server speaks plain http
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * @param {string} url
 * @param {Record<string, string>} fields
 * @returns {Promise<Record<string, string>>}
 */
export async function post(url, fields = {}) {
  const token = document.querySelector('meta[name="csrf-token"]')?.getAttribute("content") ?? "";
  let response;
  try {
    response = await fetch(url, {
      method: "POST",
      body: new URLSearchParams(fields),
      headers: { Accept: "application/json", "X-CSRFToken": token },
      signal: AbortSignal.timeout(WITHIN),
    });
  } catch {
    throw new RequestError(
      navigator.onLine ? "The server did not answer." : "This device is offline.",
      { code: "unreachable" },
    );
  }
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  const sentence = answer.message ?? `The server could not do this (error ${response.status}).`;
  throw new RequestError(sentence, { code: answer.code, signIn: answer.sign_in });
}
