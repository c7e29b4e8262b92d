import type { AddRoutes } from '../base/app-types.ts';

/** The description of all of this. */
export const documentRoutes: AddRoutes = (app) => {
  app.get('/openapi.json', { config: { role: 'none' }, schema: { summary: 'This document', tags: ['document'] } }, () =>
    app.swagger(),
  );
};
