/**
 * `node test/conformance/soak/main.ts [exchanges] [epoll|node]`: the soak, 100,000 exchanges if not told otherwise. Prints
 * what came of it and exits with 0 when nobody got anything of another's, and all else was as it should be.
 */
import { createEpollTransport, createNodeTransport } from '@inband/core';
import { soak } from './soak.ts';

const [exchanges = '100000', name = 'epoll'] = process.argv.slice(2);
const { crossTalk, problems, ...counts } = await soak(
  Number(exchanges),
  name === 'node' ? createNodeTransport() : createEpollTransport(),
);
console.log(JSON.stringify({ transport: name, ...counts, crossTalk: crossTalk.length, problems: problems.length }));
for (const line of [...crossTalk, ...problems].slice(0, 20)) console.error(line);
process.exitCode = crossTalk.length + problems.length === 0 ? 0 : 1;
