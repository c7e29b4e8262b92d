import { lazily } from '@inband/chainers';
import type { MessageReceiver } from '@inband/core';
import * as z from 'zod';
import { parseSockAddr } from '../../values/bind.ts';
import { FACILITIES } from '../../known/facilities.ts';

const USUAL_PORTS = { udp: 514, tcp: 601 } as const;

const EXPECTED = 'expected "unix:/dev/log", "udp://host:514" or "tcp://host:601"';

/** Reads where syslog listens. Undefined for everything else. */
export function parseReceiver(text: string): MessageReceiver | undefined {
  if (text.startsWith('unix:')) {
    const address = parseSockAddr(text);
    return address?.family === 'unix' ? { transport: 'unix', path: address.path } : undefined;
  }
  const [, transport, host, port] = /^(udp|tcp):\/\/([\w.-]+|\[[\da-fA-F:.]+\])(?::(\d{1,5}))?$/.exec(text) ?? [];
  if ((transport !== 'udp' && transport !== 'tcp') || host === undefined) return undefined;
  const number = port === undefined ? USUAL_PORTS[transport] : Number(port);
  if (number < 1 || number > 65_535) return undefined;
  return { transport, host: host.replace(/^\[(.*)\]$/, '$1'), port: number };
}

const address = lazily(() =>
  z.string({ error: EXPECTED }).transform((written, context) => {
    const receiver = parseReceiver(written);
    if (receiver !== undefined) return receiver;
    context.addIssue({ code: 'custom', message: `${EXPECTED}, found ${JSON.stringify(written)}` });
    return z.NEVER;
  }),
);

export const syslog = lazily(() =>
  z.strictObject({
    address: address
      .prefault('unix:/dev/log')
      .describe('Where syslog listens: "unix:/dev/log", "udp://host:514" or "tcp://host:601".'),
    facility: z.enum(FACILITIES).default('daemon').describe('The part of the system that syslog files it under.'),
    tag: z
      .string()
      .regex(/^[\w./-]{1,48}$/, { error: 'expected up to 48 letters, digits and characters of "_.-/"' })
      .default('inband')
      .describe('The name of the program in each message.'),
  }),
);

/** Where a log is sent by syslog, and as whose. */
export type SyslogConfig = z.output<typeof syslog>;
