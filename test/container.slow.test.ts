import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { only, parseDockerfile, type Stage, wordsOf } from './support/dockerfile.ts';
import { packAll } from './packages/packed.ts';
import { describeRequiring } from './support/requires.ts';

// The steps of the Dockerfile, run by hand, because there is no Docker here. The build runs with the Node.js and npm of this machine. The image
// stands on what this machine has in /usr. So it shows that the commands work, and that what the image gets runs with nothing else: as
// another user, as process 1, on a file system that cannot be written. It does not show what the base image has, or how large it is.

const root = resolve(import.meta.dirname, '..');
const run = promisify(execFile);
const NEEDS = {
  commands: ['unshare', 'nsenter', 'mount', 'chroot', 'ip', 'npm'],
  root: true,
  linux: true,
  networkNamespaces: true,
};
/** Milliseconds; the build copies some hundred packages. */
const BUILD = 90_000;
const WAIT = { timeout: 60_000, interval: 200 };

/** The shell commands that mount what stands for the base image, below `$1`. */
const BASE = `
mount -t tmpfs tmpfs "$1"
for name in bin lib lib64 sbin; do
  if [ -L /$name ]; then cp -P /$name "$1/$name"; elif [ -d /$name ]; then mkdir "$1/$name"; mount --rbind /$name "$1/$name"; fi
done
for path in /usr/*; do
  if [ "$path" != /usr/local ]; then mkdir -p "$1$path"; mount --rbind -o ro "$path" "$1$path"; fi
done
mkdir -p "$1/usr/local/bin" "$1/dev" "$1/proc" "$1/tmp" "$1/etc"
chmod 1777 "$1/tmp"
mount --rbind /dev "$1/dev"
mount -t proc proc "$1/proc"
for name in hosts nsswitch.conf passwd resolv.conf; do if [ -e /etc/$name ]; then cp -L /etc/$name "$1/etc/"; fi; done
cp "$2" "$1/usr/local/bin/node"
`;

let folder: string;
let build: Stage;
let image: Stage;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-container-'));
  const [first, second] = parseDockerfile(await readFile(join(root, 'packaging/Dockerfile'), 'utf8'));
  if (first === undefined || second === undefined) throw new Error('There are two stages.');
  [build, image] = [first, second];
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('the image has a user without rights, a check of its health and a signal to stop', () => {
  expect(only(image, 'USER')).toMatch(/^[1-9]\d*:[1-9]\d*$/);
  expect(only(image, 'STOPSIGNAL')).toBe('SIGTERM');
  expect(only(image, 'HEALTHCHECK')).toContain('/health/ready');
  expect(build.image).toBe(image.image);
});

describeRequiring(NEEDS, 'the steps of the Dockerfile', () => {
  let container: ChildProcess;
  let pid: number;
  const lines: string[] = [];

  beforeAll(async () => {
    await mkdir(join(folder, 'root'));
    await runBuildStage();
    container = await startImage();
  }, 2 * BUILD);
  afterAll(() => container?.kill('SIGKILL'));

  /** Runs each RUN with a shell, on what COPY copies; its absolute paths are folders here. */
  async function runBuildStage(): Promise<void> {
    expect(only(build, 'COPY')).toBe('packaging/packed/ /packed/');
    await packAll(join(folder, 'packed'));
    for (const { name, text } of build.instructions) {
      const here = text.replaceAll(/(?<= )\/(packed|image)\b/g, join(folder, '$1'));
      if (name === 'RUN') await run('sh', ['-c', here], { timeout: BUILD, cwd: folder, env: environment() });
    }
    const [from, to] = copied('packaging/');
    await mkdir(dirname(join(folder, 'image', to)), { recursive: true });
    await cp(join(root, from), join(folder, 'image', to));
  }

  /** What the image copies from a place, and where to. */
  function copied(place: string): readonly [string, string] {
    const texts = image.instructions.filter(({ name }) => name === 'COPY').map(({ text }) => text.split(' '));
    const [from = '', to = ''] = texts.find(([first]) => first?.startsWith(place)) ?? [];
    return [from, to];
  }

  /** Without what npm and pnpm tell the scripts that they run, because npm would take it for its own settings. */
  function environment(): Record<string, string | undefined> {
    const isTheirs = (name: string): boolean => name.startsWith('npm_') && name !== 'npm_config_registry';
    return Object.fromEntries(Object.entries(process.env).filter(([name]) => !isTheirs(name)));
  }

  /** Starts ENTRYPOINT with CMD as USER and process 1, where nothing can be written but /tmp and /dev/shm. */
  async function startImage(): Promise<ChildProcess> {
    expect(image.instructions[0]).toEqual({ name: 'COPY', text: '--from=build /image/ /' });
    const words = [...wordsOf(only(image, 'ENTRYPOINT')), ...wordsOf(only(image, 'CMD'))];
    const script = `
set -e
${BASE}
cp -a "$3/image/." "$1/"
mount -t tmpfs tmpfs "$1/tmp"
mount -o remount,ro,bind "$1"
ip link set lo up
root=$1 user=$4
shift 4
exec env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin:/bin NODE_ENV=production chroot --userspec="$user" "$root" "$@"
`;
    const parameters = [join(folder, 'root'), process.execPath, folder, only(image, 'USER'), ...words];
    const namespaces = ['--mount', '--net', '--pid', '--fork', '--kill-child'];
    const child = spawn('unshare', [...namespaces, 'sh', '-c', script, 'sh', ...parameters], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const output of [child.stdout, child.stderr])
      createInterface({ input: output }).on('line', (line) => lines.push(line));
    await vi.waitFor(() => expect(lines.join('\n')).toContain('"msg":"listening"'), WAIT);
    const children = await readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8');
    pid = Number(children.trim());
    return child;
  }

  /** Runs words in the container, as docker exec does. */
  function inside(words: readonly string[]) {
    const [uid = '', gid = ''] = only(image, 'USER').split(':');
    const spaces = ['--target', String(pid), '--mount', '--net', '--pid', '--root', '--setuid', uid, '--setgid', gid];
    return run('nsenter', [...spaces, '--', ...words], { env: { PATH: '/usr/local/bin:/usr/sbin:/usr/bin:/bin' } });
  }

  test('make a program that is process 1, has no rights, and says that it is healthy', async () => {
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    expect(status).toMatch(/^NSpid:\t\d+\t1$/m);
    expect(status).toMatch(/^Uid:\t65532\t65532\t65532\t65532$/m);
    expect(status).toMatch(/^CapEff:\t0+$/m);
    const [, words = '[]'] = /CMD (\[.*\])$/.exec(only(image, 'HEALTHCHECK')) ?? [];
    await vi.waitFor(() => inside(wordsOf(words)), WAIT);
  });

  test('make a root that cannot be written, with no sources and no tools of the build', async () => {
    await expect(inside(['sh', '-c', 'echo x > /etc/inband/new'])).rejects.toThrow('Read-only file system');
    const packages = '/opt/inband/node_modules';
    const { stdout: tests } = await inside(['find', `${packages}/inband`, `${packages}/@inband`, '-name', '*.test.*']);
    expect(tests).toBe('');
    const { stdout: installed } = await inside(['ls', packages]);
    expect(installed.split('\n').filter((name) => ['rolldown', 'typescript', 'vitest'].includes(name))).toEqual([]);
    expect((await inside(['inband', '--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test('make a proxy that answers, and ends in an orderly way by its signal', async () => {
    // Another try has ended it.
    if (container.exitCode !== null || container.signalCode !== null) {
      lines.length = 0;
      container = await startImage();
    }
    const ask = "fetch('http://127.0.0.1:3128/proxy.pac').then((answer) => answer.text()).then(console.log)";
    expect((await inside(['node', '--eval', ask])).stdout).toContain('FindProxyForURL');
    process.kill(pid, only(image, 'STOPSIGNAL'));
    const [status] = (await once(container, 'exit')) as [number | null];
    expect([status, lines.filter((line) => line.includes('"level":"error"'))]).toEqual([0, []]);
    expect(lines.at(-1)).toContain('"msg":"stopped"');
  });
});
