// Not imported, because an import has each export read first, and some of node:fs load more.
const { existsSync, lstatSync, mkdirSync, readFileSync, realpathSync, statSync } = process.getBuiltinModule('node:fs');
const { dirname, isAbsolute, join, relative } = process.getBuiltinModule('node:path');
const module = process.getBuiltinModule('node:module');

/** Milliseconds from the start to when what was compiled is written. */
const WRITTEN_AFTER = 1_000;
/** How many folders of other versions and other places of the program stay: enough to go one back, and for a few checkouts. */
const OTHERS_KEPT = 3;
/** What Node.js writes has a random end in its name until it is whole. */
const UNFINISHED = /^[\da-f]+\.\w+$/;
/** Milliseconds after which nobody writes it any more. */
const UNFINISHED_FOR = 60_000;
const FOR_OTHERS = 0o077;
const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;

let state = { why: 'it is only for what was built' };

/** Where this process has its compile cache: `{ folder }`, or `{ why }` if it has none. */
export function compileCache() {
  return state;
}

/**
 * Has Node keep what V8 compiles from here on, for the next start of the same program: docs/adr/0042-compile-cache.md. `program` is the URL of its
 * folder. Never a reason not to start. A library does not do this to its host.
 */
export function useCompileCache(program) {
  try {
    state = enable(program);
  } catch (error) {
    state = { why: error.message };
  }
}

/** To be called when the program accepts clients, and has loaded what it needs for that. */
export function keepCompiled() {
  const { folder } = state;
  if (folder !== undefined) setTimeout(() => void write(folder), WRITTEN_AFTER).unref();
}

function enable(program) {
  // NODE_COMPILE_CACHE: then Node has begun by itself, where whoever runs the program wants it.
  const chosen = module.getCompileCacheDir?.();
  if (chosen !== undefined) return { folder: chosen };
  if (process.env.NODE_DISABLE_COMPILE_CACHE !== undefined) return { why: 'NODE_DISABLE_COMPILE_CACHE is set' };
  const { version } = JSON.parse(readFileSync(new URL('package.json', program), 'utf8'));
  const name = `${version}-${process.version}-${statSync(program).ino}`;
  const folder = ownFolder(join(cacheFolder(), 'compiled', name));
  const { status, message } = module.enableCompileCache(folder);
  return status === module.constants.compileCacheStatus.ENABLED ? { folder } : { why: String(message) };
}

/** A folder that nobody else can write to, because V8 runs what is in it. Throws if there is none. */
function ownFolder(path) {
  // Windows has neither owners nor modes here.
  if (process.getuid === undefined) throw new Error('this system does not say who can write to a folder');
  let existing = path;
  while (!existsSync(existing)) existing = dirname(existing);
  let folder = realpathSync(existing);
  // Before anything is made there: by sudo, HOME may be that of somebody else.
  for (let above = folder; above !== dirname(above); above = dirname(above)) {
    refuseIfOthersWrite(above, existing === path && above === folder);
  }
  for (const name of relative(existing, path).split('/').filter(Boolean)) {
    folder = join(folder, name);
    // One by one: Node makes several for ever where the system answers as /proc does.
    mkdirSync(folder, { mode: 0o700 });
  }
  return folder;
}

/** Where caches of this program belong: systemd names a folder (CacheDirectory=), or the user has one for all programs. */
function cacheFolder() {
  const { CACHE_DIRECTORY: ofService, XDG_CACHE_HOME: ofUser, HOME: home } = process.env;
  if (ofService) return ofService.split(':')[0];
  const caches = ofUser && isAbsolute(ofUser) ? ofUser : home && join(home, '.cache');
  if (!caches) throw new Error('none of CACHE_DIRECTORY, XDG_CACHE_HOME and HOME is set');
  return join(caches, 'inband');
}

/**
 * `isOwn`: a folder that this made, which nobody else can even read. Others may belong to root. In a sticky folder, as /tmp is, others can
 * add files and not replace ours.
 */
function refuseIfOthersWrite(folder, isOwn) {
  const { uid, mode } = lstatSync(folder);
  if (uid !== process.getuid() && (isOwn || uid !== 0)) throw new Error(`${folder} belongs to somebody else`);
  const isProtected = isOwn ? (mode & FOR_OTHERS) === 0 : (mode & WRITABLE_BY_OTHERS) === 0 || (mode & STICKY) !== 0;
  if (!isProtected) throw new Error(`others can write to ${folder}`);
}

/** What was read stays as it is. Node forgets what it has in memory for this. */
async function write(folder) {
  module.flushCompileCache();
  // Whoever names another folder looks after it.
  if (process.env.NODE_COMPILE_CACHE !== undefined) return;
  try {
    const now = new Date();
    const { utimes } = process.getBuiltinModule('node:fs/promises');
    await utimes(folder, now, now);
    await removeUnfinished(folder, now.getTime() - UNFINISHED_FOR);
    await removeOthers(folder);
  } catch {
    // The disk may be full, or another process may be faster.
  }
}

/** Node.js leaves it where the disk is full, at each start once more, or where the process is killed. */
async function removeUnfinished(folder, before) {
  const { readdir, rm, stat } = process.getBuiltinModule('node:fs/promises');
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter(({ name }) => UNFINISHED.test(name))
    .map(({ parentPath, name }) => join(parentPath, name));
  for (const path of paths) if ((await stat(path)).mtimeMs < before) await rm(path, { force: true });
}

async function removeOthers(folder) {
  const { readdir, rm, stat } = process.getBuiltinModule('node:fs/promises');
  const all = dirname(folder);
  const paths = (await readdir(all)).map((name) => join(all, name)).filter((path) => path !== folder);
  const used = await Promise.all(paths.map(async (path) => ({ path, time: (await stat(path)).mtimeMs })));
  const old = used.toSorted((a, b) => b.time - a.time).slice(OTHERS_KEPT);
  await Promise.all(old.map(({ path }) => rm(path, { recursive: true, force: true })));
}
