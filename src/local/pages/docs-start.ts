// Runs in the browser, at /docs. The examples of the contract stand for what only a running service can give; once an answer has given it, it is sent in their place.

interface SwaggerRequest {
  url: string;
  body?: unknown;
}

interface SwaggerResponse {
  readonly url: string;
  readonly status: number;
  readonly text?: string;
}

interface SwaggerUi {
  preauthorizeApiKey(scheme: string, token: string): void;
}

interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly user: { readonly id: string };
}

declare const SwaggerUIBundle: (options: object) => SwaggerUi;
declare const location: { readonly href: string };

/** The contract's examples, and what is sent in their place. */
const live = new Map<string, string>();
export const examples = {
  userId: '019e3a5c-7b1e-7c3a-9d52-3f8f6f0a1b2c',
  todoId: '019e3a5c-9c40-7f1d-8a6b-5d2c4e7f9a10',
  refreshToken: 'the-refresh-token-of-your-sign-in',
};

function withLiveValues(text: string): string {
  return [...live].reduce((filled, [example, value]) => filled.replaceAll(example, value), text);
}

function learn({ url, status, text = '' }: SwaggerResponse): void {
  const { pathname } = new URL(url, location.href);
  if (status === 200 && /\/auth\/(login|refresh)$/.test(pathname)) {
    const { accessToken, refreshToken, user } = JSON.parse(text) as Tokens;
    live.set(examples.refreshToken, refreshToken).set(examples.userId, user.id);
    ui?.preauthorizeApiKey('bearer', accessToken);
  } else if (status === 201 && /\/users\/[^/]+\/todos$/.test(pathname)) {
    live.set(examples.todoId, (JSON.parse(text) as { id: string }).id);
  }
}

let ui: SwaggerUi | undefined;

const answer = await fetch('openapi.json');
const contract = (await answer.json()) as object;
ui = SwaggerUIBundle({
  dom_id: '#swagger-ui',
  // This server, wherever it is; the contract names the usual one.
  spec: { ...contract, servers: [{ url: new URL('.', location.href).href.replace(/\/$/, ''), description: 'This server' }] },
  tryItOutEnabled: true,
  persistAuthorization: false,
  displayRequestDuration: true,
  validatorUrl: null,
  requestInterceptor: (request: SwaggerRequest) => {
    request.url = withLiveValues(request.url);
    request.body = typeof request.body === 'string' ? withLiveValues(request.body) : request.body;
    return request;
  },
  responseInterceptor: (response: SwaggerResponse) => {
    learn(response);
    return response;
  },
});
