import { type Static, Type } from 'typebox';

export const Me = Type.Object(
  {
    name: Type.String({ description: 'The name of the token; anonymous without one.' }),
    role: Type.Enum(['read', 'operate', 'change']),
  },
  { title: 'Me', examples: [{ name: 'ops', role: 'operate' }] },
);
/** Who asks. */
export type Me = Static<typeof Me>;
