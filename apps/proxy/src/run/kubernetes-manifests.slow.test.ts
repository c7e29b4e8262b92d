import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap';
import { Service } from 'kubernetes-models/v1/Service';
import { expect, onTestFinished, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { startProgram } from '../../test-support/program.ts';

const root = resolve(import.meta.dirname, '../../../..');
const text = await readFile(join(root, 'docs/examples/kubernetes/inband.yaml'), 'utf8');
const documents: unknown[] = parseAllDocuments(text).map((document): unknown => document.toJS());

/** The models of what is in the file, each with the place of its type. */
const MODELS = [
  [ConfigMap, 'v1/ConfigMap'],
  [Deployment, 'apps/v1/Deployment'],
  [Service, 'v1/Service'],
  [PodDisruptionBudget, 'policy/v1/PodDisruptionBudget'],
  [HorizontalPodAutoscaler, 'autoscaling/v2/HorizontalPodAutoscaler'],
] as const;

function documentOf(model: { is(value: unknown): boolean }): unknown {
  const found = documents.filter((document) => model.is(document));
  expect(found).toHaveLength(1);
  return found[0];
}

test('every manifest is of a kind whose schema is known, and fits it', () => {
  expect(documents).toHaveLength(MODELS.length);
  for (const [model] of MODELS) {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the schema is what is asked
    const manifest = new model(documentOf(model) as never);
    expect(() => manifest.validate()).not.toThrow();
  }
});

test('the schemas refuse what is wrong', () => {
  const wrong = new PodDisruptionBudget({ spec: { maxUnavailable: { is: 'wrong' } as never } });
  expect(() => wrong.validate()).toThrow(/maxUnavailable/);
});

test('no manifest has a field that its kind does not have', async () => {
  const folder = await mkdtemp(join(root, 'apps/proxy/.kubernetes-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const lines = MODELS.map(([model, place]) => {
    const { kind } = model as { readonly kind: string };
    const content = JSON.stringify(documentOf(model));
    return `import type { I${kind} } from 'kubernetes-models/${place}';\nexport const of${kind}: I${kind} = ${content};\n`;
  });
  const check = async (name: string, source: string): Promise<string> => {
    await writeFile(join(folder, name), source);
    const flags = '--noEmit --strict --skipLibCheck --module nodenext --target esnext --ignoreConfig'.split(' ');
    const tsc = promisify(execFile)(join(root, 'node_modules/.bin/tsc'), [...flags, join(folder, name)]);
    return tsc.then(
      ({ stdout }) => stdout,
      (error: { stdout: string }) => error.stdout,
    );
  };
  expect(await check('as-they-are.ts', lines.join('\n'))).toBe('');
  expect(await check('misspelt.ts', lines.join('\n').replace('"readinessProbe"', '"readynessProbe"'))).toMatch(
    /readynessProbe/,
  );
});

test('what the manifests name is there', () => {
  const { metadata, spec } = documentOf(Deployment) as Deployment;
  const template = spec?.template;
  const [container] = template?.spec?.containers ?? [];
  const volumes = new Set(template?.spec?.volumes?.map(({ name }) => name));
  expect(new Set(container?.volumeMounts?.map(({ name }) => name))).toEqual(volumes);
  const ports = new Set(container?.ports?.map(({ name }) => name));
  for (const probe of [container?.readinessProbe, container?.livenessProbe, container?.startupProbe])
    expect(ports).toContain(probe?.httpGet?.port);
  const service = documentOf(Service) as Service;
  for (const { targetPort } of service.spec?.ports ?? []) expect(ports).toContain(targetPort);
  const labels = template?.metadata?.labels;
  expect(spec?.selector.matchLabels).toEqual(labels);
  expect(service.spec?.selector).toEqual(labels);
  expect((documentOf(PodDisruptionBudget) as PodDisruptionBudget).spec?.selector?.matchLabels).toEqual(labels);
  const { scaleTargetRef } = (documentOf(HorizontalPodAutoscaler) as HorizontalPodAutoscaler).spec ?? {};
  expect(scaleTargetRef).toMatchObject({ kind: 'Deployment', name: metadata?.name });
  const map = documentOf(ConfigMap) as ConfigMap;
  expect(template?.spec?.volumes).toContainEqual({ name: 'configuration', configMap: { name: map.metadata?.name } });
});

/** What the pod has in its file system, below a folder, with free ports and no store. */
async function mounted(): Promise<{
  folder: string;
  ca: string;
  replace: (change: (text: string) => string) => Promise<void>;
}> {
  const folder = await mkdtemp(join(tmpdir(), 'inband-pod-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const { data = {} } = documentOf(ConfigMap) as ConfigMap;
  const original = (data['inband.yaml'] ?? '')
    .replaceAll(/\/(run|var)\//g, `${folder}/$1/`)
    .replaceAll(/':(3128|9901)'/g, "'127.0.0.1:0'")
    .replace('redis://valkey:6379', `unix:${folder}/no-store.sock`);
  const fixtures = join(root, 'test/fixtures/tls');
  const ca = await readFile(join(fixtures, 'localhost.crt'), 'utf8');
  for (const place of ['etc/inband', 'run/inband', 'run/tls', 'var/lib/inband'])
    await mkdir(join(folder, place), { recursive: true });
  await writeFile(join(folder, 'run/inband/store.password'), 'secret\n', { mode: 0o400 });
  await writeFile(join(folder, 'run/inband/cluster.key'), randomBytes(32), { mode: 0o400 });
  await writeFile(join(folder, 'run/tls/tls.crt'), ca);
  await writeFile(join(folder, 'run/tls/tls.key'), await readFile(join(fixtures, 'localhost.key')), { mode: 0o400 });
  let version = 0;
  // As the kubelet does: a folder for each version, and one link that a rename replaces.
  const replace = async (change: (written: string) => string): Promise<void> => {
    version += 1;
    const at = join(folder, 'etc/inband');
    await mkdir(join(at, `..${version}`));
    await writeFile(join(at, `..${version}`, 'inband.yaml'), change(original));
    await symlink(`..${version}`, join(at, '..data_tmp'));
    await rename(join(at, '..data_tmp'), join(at, '..data'));
  };
  await replace((written) => written);
  await symlink('..data/inband.yaml', join(folder, 'etc/inband/inband.yaml'));
  return { folder, ca, replace };
}

test(
  'the configuration runs, answers the probes, and is read again when the ConfigMap changes',
  { timeout: 120_000 },
  async () => {
    const { folder, ca, replace } = await mounted();
    const program = startProgram(['run', '--config', join(folder, 'etc/inband')], folder, {
      POD_NAME: 'inband-0',
      ADMIN_TOKEN_HASH: `sha256:${'0'.repeat(64)}`,
    });
    onTestFinished(async () => {
      program.kill('SIGKILL');
      await program.ended;
    });
    const { address } = await program.logged('the admin server listens');
    await program.logged('listening');
    const { spec } = documentOf(Deployment) as Deployment;
    const [container] = spec?.template.spec?.containers ?? [];
    for (const probe of [container?.startupProbe, container?.readinessProbe, container?.livenessProbe]) {
      const asked = request(`https://${String(address)}${probe?.httpGet?.path}`, { ca }).end();
      const [response] = (await program.during(once(asked, 'response'))) as [{ statusCode: number; resume(): void }];
      response.resume();
      expect(response.statusCode).toBe(200);
    }
    await replace((written) => written.replace('100/s', '200/s'));
    await program.logged('reloaded');
  },
);
