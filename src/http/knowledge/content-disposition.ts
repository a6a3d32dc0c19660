/**
 * A download under its own name, in any script: an ASCII stand-in for old programs, then RFC 5987 for all others.
 */
export function attachment(filename: string): string {
  const fallback = filename.replaceAll(/[^\x20-\x7e]/g, '_').replaceAll(/["\\%]/g, '_');
  return `attachment; filename="${fallback}"; filename*=UTF-8''${encodeExtended(filename)}`;
}

/** `encodeURIComponent` leaves a few characters that RFC 5987 does not allow. */
function encodeExtended(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replaceAll(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
