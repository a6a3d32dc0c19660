/** A tumbler: the toy that gets back up. */
export function Logo({ size = 28 }: { size?: number }) {
  return (
    <svg className="logo" width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <path className="logo-body" d="M16 3a6.2 6.2 0 0 1 4.7 10.2A9 9 0 1 1 11.3 13.2 6.2 6.2 0 0 1 16 3Z" />
      <path className="logo-smile" d="M11.5 21.5a6.2 6.2 0 0 0 9 0" />
      <circle className="logo-eye" cx="16" cy="9" r="1.6" />
    </svg>
  );
}
