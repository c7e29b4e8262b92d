/**
 * What each request waited for: the dial, or the server. The proxy says it on channels of node:diagnostics_channel.
 *
 *     node docs/examples/diagnostics.ts
 */
import { createInband, diagnostics, printDiagnostics } from 'inband';
import { ask, portOfProxy, startServer } from './local.ts';

/** Milliseconds of each session that has not ended. */
const dials = new Map<number, number>();

diagnostics.dial.subscribe((message) => {
  if (message.event === 'connected') dials.set(message.session, message.milliseconds);
  if (message.event === 'failed') console.log(`session ${message.session}: ${message.error.message}`);
});
diagnostics.session.subscribe((message) => {
  if (message.event !== 'ended') return;
  const { session, milliseconds, reused, status } = message;
  const dial = dials.get(session);
  dials.delete(session);
  const connecting = dial === undefined ? 'no dial' : `dial ${dial.toFixed(1)} ms`;
  console.log(`session ${session}: ${status}, ${connecting}, reused ${reused}, ${milliseconds.toFixed(1)} ms in all`);
});

const server = await startServer('slow', 100);
const inband = await createInband({
  listeners: [{ bind: '127.0.0.1:0', service: 'browser' }],
  services: { browser: { mode: 'forward', routes: [{ chainer: { type: 'inband' } }] } },
});
const port = portOfProxy(inband);

await ask(port, `http://${server.address}/`);
// What the idle connection is for.
await new Promise((resolve) => setTimeout(resolve, 100));
await ask(port, `http://${server.address}/`);
server.close();
// The same events as lines, for a person; the program `inband` prints them when INBAND_DEBUG says so.
const printer = printDiagnostics('dial', { write: (line) => void process.stdout.write(line) });
await ask(port, `http://${server.address}/`);
await printer.stop();

await inband.close({ grace: 0 });
