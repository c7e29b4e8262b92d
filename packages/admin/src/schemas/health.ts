import { type Static, Type } from 'typebox';

export const Live = Type.Object({ status: Type.Literal('live') }, { title: 'Live', examples: [{ status: 'live' }] });

export const Health = Type.Object(
  {
    status: Type.Enum(['ready', 'draining', 'not-ready'], {
      description: 'draining: clients that are connected are served to their end, and the process ends.',
    }),
    reasons: Type.Array(Type.String(), { description: 'Why it is not ready.' }),
    listeners: Type.Array(
      Type.Object({
        name: Type.String({ description: 'The service that its clients get.' }),
        bind: Type.String({ description: 'The bound address.' }),
        state: Type.Enum(['listening', 'closed', 'unreachable'], {
          description: 'unreachable: the file of its unix socket is gone.',
        }),
      }),
    ),
  },
  {
    title: 'Health',
    examples: [
      {
        status: 'ready',
        reasons: [],
        listeners: [{ name: 'web', bind: '127.0.0.1:3128', state: 'listening' }],
      },
    ],
  },
);
/** Whether clients should be sent here. */
export type Health = Static<typeof Health>;
