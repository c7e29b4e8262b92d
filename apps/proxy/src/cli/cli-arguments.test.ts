import { describe, expect, test } from 'vitest';
import { parseArguments } from './cli-arguments.ts';

describe('parseArguments', () => {
  test('runs when nothing is said', () => {
    expect(parseArguments([])).toEqual({ name: 'run', config: undefined });
  });

  test('takes a configuration before or after the command', () => {
    expect(parseArguments(['--config', 'a.yaml', 'check'])).toEqual({ name: 'check', config: 'a.yaml' });
    expect(parseArguments(['run', '-c', 'a.yaml'])).toEqual({ name: 'run', config: 'a.yaml' });
    expect(parseArguments(['--config=a.yaml'])).toEqual({ name: 'run', config: 'a.yaml' });
  });

  test('shows the plan of a configuration that is checked', () => {
    expect(parseArguments(['check', '--plan'])).toEqual({ name: 'check', config: undefined, plan: true });
  });

  test('checks for machines', () => {
    expect(parseArguments(['check', '--json', '-c', '-'])).toEqual({ name: 'check', config: '-', json: true });
  });

  test('reads a proxy without a file', () => {
    const quick = { allow: [], log: undefined, print: false };
    expect(parseArguments(['forward'])).toEqual({ ...quick, name: 'forward', listen: undefined, servers: [] });
    expect(parseArguments(['forward', ':1', '--allow', 'a', '--allow=b', '--print'])).toMatchObject({
      listen: ':1',
      allow: ['a', 'b'],
      print: true,
    });
    const servers = ['a:80', 'b:80'];
    expect(parseArguments(['reverse', ':1', ...servers])).toEqual({ ...quick, name: 'reverse', listen: ':1', servers });
    expect(parseArguments(['reverse', '--listen', ':1', ...servers])).toMatchObject({ listen: ':1', servers });
  });

  test('reads what a first configuration shall hold', () => {
    expect(parseArguments(['init', 'a.yaml', '--mode', 'reverse', '--to', 'a:80', '--to', 'b:80'])).toEqual({
      name: 'init',
      file: 'a.yaml',
      mode: 'reverse',
      listen: undefined,
      servers: ['a:80', 'b:80'],
      allow: [],
    });
  });

  test('reads by which proxy servers are reached', () => {
    expect(parseArguments(['forward', '--parent', 'http://a:1'])).toMatchObject({ parent: 'http://a:1' });
    expect(parseArguments(['run', '--parent', 'env'])).toEqual(parseArguments(['forward', '--parent=env']));
    expect(parseArguments(['--parent', 'env'])).toMatchObject({ name: 'forward', parent: 'env' });
    expect(parseArguments(['--parent', 'env', '--log', 'text'])).toEqual(
      parseArguments(['forward', '--parent', 'env', '--log', 'text']),
    );
    expect(parseArguments(['run', '--log', 'debug'])).toEqual(parseArguments(['forward', '--log', 'debug']));
    expect(() => parseArguments(['--config', 'a.yaml', '--log', 'text'])).toThrow(
      '--log is for a proxy without a file',
    );
    expect(() => parseArguments(['--config', 'a.yaml', '--parent', 'env'])).toThrow(
      '--parent is for a proxy without a file',
    );
    expect(() => parseArguments(['check', '--parent', 'env'])).toThrow(
      '--parent is only for "inband run", "inband forward", "inband reverse" and "inband init".',
    );
  });

  test('refuses an option that is given twice, since only one would count', () => {
    expect(() => parseArguments(['--config', 'a.yaml', '-c', 'b.yaml'])).toThrow(
      '-c is given twice; there is one configuration, in one file.',
    );
    expect(() => parseArguments(['explain', '--client', '10.0.0.1', '--client=10.0.0.2', 'http://a/'])).toThrow(
      '--client is given twice; it takes one value.',
    );
  });

  test('a password is hashed by argon2id or scrypt, a token as it is, and neither is an argument', () => {
    expect(parseArguments(['hash'])).toEqual({ name: 'hash', hashing: { scheme: 'argon2id' } });
    expect(parseArguments(['hash', '--scheme', 'scrypt'])).toEqual({ name: 'hash', hashing: { scheme: 'scrypt' } });
    const digest = ['hash', '--scheme', 'digest', '--user', 'ann'];
    expect(parseArguments([...digest, '--realm', 'build'])).toEqual({
      name: 'hash',
      hashing: { scheme: 'digest', user: 'ann', realm: 'build' },
    });
    expect(() => parseArguments(digest)).toThrow('a hash of digest is of a user and a realm');
    expect(() => parseArguments(['hash', '--realm', 'build'])).toThrow('--user and --realm are for --scheme digest.');
    expect(() => parseArguments(['hash', 'secret'])).toThrow('from the terminal or from standard input');
    expect(() => parseArguments(['hash', '--scheme', 'md5'])).toThrow(
      '--scheme is argon2id, scrypt, digest or token, found "md5".',
    );
  });

  test('reads what the running program is asked for, and whose token is made', () => {
    expect(parseArguments(['reload', '-c', 'a.yaml'])).toEqual({ name: 'reload', config: 'a.yaml' });
    expect(parseArguments(['drain', '-c', 'a.yaml'])).toEqual({ name: 'drain', config: 'a.yaml' });
    expect(parseArguments(['status', '--json'])).toEqual({ name: 'status', config: undefined, json: true });
    const token = { name: 'admin', token: 'ops', role: 'read' };
    expect(parseArguments(['admin', 'token', 'ops', '--role', 'read'])).toEqual(token);
    for (const argv of [['admin'], ['admin', 'token'], ['admin', 'token', ''], ['admin', 'user', 'ops']]) {
      expect(() => parseArguments([...argv, '--role', 'read'])).toThrow('inband admin token NAME --role read');
    }
    expect(() => parseArguments(['admin', 'token', 'ops'])).toThrow('--role is one of read, operate, change.');
  });

  test('reads which token is to be revoked, or is no longer', () => {
    const token = 'jti:3f2b8c1d';
    const revoke = { name: 'revoke', config: 'a.yaml', token, until: undefined, undo: false };
    expect(parseArguments(['revoke', token, '-c', 'a.yaml'])).toEqual(revoke);
    expect(parseArguments(['revoke', token, '-c', 'a.yaml', '--undo'])).toEqual({ ...revoke, undo: true });
    expect(parseArguments(['revoke', '-c', 'a.yaml', '--until', '2026-12-24'])).toEqual({
      ...revoke,
      token: undefined,
      until: '2026-12-24',
    });
    expect(() => parseArguments(['revoke', token, 'x'])).toThrow('revoke takes one token.');
    expect(() => parseArguments(['revoke', token, '--undo', '--until', '2026-12-24'])).toThrow('not for --undo');
  });

  test('gives help and the version whatever else stands there', () => {
    expect(parseArguments(['run', '--help'])).toEqual({ name: 'help' });
    expect(parseArguments(['--version'])).toEqual({ name: 'version' });
  });

  test('reads what is to be explained', () => {
    const argv = ['explain', '--client', '10.0.0.1', '--listener', ':80', '--json', 'PUT', 'http://a.example/x'];
    expect(parseArguments(argv)).toEqual({
      name: 'explain',
      config: undefined,
      client: { family: 'inet', address: '10.0.0.1', port: 49_152 },
      listener: { family: 'inet6', address: '::', port: 80 },
      destination: undefined,
      certificate: undefined,
      user: undefined,
      groups: [],
      fields: [],
      at: undefined,
      method: 'PUT',
      url: 'http://a.example/x',
      json: true,
    });
  });

  test('reads who the client has logged in as', () => {
    const argv = ['explain', '--user', 'ann', '--group', 'jobs', '--group=people', 'http://a/'];
    expect(parseArguments(argv)).toMatchObject({ user: 'ann', groups: ['jobs', 'people'] });
    expect(() => parseArguments(['explain', '--group', 'jobs', 'http://a/'])).toThrow('--group is one of the user');
  });

  test('reads fields of the request, and another time', () => {
    const argv = [
      'explain',
      '--header',
      'X-A: b',
      '--header=Cookie: c=d',
      '--at',
      '2026-12-24T18:00+01:00',
      'http://a/',
    ];
    expect(parseArguments(argv)).toMatchObject({
      fields: ['X-A: b', 'Cookie: c=d'],
      at: Date.UTC(2026, 11, 24, 17),
    });
  });

  test('reads where an intercepted client was going', () => {
    expect(parseArguments(['explain', '--destination', '[2001:db8::1]:80', 'http://a.example/'])).toMatchObject({
      destination: { family: 'inet6', address: '2001:db8::1', port: 80 },
    });
  });

  test('a cluster is shown, and servers are ordered everywhere if that is said', () => {
    expect(parseArguments(['cluster', 'status', '--config', 'a.yaml', '--json'])).toEqual({
      name: 'cluster',
      show: 'status',
      config: 'a.yaml',
      json: true,
    });
    expect(parseArguments(['cluster', 'sessions', '--sort', 'bytes'])).toMatchObject({
      show: 'sessions',
      sort: 'bytes',
    });
    const server = { name: 'server', order: 'drain', pool: 'p[0]', address: 'h:80', config: undefined };
    expect(parseArguments(['server', 'drain', 'p[0]', 'h:80'])).toEqual({ ...server, everywhere: false });
    expect(parseArguments(['server', 'drain', 'p[0]', 'h:80', '--everywhere'])).toEqual({
      ...server,
      everywhere: true,
    });
  });

  test.each([
    [['explain', 'socks5://a.example'], 'expected a URL with http://'],
    [['explain', 'GET', 'socks5://a.example:80'], 'SOCKS asks for tunnels only'],
    [['explain', '--header', 'X-A', 'http://a/'], '--header takes a field that is not sent otherwise'],
    [['explain', '--header', 'Host: b', 'http://a/'], '--header takes a field that is not sent otherwise'],
    [['explain', '--header', 'X-A: b\r\nC: d', 'http://a/'], '--header takes a field that is not sent otherwise'],
    [['explain', '--at', 'noon', 'http://a/'], '--at takes a time such as 2026-12-24T18:00'],
    [['explain', '--at', '2026-13-24T18:00Z', 'http://a/'], '--at takes a time such as 2026-12-24T18:00'],
    [['explain', '--destination', '192.0.2.1', 'http://a/'], '--destination takes an address with a port'],
    [['explain', '--destination', '192.0.2.1:0', 'http://a/'], '--destination takes an address with a port'],
    [['check', '--destination', '192.0.2.1:80'], '--destination is only for "inband explain".'],
    [['--plan'], '--plan is only for "inband check".'],
    [['explain', '--plan', 'http://a/'], '--plan is only for "inband check".'],
    [
      ['--json'],
      '--json is only for "inband explain", "inband check", "inband status", "inband top", "inband cluster" and "inband versions".',
    ],
    [['check', '--json', '--plan'], '--plan and --json are two outputs; choose one.'],
    [['forward', ':1', ':2'], 'forward takes one address to listen on'],
    [
      ['forward', '--config', 'a.yaml'],
      '--config is only for "inband run", "inband check", "inband explain", "inband pac", "inband logs", "inband reload", "inband drain", "inband status", "inband top", "inband cluster", "inband server", "inband config", "inband push", "inband rollback", "inband versions" and "inband revoke".',
    ],
    [['reverse'], 'reverse needs an address to listen on and a server'],
    [['reverse', ':8080'], 'reverse needs an address to listen on and a server'],
    [['reverse', '--listen', ':8080'], 'reverse needs an address to listen on and a server'],
    [['run', '--print'], '--print is only for "inband forward" and "inband reverse".'],
    [['init', '--mode', 'both'], '--mode is forward or reverse, found "both".'],
    [['init', '--to', 'a:80'], '--to needs --mode reverse.'],
    [['init', 'a.yaml', 'b.yaml'], '"b.yaml" is one argument too many; init writes one file.'],
    [['completions'], 'completions takes the name of a shell: bash, zsh, fish.'],
    [['completions', 'csh'], 'completions takes the name of a shell: bash, zsh, fish.'],
    [['top', '--sort', 'size'], '--sort is one of seconds, bytes, client, target, found "size".'],
    [['cluster'], 'cluster shows status or sessions: inband cluster status'],
    [['cluster', 'members'], 'cluster shows status or sessions: inband cluster status'],
    [['cluster', 'status', '--sort', 'bytes'], '--sort is for cluster sessions.'],
    [['cluster', 'sessions', '--sort', 'size'], '--sort is one of seconds, bytes, client, target, found "size".'],
    [['cluster', 'status', 'a.yaml'], '"a.yaml" is one argument too many; a file is named with --config.'],
    [['server', 'drain', 'a'], 'server takes drain, down, up, a pool and one of its servers'],
    [['server', 'explode', 'a', 'h:80'], 'server takes drain, down, up, a pool and one of its servers'],
    [['server', 'up', 'a', 'h:80', 'g:80'], '"g:80" is one argument too many; an order is for one server.'],
    [['drain', '--everywhere'], '--everywhere is only for "inband server".'],
    [['logs'], 'logs needs the id of a request'],
    [['logs', '--explain', 'x y'], '"x y" is no id of a request'],
    [['logs', '--explain', 'a-1', '--config', 'a.yaml', 'a.log'], 'leave one of them out'],
    [['chekc'], 'unknown command "chekc"; did you mean "check"?'],
    [['--confg', 'x'], 'unknown option "--confg"; did you mean "--config"?'],
    [['-x'], 'unknown option "-x"'],
    [['--config'], '--config needs a value.'],
    [['--config='], '--config needs a value.'],
    [['--json=yes', 'explain', 'http://a/'], '--json takes no value.'],
    [['inband.yaml'], 'unknown command "inband.yaml"'],
    [['run', 'inband.yaml'], '"inband.yaml" is one argument too many; a file is named with --config.'],
    [['drain', '10.0.0.1:80'], 'taken out by: inband server drain POOL 10.0.0.1:80'],
    [['check', '--client', '::1'], '--client is only for "inband explain".'],
    [['explain'], 'explain needs a URL'],
    [
      ['explain', 'a.example'],
      'expected a URL with http:// or https://, socks5://host:port, socks4a://host:port, or host:port, found "a.example".',
    ],
    [['explain', 'http://a/ HTTP/1.1'], 'printable ASCII only'],
    [['explain', 'GET\r\n', 'http://a/'], '"GET\\r\\n" is not a method.'],
    [['explain', '--client', 'localhost', 'http://a/'], '--client takes an IP address, found "localhost".'],
    [['explain', '--listener', 'x', 'http://a/'], '--listener takes the "bind" of a listener'],
  ])('refuses the arguments %j', (argv, message) => {
    expect(() => parseArguments(argv)).toThrow(message);
  });
});

describe('the arguments of pushes', () => {
  test('what is pushed is the file that is named, or that of the running program', () => {
    const push = { name: 'push', promote: false };
    expect(parseArguments(['push', '-c', 'a.yaml'])).toEqual({ ...push, config: 'a.yaml', file: 'a.yaml' });
    expect(parseArguments(['push', 'a.yaml'])).toEqual({ ...push, config: 'a.yaml', file: 'a.yaml' });
    expect(
      parseArguments(['push', 'b.yaml', '-c', 'a.yaml', '--canary', '10%', '--message', 'why', '--wait', '2.5s']),
    ).toEqual({ ...push, config: 'a.yaml', file: 'b.yaml', canary: 0.1, message: 'why', wait: 2_500 });
    expect(parseArguments(['push', '--promote', '-c', 'a.yaml'])).toMatchObject({ promote: true });
  });

  test('a rollback goes to a version, or to the one before', () => {
    expect(parseArguments(['rollback', '-c', 'a.yaml'])).toEqual({ name: 'rollback', config: 'a.yaml' });
    expect(parseArguments(['rollback', '17', '-c', 'a.yaml'])).toEqual({ name: 'rollback', config: 'a.yaml', to: 17 });
    expect(parseArguments(['versions', '17', '--json'])).toEqual({
      name: 'versions',
      config: undefined,
      number: 17,
      json: true,
    });
  });

  test.each([
    [['push', '--canary', '0%'], '--canary is a share of the members, such as 10%'],
    [['push', '--canary', '0.1'], '--canary is a share of the members, such as 10%'],
    [['push', 'a.yaml', '--promote'], '--promote pushes nothing new'],
    [['push', 'a.yaml', 'b.yaml'], 'what a configuration includes is pushed with it'],
    [['push', '--wait', '61'], '--wait is a number of seconds from 0.1 to 60'],
    [['rollback', 'last'], '"last" is no version'],
  ])('%j is refused with the reason', (argv, reason) => {
    expect(() => parseArguments(argv)).toThrow(reason);
  });
});
