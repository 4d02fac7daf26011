/** Web Authentication (W3C, level 3) in two calls, and its failures in words. Knows no page. */

/** @param {{ publicKey: PublicKeyCredentialCreationOptionsJSON }} options @param {boolean} alone it may replace the password */
export async function createPasskey(options, alone) {
  /** @type {AuthenticatorSelectionCriteria} */
  const selection = {
    ...options.publicKey.authenticatorSelection,
    residentKey: alone ? "required" : "discouraged",
    requireResidentKey: alone,
    ...(alone && { userVerification: "required" }),
  };
  const wanted = { ...options.publicKey, authenticatorSelection: selection };
  return answer(await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(wanted) }));
}

/** @param {{ publicKey: PublicKeyCredentialRequestOptionsJSON }} options */
export async function usePasskey(options) {
  return answer(await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options.publicKey) }));
}

/** @param {Credential | null} credential */
function answer(credential) {
  return JSON.stringify(/** @type {PublicKeyCredential} */ (credential).toJSON());
}

/** Whether this browser, at this address, knows passkeys at all. */
export function knowsPasskeys() {
  return "PublicKeyCredential" in window && "parseCreationOptionsFromJSON" in PublicKeyCredential;
}

/** @param {unknown} error */
export function sayWhy(error) {
  const name = error instanceof Error ? error.name : "";
  if (name === "NotAllowedError") return "No passkey was used, or it took too long. Try again.";
  if (name === "InvalidStateError") return "This device has a passkey of this account already.";
  if (name === "SecurityError")
    return "Passkeys do not work at this address. Open the site by its public name; on this machine, by http://localhost.";
  return "The passkey could not be used. Try again.";
}
