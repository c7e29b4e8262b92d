import { lazily, zoneOrAddress } from '@inband/chainers';
import * as z from 'zod';
import { bindProblem, parseBind, parseSockAddr } from './bind.ts';
import { oneOrMore } from './one-or-more.ts';

export const text = z.string().min(1);
export const texts = lazily(() => oneOrMore(text, 'a text'));
export const zonesOrAddresses = lazily(() => oneOrMore(zoneOrAddress, 'the name of a zone, an address or a CIDR'));

export const port = z.int().min(1).max(65_535);

const PORTS_EXPECTED = 'expected a port from 1 to 65535 or a range such as "8000-8099"';

/** `80`, `"80"` or `"8000-8099"`. Its output is the same. */
export const ports = lazily(() =>
  z
    .union([port, z.string().regex(/^[1-9]\d{0,4}(-[1-9]\d{0,4})?$/, { error: PORTS_EXPECTED })], {
      error: PORTS_EXPECTED,
    })
    .refine((written) => {
      const [from = 0, to = from] = String(written).split('-').map(Number);
      return from <= to && to <= 65_535;
    }, PORTS_EXPECTED),
);

const BIND_EXPECTED =
  'expected an address to listen on: "127.0.0.1:3128", "[::1]:3128", ":3128", "unix:/path" or "unix:@name"';

/** An address to listen on. Its output is the address. */
export const bind = lazily(() =>
  z.string({ error: BIND_EXPECTED }).transform((written, context) => {
    const address = parseSockAddr(written);
    if (address !== undefined) return address;
    context.addIssue({ code: 'custom', message: bindProblem(written) ?? BIND_EXPECTED });
    return z.NEVER;
  }),
);

const LISTENER_BIND_EXPECTED = BIND_EXPECTED.replace(' or "unix:@name"', ', "unix:@name" or "systemd:name"');

/** Where a listener accepts: an address, or a socket of systemd. */
export const listenerBind = z.string({ error: LISTENER_BIND_EXPECTED }).transform((written, context) => {
  const parsed = parseBind(written);
  if (parsed !== undefined) return parsed;
  context.addIssue({ code: 'custom', message: bindProblem(written) ?? LISTENER_BIND_EXPECTED });
  return z.NEVER;
});

/** The mode of a file as for chmod: `"0660"`. Its output is the number. */
export const fileMode = lazily(() =>
  z
    .string({ error: 'expected the mode of a file in quotes: "0660"' })
    .regex(/^0?[0-7]{3}$/, { error: 'expected the mode of a file as three octal digits, in quotes: "0660"' })
    .transform((written) => Number.parseInt(written, 8)),
);

/** A user or a group: its name, or its number. */
export const account = lazily(() =>
  z.union([z.int().min(0).max(4_294_967_294), z.string().min(1)], {
    error: 'expected the name of a user or group, or its number',
  }),
);
