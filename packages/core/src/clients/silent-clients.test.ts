import { expect, test } from 'vitest';
import { FakeConnection } from '../../test-support/fake-connection.ts';
import { inetAddr } from '../base/address.ts';
import type { Logger } from '../base/logger.ts';
import type { ServerStream } from '../network/server-stream.ts';
import type { ClientConnection } from '../session/session-view.ts';
import { isIntercepted, SILENT, silentClients } from './silent-clients.ts';

const local = inetAddr('10.0.0.1', 3129)!;
const intercepted: ClientConnection = {
  id: 1,
  connection: new FakeConnection(),
  address: inetAddr('10.0.0.7', 4321)!,
  local,
  listener: local,
  originalDestination: inetAddr('fd00::25', 25)!,
};

test('a client is intercepted if somebody else was its destination, and it is not stacked', () => {
  const { originalDestination: _, ...ordinary } = intercepted;
  expect(isIntercepted(intercepted)).toBe(true);
  expect(isIntercepted(ordinary)).toBe(false);
  expect(isIntercepted({ ...intercepted, serverStream: {} as ServerStream })).toBe(false);
});

test('silent clients get one line a second, with where they were going and how many there were', () => {
  const lines: object[] = [];
  const unexpected = (): void => expect.fail('it is no warning');
  const info: Logger['info'] = (fields, message) => void lines.push({ ...fields, message });
  let time = 5_000;
  const tell = silentClients({ debug: unexpected, info, warn: unexpected, error: unexpected }, () => time);
  for (let count = 0; count < 10; count += 1) tell(intercepted, 'proxy');
  time += 1_000;
  tell(intercepted, 'client');
  const common = { client: '10.0.0.7:4321', destination: '[fd00::25]:25', message: SILENT };
  expect(lines).toEqual([
    { ...common, closedBy: 'proxy' },
    { ...common, closedBy: 'client', unmentioned: 9 },
  ]);
});
