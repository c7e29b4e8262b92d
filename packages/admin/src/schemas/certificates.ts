import { type Static, Type } from 'typebox';

export const Certificates = Type.Object(
  {
    certificates: Type.Array(
      Type.Object({
        setting: Type.String({ description: 'Where it is configured.' }),
        subject: Type.String(),
        issuer: Type.String(),
        names: Type.Array(Type.String(), { description: 'Its subject alternative names.' }),
        notBefore: Type.String(),
        notAfter: Type.String(),
        sha256: Type.String({ description: 'Its fingerprint.' }),
      }),
    ),
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
            sha256: '5E:88:48:98:DA:28:04:71:51:D0:E5:6F:8D:C6:29:27:73:60:3D:0D:6A:AB:BD:D6:2A:11:EF:72:1D:15:42:D8',
          },
        ],
      },
    ],
  },
);
/** The certificates that are configured. */
export type Certificates = Static<typeof Certificates>;
