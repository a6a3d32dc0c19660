import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { readTraceParent, traceHeaders, withinTrace } from './trace-context.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const HEADER = `00-${TRACE}-00f067aa0ba902b7-01`;

describe('a traceparent', () => {
  it.each([HEADER, `00-${TRACE}-00f067aa0ba902b7-00`, `cc-${TRACE}-00f067aa0ba902b7-01-more`])(
    '%s is read',
    (header) => expect(readTraceParent(header)).toBe(header),
  );

  it.each([
    undefined,
    '',
    [HEADER, HEADER],
    HEADER.toUpperCase(),
    `ff-${TRACE}-00f067aa0ba902b7-01`,
    `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE}-00f067aa0ba902b7`,
    `00-${TRACE}-00f067aa0ba902b7-01-more`,
    `${HEADER}\r\nx-evil: 1`,
    ` ${HEADER}`,
  ])('%j counts as none', (header) => expect(readTraceParent(header)).toBeNull());
});

describe('calls to other systems', () => {
  it('carry the trace under a new span each, as version 00', async () => {
    await withinTrace(`cc-${TRACE}-00f067aa0ba902b7-03-more`, async () => {
      await sleep(1);
      const spans = [traceHeaders(), traceHeaders()].map(({ traceparent }) => {
        expect(traceparent).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`));
        return traceparent;
      });
      expect(spans[0]).not.toBe(spans[1]);
      expect(spans).not.toContain(HEADER);
    });
  });

  it('carry none where the work has none, also within other work', () => {
    expect(traceHeaders()).toEqual({});
    withinTrace(HEADER, () => withinTrace(null, () => expect(traceHeaders()).toEqual({})));
  });
});
