import { type Static, Type } from 'typebox';

const parts = (description: string) =>
  Type.Array(
    Type.Object({
      kind: Type.String({ description: 'service, route, chainer, zone, socket, …' }),
      name: Type.String({ description: 'Its place in the configuration.' }),
    }),
    { description },
  );

/** For the examples of others, too. */
export const reloadedExample = {
  generation: 2,
  alive: 1,
  added: [],
  changed: [{ kind: 'route', name: 'services.web.routes[0]' }],
  kept: [{ kind: 'socket', name: 'listeners[0]' }],
  dropped: [],
};

export const Reloaded = Type.Object(
  {
    generation: Type.Integer({ description: 'The number of the configuration that is current now.' }),
    alive: Type.Integer({
      description: 'Configurations in use: this one, and older ones whose sessions have not ended.',
    }),
    added: parts('What is new.'),
    changed: parts('What was made anew, at the same place.'),
    kept: parts('What is the same object as before, with everything that it holds.'),
    dropped: parts('What is gone.'),
    pushed: Type.Optional(
      Type.String({ description: 'What was pushed to all members, if anything: it lies over the file that was read.' }),
    ),
  },
  {
    title: 'Reloaded',
    examples: [reloadedExample],
  },
);
/** What a reload has done. */
export type Reloaded = Static<typeof Reloaded>;

export const Draining = Type.Object(
  {
    status: Type.Literal('draining'),
    grace: Type.Number({ description: 'Milliseconds for what is running to finish.' }),
  },
  { title: 'Draining', examples: [{ status: 'draining', grace: 30_000 }] },
);
/** The process is about to end. */
export type Draining = Static<typeof Draining>;
