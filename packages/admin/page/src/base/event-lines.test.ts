import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { EventLines } from './event-lines.ts';

const STREAM =
  ': a comment\n\nevent: session\nid: 1-s1\ndata: {"target":"http://shop.example/"}\n\ndata: a\ndata: b\r\n\r\nevent: lost\ndata: 7\n\n';

test('events are read from a stream in whatever pieces it comes', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1 }), (lengths) => {
      const lines = new EventLines();
      const events = [];
      for (let at = 0, turn = 0; at < STREAM.length; turn += 1) {
        const length = lengths[turn % lengths.length] ?? 1;
        events.push(...lines.take(STREAM.slice(at, at + length)));
        at += length;
      }
      expect(events).toEqual([
        { event: 'session', id: '1-s1', data: '{"target":"http://shop.example/"}' },
        { event: 'message', id: '', data: 'a\nb' },
        { event: 'lost', id: '', data: '7' },
      ]);
    }),
  );
});
