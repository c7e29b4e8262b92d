import { Type } from 'typebox';
import type { AddRoutes } from '../base/app-types.ts';
import { AdminError } from '../base/problem.ts';
import { EventStream } from '../log/event-stream.ts';
import { LogFeed, MOST_READERS } from '../log/log-feed.ts';
import { LogQuery } from '../schemas/log.ts';

const Events = {
  description:
    'Server-sent events: `session`, `message` with a line of the log as JSON, `lost` with a number of lines.',
  content: {
    'text/event-stream': { schema: Type.String({ examples: ['event: message\nid: 7-m1\ndata: {"level":"info"}\n'] }) },
  },
};

/** The log as it is written. */
export const logRoutes: AddRoutes = (app, state) => {
  const feed = new LogFeed(state);
  app.get(
    '/log',
    {
      config: { role: 'read' },
      // It would be a reader that is told nothing, for ever.
      exposeHeadRoute: false,
      schema: {
        summary: 'Lines of the log from now on',
        description: 'Of all workers. A reader that is slow misses lines, and is told how many.',
        tags: ['log'],
        querystring: LogQuery,
        response: { 200: Events },
      },
    },
    (request, reply) => {
      if (feed.isFull) {
        throw new AdminError({ status: 503, title: 'The log has enough readers', detail: `At most ${MOST_READERS}.` });
      }
      // Written by hand from here on, to see how much waits for the reader.
      reply.hijack();
      for (const [name, value] of Object.entries(reply.getHeaders()))
        if (value !== undefined) reply.raw.setHeader(name, value);
      reply.raw.writeHead(200, { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' });
      const stream = new EventStream(request.query, reply.raw);
      // Whoever reads may not any more; who still may comes again.
      const forget = app.onAccessChange(() => reply.raw.end());
      reply.raw.on('close', () => {
        forget();
        feed.remove(stream);
      });
      feed.add(stream);
    },
  );
};
