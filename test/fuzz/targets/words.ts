/** Of HTTP/1 messages. */
export const HTTP_WORDS = [
  'GET ', 'HEAD ', 'POST ', 'OPTIONS ', 'CONNECT ', 'patch ', 'PRI ', ' HTTP/1.1', ' HTTP/1.0', 'HTTP/1.1 200 OK\r\n', 'HTTP/1.1 101 x\r\n',
  'HTTP/1.0 204\r\n', '\r\n', '\r\n\r\n', '\n', '\r', ' ', '\t', ':', ': ', '\r\n ', '\0', '\x7f', '\xff', '/', '*', '?', '#', 'http://h/', 'ws://h:/',
  'https://h/', 'h:80', '[::1]', 'Host: h\r\n', 'Host:\r\n', 'Content-Length: ', 'Content-Length: 3\r\n', 'Content-Length: 03, 3\r\n', 'Transfer-Encoding: ',
  'Transfer-Encoding: chunked\r\n', 'chunked', 'identity', 'gzip, ', 'Connection: ', 'close', 'keep-alive', 'Upgrade: websocket\r\n',
  'Connection: upgrade\r\n', 'Expect: 100-continue\r\n', 'Max-Forwards: 1\r\n', 'Via: 1.1 inband\r\n', 'TE: trailers\r\n', 'Trailer: x\r\n',
  'Content_Length: 3\r\n', 'X_Forwarded_For: a\r\n', 'Proxy-Authorization: x\r\n', 'Sec-WebSocket-Key: k\r\n', 'Keep-Alive: timeout=5\r\n',
  'Proxy-Connection: close\r\n', 'Date: d\r\n', 'WWW-Authenticate: NTLM\r\n', 'Set-Cookie: a=b\r\n', '0\r\n\r\n', '5\r\nhello\r\n', ';a="b"', ';a', '-h-.x',
]; // prettier-ignore
