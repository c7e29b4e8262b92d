import type { Certificate } from '@inband/admin';
import { formatSockAddr } from '@inband/core';
import type { ServerCertificate } from '@inband/tls';
import { formatPath } from '../../config/problem/problem.ts';
import type { Running } from '../../run/running.ts';
import type { ProcessQuestion } from './process-question.ts';

const DAY = 86_400_000;

/** The certificates of listeners, as this process has them. All processes have the same, so one is asked. */
export const certificates: ProcessQuestion<undefined, Certificate[], Certificate[]> = {
  answer: ({ running }) => certificatesOf(running),
  merge: ({ answers }) => answers[0]?.answer ?? [],
};

function certificatesOf(running: Running): Certificate[] {
  const { plan, build } = running.configured;
  const shown = new Map<ServerCertificate, { readonly setting: string; readonly listeners: string[] }>();
  for (const [index, { listener }] of plan.listeners.entries()) {
    const { identity } = listener.value;
    const store = identity && build.made.certificates.get(identity.certificates.hash)?.store;
    const addresses = (running.addresses[index] ?? []).map(formatSockAddr);
    for (const certificate of store?.certificates ?? []) {
      const setting = `${formatPath(listener.path)}.tls`;
      const known = shown.get(certificate) ?? { setting, listeners: [] };
      shown.set(certificate, known);
      if (store?.isChosen(certificate) === true) known.listeners.push(...addresses);
    }
  }
  return [...shown].map(([certificate, { setting, listeners }]) => ({ setting, ...fieldsOf(certificate), listeners }));
}

function fieldsOf(certificate: ServerCertificate): Omit<Certificate, 'setting' | 'listeners'> {
  const { file, subject, issuer, names, addresses, notBefore, notAfter, fingerprint } = certificate;
  return {
    file,
    subject,
    issuer,
    names: [...names.map((name) => `DNS:${name}`), ...addresses.map((address) => `IP Address:${address}`)],
    notBefore: new Date(notBefore).toISOString(),
    notAfter: new Date(notAfter).toISOString(),
    daysLeft: Math.floor((notAfter - Date.now()) / DAY),
    sha256: fingerprint,
  };
}
