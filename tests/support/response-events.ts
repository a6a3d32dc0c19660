/** One frame of a Responses stream. */
export interface StreamEvent {
  type: string;
  sequence_number: number;
  delta?: string;
  response?: { id: string; status: string };
}

/** The frames of a stream's body, as they come; its closing mark is none. */
export async function* eventsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<StreamEvent> {
  const decoder = new TextDecoder();
  let buffer = '';
  for await (const chunk of body) {
    buffer += decoder.decode(chunk, { stream: true });
    for (let end = buffer.indexOf('\n\n'); end >= 0; end = buffer.indexOf('\n\n')) {
      const json = /^data: (.*)$/m.exec(buffer.slice(0, end))?.[1];
      buffer = buffer.slice(end + 2);
      if (json !== undefined && json !== '[DONE]') yield JSON.parse(json) as StreamEvent;
    }
  }
}
