/** Local time without a time zone, `2026-11-21 09:30:05`; empty for null. */
export function formatTime(seconds: number | null): string {
  if (seconds === null) return '';
  const local = new Date(seconds * 1000 - new Date(seconds * 1000).getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 19).replace('T', ' ');
}
