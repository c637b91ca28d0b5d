// Stands in for `rapid-client.node`, the one native file of Lambda's runtime client, where it cannot be compiled: a preload
// (`--require`) that answers the client's require() of it. The rest of the client is its own code. Unlike the native one it posts
// answers asynchronously, and so asks for the next event only when the last answer has arrived.
const http = require('node:http');
const Module = require('node:module');

const [host, port] = (process.env.AWS_LAMBDA_RUNTIME_API ?? '').split(':');
// Where invocations overlap, answers do not wait for the next event, which is waited for on a connection of its own.
const [polling, posting] = [new http.Agent({ keepAlive: true, maxSockets: 1 }), new http.Agent({ keepAlive: true })];
let posted = Promise.resolve();

function call(method, path, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const agent = method === 'GET' ? polling : posting;
    const request = http.request({ host, port, method, agent, headers, path: `/2018-06-01/runtime/invocation/${path}` }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => (text += chunk));
      response.on('end', () => resolve({ bodyJson: text, headers: response.headers })).on('error', reject);
    });
    request.on('error', reject).end(body);
  });
}

function post(path, body, headers) {
  posted = call('POST', path, body, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers });
}

const transport = {
  next: async () => {
    await posted;
    return call('GET', 'next');
  },
  done: (id, body) => post(`${id}/response`, body),
  error: (id, body, cause) => post(`${id}/error`, body, { 'lambda-runtime-function-xray-error-cause': cause.replace(/[^\x20-\x7e]/g, ' ') }),
};

const load = Module._load;
Module._load = function (request, ...rest) {
  return request.endsWith('/rapid-client.node') ? transport : load.call(this, request, ...rest);
};
