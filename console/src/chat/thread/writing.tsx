/** Three quiet dots while there is nothing to read yet. */
export function Writing({ label }: { label: string }) {
  return (
    <div className="writing" role="status">
      <span className="writing-dots" aria-hidden="true">
        <i />
        <i />
        <i />
      </span>
      <span>{label}</span>
    </div>
  );
}
