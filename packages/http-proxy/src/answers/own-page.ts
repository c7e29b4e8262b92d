import { formatHostPort, type HostPort } from '@inband/core';
import { escapeHtml, htmlPage } from './html-page.ts';

/** A name that no resolver knows (RFC 6761 section 6.4): a browser that gets a page there comes through the proxy. */
export const OWN_NAME = 'inband.invalid';

/** How a client reached the proxy. */
export interface HowReached {
  /** By TLS. */
  readonly isSecure: boolean;
  /** As a proxy, and not as a server. */
  readonly comesThrough: boolean;
}

/** The page that says that the proxy runs, and how to have programs use it. `proxy` is the address by which it was reached. */
export function ownPage(proxy: HostPort, { isSecure, comesThrough }: HowReached): string {
  const address = formatHostPort(proxy);
  const url = `${isSecure ? 'https' : 'http'}://${address}`;
  const pac = `${url}/proxy.pac`;
  return htmlPage(
    'It runs',
    `<p>This is Inband, a forward proxy, at ${code(address)}.</p>
${comesThrough ? THROUGH : NOT_THROUGH}
<h2>This browser</h2>
<p>Firefox: Settings, Network Settings, Automatic proxy configuration URL:</p>
${block(pac)}
<p>Chrome, Edge and Safari use the settings of the system. For a try:</p>
${block(`chromium --proxy-server=${url}`)}
<h2>System</h2>
<p>Give the system the script ${code(pac)}:</p>
<ul>
<li>Windows: Settings, Network &amp; internet, Proxy, Use setup script
<li>macOS: System Settings, Network, Details, Proxies, Automatic proxy configuration
<li>GNOME: Settings, Network, Proxy, Automatic
<li>iOS, Android: the settings of the Wi-Fi network, Proxy, Automatic
</ul>
<h2>Shell</h2>
${block(`export http_proxy=${url} https_proxy=${url} no_proxy=localhost,127.0.0.1,::1`)}
<h2>git</h2>
${block(`git config --global http.proxy ${url}`)}
<h2>npm</h2>
${block(`npm config set proxy ${url}\nnpm config set https-proxy ${url}`)}
<h2>Docker</h2>
<p>The daemon, in ${code('/etc/docker/daemon.json')}:</p>
${block(json({ proxies: { 'http-proxy': url, 'https-proxy': url, 'no-proxy': 'localhost,127.0.0.0/8' } }))}
<p>Containers, in ${code('~/.docker/config.json')}; they need an address that is not 127.0.0.1:</p>
${block(json({ proxies: { default: { httpProxy: url, httpsProxy: url, noProxy: 'localhost,127.0.0.0/8' } } }))}
`,
  );
}

const THROUGH = '<p><strong>This browser comes through the proxy.</strong></p>';
const NOT_THROUGH = `<p><strong>This browser asked the proxy directly.</strong> Browsers do so for addresses of their own machine in any case. Whether it comes
through the proxy for others, <a href="http://${OWN_NAME}/">http://${OWN_NAME}/</a> shows: no server has that name, and only the proxy has a page there.</p>`;

function code(text: string): string {
  return `<code>${escapeHtml(text)}</code>`;
}

function block(text: string): string {
  return `<pre><code>${escapeHtml(text)}</code></pre>`;
}

function json(value: unknown): string {
  return JSON.stringify(value, undefined, 2);
}
