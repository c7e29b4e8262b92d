import { Type } from 'typebox';

export const ProblemSchema = Type.Object(
  {
    status: Type.Integer(),
    title: Type.String(),
    detail: Type.Optional(Type.String()),
    setting: Type.Optional(Type.String({ description: 'The key of the configuration that is to blame.' })),
    problems: Type.Optional(
      Type.Array(Type.String(), { description: 'What is wrong with a configuration, one line each.' }),
    ),
  },
  {
    title: 'Problem',
    description: 'Why a request fails (RFC 9457).',
    examples: [
      {
        status: 403,
        title: 'This needs another role',
        detail: 'The role operate is needed, and "monitoring" has the role read.',
        setting: 'admin.tokens',
      },
    ],
  },
);
