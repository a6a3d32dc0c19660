/** Whether a credential has the form of an access token, and not that of an API key. */
export function looksLikeToken(credential: string): boolean {
  return /^eyJ[\w-]+\.[\w-]+\.[\w-]*$/.test(credential);
}
