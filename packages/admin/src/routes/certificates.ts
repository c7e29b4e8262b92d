import type { AddRoutes } from '../base/app-types.ts';
import { Certificates } from '../schemas/certificates.ts';

/** What has to be renewed in time. */
export const certificateRoutes: AddRoutes = (app, state) => {
  app.get(
    '/certificates',
    {
      config: { role: 'read' },
      schema: {
        summary: 'The certificates that are configured',
        tags: ['operations'],
        response: { 200: Certificates },
      },
    },
    () => state.ask('certificates', undefined),
  );
};
