#!/usr/bin/env node
// Plain JavaScript that old versions of Node can read, too: they get a sentence instead of a syntax error.
// oxlint-disable-next-line import/no-unassigned-import -- it is there for what it does, before anything else
import './early-signals.mjs';
import { isNewEnough } from './needed-node.mjs';

// Imported only then, because it calls what old versions do not have.
if (isNewEnough()) void import('./start.mjs').then(({ start }) => start('main'));
