/** Makes a lab with the program in it, says so, and waits to be killed: for the test of what is left then. */
import { readlinkSync } from 'node:fs';
import { NetnsLab } from './lab.ts';

const lab = await NetnsLab.create();
const program = await lab.inband({
  listeners: [{ bind: '127.0.0.1:0', service: 'web' }],
  services: { web: { mode: 'reverse', routes: [{ chainer: { type: 'directed', remote: '10.71.3.10:80' } }] } },
});
const agents = [lab.client, lab.gateway, lab.server1, lab.server2].map(({ pid }) => pid);
const namespaces = agents.map((pid) => readlinkSync(`/proc/${pid}/ns/net`));
console.log(JSON.stringify({ namespaces, pids: [...agents, program.pid] }));
