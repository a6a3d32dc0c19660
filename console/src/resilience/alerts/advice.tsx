/** Advice with its commands set apart, as they stand between backticks. */
export function Advice({ text }: { text: string }) {
  return (
    <p>
      {text.split('`').map((part, index) =>
        // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one text keep their places
        index % 2 === 1 ? <code key={index}>{part}</code> : part,
      )}
    </p>
  );
}
