/** How clients find the proxy: they ask it to (forward), think it is the server (reverse), or do not know (transparent). */
export type ServiceMode = 'forward' | 'reverse' | 'transparent';
