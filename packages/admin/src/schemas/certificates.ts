import { type Static, Type } from 'typebox';

const Certificate = Type.Object({
  setting: Type.String({ description: 'Where it is configured.' }),
  file: Type.Optional(Type.String({ description: 'Of a listener: its file, or "acme".' })),
  subject: Type.String(),
  issuer: Type.String(),
  names: Type.Array(Type.String(), { description: 'Its subject alternative names.' }),
  notBefore: Type.String(),
  notAfter: Type.String(),
  daysLeft: Type.Integer({ description: 'Whole days until it expires; negative afterwards.' }),
  sha256: Type.String({ description: 'Its fingerprint.' }),
  listeners: Type.Optional(
    Type.Array(Type.String(), {
      description: 'Where clients get it: addresses of listeners. None if others are chosen for all of its names.',
    }),
  ),
});

const instant = Type.Union([Type.String(), Type.Null()]);

const Kept = Type.Object({
  hosts: Type.Array(Type.String()),
  onDemand: Type.Boolean({ description: 'Whether a client has asked for it first.' }),
  isBusy: Type.Boolean({ description: 'Whether something is asked of the CA now.' }),
  notAfter: Type.Union([Type.String(), Type.Null()], { description: 'When it expires; null if there is none yet.' }),
  next: Type.String({ description: 'When the next attempt to get or renew it begins.' }),
  lastSuccess: instant,
  lastFailure: instant,
  error: Type.Union([Type.String(), Type.Null()], {
    description: 'Why the last attempt failed, if none has succeeded since.',
  }),
  explanation: Type.Union([Type.String(), Type.Null()], {
    description: 'A page of the CA that says why it wants the certificate to be renewed.',
  }),
});

export const Certificates = Type.Object(
  {
    certificates: Type.Array(Certificate),
    acme: Type.Array(Kept, { description: 'What is ordered and renewed by ACME.' }),
  },
  {
    title: 'Certificates',
    examples: [
      {
        certificates: [
          {
            setting: 'admin.tls',
            subject: 'CN=proxy.example',
            issuer: 'CN=Example CA',
            names: ['DNS:proxy.example'],
            notBefore: '2026-11-01T00:00:00.000Z',
            notAfter: '2027-01-30T00:00:00.000Z',
            daysLeft: 62,
            sha256: '5E:88:48:98:DA:28:04:71:51:D0:E5:6F:8D:C6:29:27:73:60:3D:0D:6A:AB:BD:D6:2A:11:EF:72:1D:15:42:D8',
          },
        ],
        acme: [
          {
            hosts: ['shop.example'],
            onDemand: false,
            isBusy: false,
            notAfter: '2027-02-20T00:00:00.000Z',
            next: '2027-01-21T05:14:00.000Z',
            lastSuccess: '2026-11-22T00:00:03.000Z',
            lastFailure: null,
            error: null,
            explanation: null,
          },
        ],
      },
    ],
  },
);
/** One of them. */
export type Certificate = Static<typeof Certificate>;
/** The certificates that are configured. */
export type Certificates = Static<typeof Certificates>;
