/**
 * The walls of docs/architecture.md: who may import whom, what of the platform, and that no imports form a circle.
 * Imports of types count like all others. (Types named as `import('…').Name` would not, and oxlint forbids them.)
 * `pnpm walls` checks all of it, and test/walls.slow.test.ts shows that each rule finds what breaks it.
 */

/** What is in this repository, as a path without symbolic links. */
const ours = '^(packages|apps|test|bench|docs)/(?!.*node_modules/)';
const entry = '^(packages|apps)/[^/]+/src/index[.]ts$';
/** What tests of several packages make their servers and certificates with. Nothing else imports it. */
const forTests = '^packages/[^/]+/test-support/';

/**
 * What a room may import beyond this repository: modules of Node (named without `node:`) and packages.
 * A room inside another one has a line of its own and is not part of the other.
 */
const platform = [
  // The DNS is not a socket that core owns, but an answer.
  {
    room: 'core',
    from: { path: '^packages/core/src/(?!transport/|machine/|diagnostics/)' },
    may: ['dns', '@standard-schema/spec'],
  },
  // Below everything else in core: whoever publishes asks it whether anybody listens.
  { room: 'core/diagnostics', from: { path: '^packages/core/src/diagnostics/' }, may: ['diagnostics_channel'] },
  { room: 'core/machine', from: { path: '^packages/core/src/machine/' }, may: ['fs', 'os'] },
  { room: 'files', from: { path: '^packages/files/src/' }, may: ['crypto', 'fs', 'path'] },
  { room: 'http-proxy', from: { path: '^packages/http-proxy/src/' }, may: [] },
  { room: 'tls-guard', from: { path: '^packages/tls-guard/src/' }, may: [] },
  {
    room: 'auth',
    from: { path: '^packages/auth/src/(?!ask/)' },
    may: ['crypto', 'fs', 'jose', 'koffi', 'module'],
  },
  // The one place from which authenticators ask somebody else.
  { room: 'auth/ask', from: { path: '^packages/auth/src/ask/' }, may: ['undici'] },
  { room: 'store', from: { path: '^packages/store/src/(?!redis/|nats/)' }, may: [] },
  { room: 'store/redis', from: { path: '^packages/store/src/redis/' }, may: ['iovalkey', 'crypto'] },
  // A socket to ask whether a server says anything.
  {
    room: 'store/nats',
    from: { path: '^packages/store/src/nats/' },
    may: ['@nats-io/kv', '@nats-io/jetstream', '@nats-io/transport-node', 'crypto', 'net'],
  },
  {
    room: 'tls',
    from: { path: '^packages/tls/src/' },
    may: ['crypto', 'tls', 'koffi', 'fs', 'net', 'module', 'path', 'os', 'stream', 'url'],
  },
  // To hash and to sign is no way to the network.
  { room: 'chainers', from: { path: '^packages/chainers/src/(?!pool/health/probes/)' }, may: ['zod', 'crypto', 'os'] },
  // Servers are looked at by undici, over connections of ours.
  { room: 'chainers/probes', from: { path: '^packages/chainers/src/pool/health/probes/' }, may: ['undici', 'stream'] },
];

/** Matches a module of Node or a package, by the path that it resolves to. */
const named = (modules) => `(^|/node_modules/)(${modules.join('|')})(/|$)`;

const platformRules = platform.map(({ room, from, may }) => ({
  name: `platform-of-${room.replace('/', '-')}`,
  comment: `${room} may import nothing of the platform${may.length === 0 ? '' : ` but ${may.join(', ')}`}.`,
  severity: 'error',
  from,
  to: { pathNot: [ours, ...(may.length === 0 ? [] : [named(may)])] },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-circle-of-files',
      comment: 'Files import each other in a circle. What two of them need belongs into a file below both.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-circle-of-folders',
      comment: 'Folders import each other in a circle. What two of them need belongs into a folder below both.',
      severity: 'error',
      scope: 'folder',
      from: {},
      to: { circular: true },
    },
    {
      name: 'every-import-resolves',
      comment: 'An import that leads nowhere would be an import that no wall sees.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'packages-by-their-names',
      comment: 'What is in another package is imported by the name of that package, not by a path.',
      severity: 'error',
      from: { path: '^(?:(packages|apps)/([^/]+)|test|bench|docs)/' },
      to: { path: '^(packages|apps)/', pathNot: ['^$1/$2/', forTests], dependencyTypes: ['local'] },
    },
    {
      name: 'packages-by-their-entries',
      comment: 'Only what src/index.ts of a package exports can be used outside of it.',
      severity: 'error',
      from: { path: '^(?:(packages|apps)/([^/]+)|test|bench|docs)/' },
      to: { path: '^(packages|apps)/(?!.*node_modules/)', pathNot: ['^$1/$2/', entry, forTests] },
    },
    {
      name: 'packages-are-known',
      comment: 'A package without walls: say in .dependency-cruiser.mjs what it may import.',
      severity: 'error',
      from: {
        path: '^(packages|apps)/',
        pathNot: '^(packages/(core|files|http-proxy|tls-guard|tls|chainers|admin|acme|auth|pac|store)|apps/proxy)/',
      },
      to: {},
    },
    {
      name: 'core-stands-alone',
      comment: 'core imports nothing of ours.',
      severity: 'error',
      from: { path: '^packages/core/src/' },
      to: { path: ours, pathNot: '^packages/core/src/' },
    },
    {
      name: 'admin-stands-alone',
      comment: 'admin imports nothing of ours: it knows the proxy by an interface of its own.',
      severity: 'error',
      from: { path: '^packages/admin/src/' },
      to: { path: ours, pathNot: '^packages/admin/src/' },
    },
    {
      name: 'files-stand-alone',
      comment: 'files imports nothing of ours: what is in files is not its business.',
      severity: 'error',
      from: { path: '^packages/files/src/' },
      to: { path: ours, pathNot: '^packages/files/src/' },
    },
    {
      name: 'acme-stands-on-files',
      comment: 'acme imports files only: what certificates are for is not its business.',
      severity: 'error',
      from: { path: '^packages/acme/src/' },
      to: { path: ours, pathNot: '^packages/(files|acme)/src/' },
    },
    {
      name: 'pac-stands-on-files',
      comment: 'pac imports files only: it evaluates PAC files, and what is done with the answers is not its business.',
      severity: 'error',
      from: { path: '^packages/pac/src/' },
      to: { path: ours, pathNot: '^packages/(files|pac)/src/' },
    },
    {
      name: 'packages-stand-on-core',
      comment: 'http-proxy, tls-guard, auth and store import core only.',
      severity: 'error',
      from: { path: '^packages/(http-proxy|tls-guard|auth|store)/src/' },
      to: { path: ours, pathNot: '^packages/(core|$1)/src/' },
    },
    {
      name: 'chainers-stand-on-core-and-pac',
      comment: 'chainers imports core, and pac for files that name parents.',
      severity: 'error',
      from: { path: '^packages/chainers/src/' },
      to: { path: ours, pathNot: '^packages/(core|pac|chainers)/src/' },
    },
    {
      name: 'pac-where-it-is-used',
      comment: 'pac is imported where a file is configured, by import(), and not with the program.',
      severity: 'error',
      from: { path: '^packages/chainers/src/' },
      to: { path: '^packages/pac/', dynamic: false, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'store-loads-what-is-used',
      comment: 'The library of one store is loaded by import(), where that store is opened.',
      severity: 'error',
      from: { path: '^packages/store/src/(?!redis/|nats/)' },
      to: { path: '^packages/store/src/(redis|nats)/', dynamic: false, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'tls-stands-on-core-files-and-guard',
      comment: 'tls imports core, files, and the parser of a ClientHello that tls-guard has.',
      severity: 'error',
      from: { path: '^packages/tls/src/' },
      to: { path: ours, pathNot: '^packages/(core|files|tls-guard|tls)/src/' },
    },
    {
      name: 'program-stands-on-packages',
      comment: 'The program imports packages, and nothing that only tests need.',
      severity: 'error',
      from: { path: '^apps/proxy/src/' },
      to: { path: ours, pathNot: '^(packages/[^/]+/src|apps/proxy/src|apps/proxy/bin)/' },
    },
    {
      name: 'sockets-and-files-through-the-entry',
      comment: 'Only the entry of core names its transports and its machine. Everything else in core is given them.',
      severity: 'error',
      from: { path: '^packages/core/src/(?!index[.]ts$|transport/|machine/|stacking/)' },
      to: { path: '^packages/core/src/(transport|machine)/' },
    },
    {
      name: 'stacking-in-memory',
      comment: 'Stacking makes pairs of connections in memory, and needs nothing else of the transports.',
      severity: 'error',
      from: { path: '^packages/core/src/stacking/' },
      to: { path: '^packages/core/src/(transport|machine)/(?!memory/)' },
    },
    {
      name: 'transport-and-machine-apart',
      comment: 'The transports and the machine know nothing of each other.',
      severity: 'error',
      from: { path: '^packages/core/src/(transport|machine)/' },
      to: { path: '^packages/core/src/(transport|machine)/', pathNot: '^packages/core/src/$1/' },
    },
    {
      name: 'diagnostics-below-everything',
      comment: 'The diagnostics of core know the base only: addresses and errors.',
      severity: 'error',
      from: { path: '^packages/core/src/diagnostics/' },
      to: { path: '^packages/core/src/', pathNot: '^packages/core/src/(base|diagnostics)/' },
    },
    ...platformRules,
    {
      name: 'platform-of-core-transport',
      comment: 'The transports may import modules of Node and koffi.',
      severity: 'error',
      from: { path: '^packages/core/src/transport/' },
      to: { pathNot: [ours, named(['koffi'])], dependencyTypesNot: ['core'] },
    },
    {
      name: 'platform-of-admin',
      comment: 'The admin API may import modules of Node, fastify with its OpenAPI plugin, jose and typebox.',
      severity: 'error',
      from: { path: '^packages/admin/src/' },
      to: { pathNot: [ours, named(['fastify', '@fastify/swagger', 'jose', 'typebox'])], dependencyTypesNot: ['core'] },
    },
    {
      name: 'platform-of-acme',
      comment: 'The ACME client may import modules of Node, jose, undici and zod.',
      severity: 'error',
      from: { path: '^packages/acme/src/' },
      to: { pathNot: [ours, named(['jose', 'undici', 'zod'])], dependencyTypesNot: ['core'] },
    },
    {
      name: 'platform-of-pac',
      comment: 'pac may import modules of Node, QuickJS and undici.',
      severity: 'error',
      from: { path: '^packages/pac/src/' },
      to: { pathNot: [ours, named(['quickjs-wasi', 'undici'])], dependencyTypesNot: ['core'] },
    },
    {
      name: 'platform-of-proxy',
      comment:
        'The program may import modules of Node, pino, yaml, zod and, for traces and patterns, the API of OpenTelemetry and re2js.',
      severity: 'error',
      from: { path: '^apps/proxy/src/' },
      to: {
        pathNot: [ours, named(['pino', 'yaml', 'zod', '@opentelemetry/api', 're2js'])],
        dependencyTypesNot: ['core'],
      },
    },
    {
      name: 'opentelemetry-for-traces',
      comment: 'Only traces use the API of OpenTelemetry, because it may not be installed.',
      severity: 'error',
      from: { path: '^apps/proxy/src/', pathNot: '^apps/proxy/src/(tracing/|config/plugins/load-tracing[.]ts$)' },
      to: { path: named(['@opentelemetry/api']) },
    },
    {
      name: 're2js-for-patterns',
      comment: 'One folder loads the engine of patterns, and only where there are some.',
      severity: 'error',
      from: { path: '^apps/proxy/src/', pathNot: '^apps/proxy/src/config/patterns/' },
      to: { path: named(['re2js']) },
    },
    {
      name: 'program-without-sockets',
      comment: 'The program opens no sockets: core does.',
      severity: 'error',
      from: { path: '^apps/proxy/src/' },
      to: { path: '^(net|tls|https?|http2|dgram)$', dependencyTypes: ['core'] },
    },
  ],
  options: {
    // Imports of types too, which are gone once the sources are compiled.
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    // Tests of a package import whatever they test it with. Nothing imports them.
    exclude: { path: '(^|/)dist/|^(packages|apps)/.*[.]test[.]ts$' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
