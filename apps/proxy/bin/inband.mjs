#!/usr/bin/env node
// Plain JavaScript that old versions of Node can read, too: they get a sentence instead of a syntax error.
// oxlint-disable-next-line import/no-unassigned-import -- it is there for what it does, before anything else
import './early-signals.mjs';

const NEEDED = 24;

// Imported only then, because it calls what old versions do not have.
if (Number(process.versions.node.split('.')[0]) >= NEEDED)
  void import('./start.mjs').then(({ start }) => start('main'));
else {
  const found = `this is ${process.versions.node} (${process.execPath})`;
  process.stderr.write(`inband: Node.js ${NEEDED} or later is needed, and ${found}.\n`);
  process.exitCode = 1;
}
