// Stands in for Lambda's whole runtime client where npm cannot be reached: loads the handler as it does, with import(), and serves one event of
// the Runtime API after the other, or without waiting where several may overlap. Its argument is the handler's name, as the client's is.
import { AsyncLocalStorage } from 'node:async_hooks';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [file, name] = process.argv[2].split('.');
const api = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime`;
const post = (path, body) => fetch(`${api}/${path}`, { method: 'POST', body: JSON.stringify(body) ?? 'null' });
const describe = ({ name: errorType, message: errorMessage, stack }) => ({ errorType, errorMessage, trace: stack?.split('\n') ?? [] });

const mayOverlap = process.env.AWS_LAMBDA_MAX_CONCURRENCY !== undefined;
if (mayOverlap) {
  // Where libraries keep what belongs to one invocation: https://github.com/awslabs/aws-lambda-invoke-store
  const kept = new AsyncLocalStorage();
  globalThis.awslambda = {
    InvokeStore: {
      run: (own, work) => kept.run(own, work),
      get: (key) => kept.getStore()?.[key],
      set: (key, value) => Object.assign(kept.getStore() ?? {}, { [key]: value }),
      getXRayTraceId: () => kept.getStore()?.xRayTraceId,
    },
  };
}

const handler = await import(pathToFileURL(join(process.env.LAMBDA_TASK_ROOT, `${file}.mjs`)).href).then(
  (module) => module[name],
  async (error) => {
    await post('init/error', describe(error));
    throw error;
  },
);

async function serve(next) {
  const awsRequestId = next.headers.get('lambda-runtime-aws-request-id');
  const deadline = Number(next.headers.get('lambda-runtime-deadline-ms'));
  const xRayTraceId = next.headers.get('lambda-runtime-trace-id');
  if (!mayOverlap) {
    process.env._X_AMZN_TRACE_ID = xRayTraceId;
  }
  const context = {
    awsRequestId,
    xRayTraceId,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    invokedFunctionArn: next.headers.get('lambda-runtime-invoked-function-arn'),
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
  try {
    const event = await next.json();
    const result = await (mayOverlap ? globalThis.awslambda.InvokeStore.run({ xRayTraceId }, () => handler(event, context)) : handler(event, context));
    await post(`invocation/${awsRequestId}/response`, result);
  } catch (error) {
    await post(`invocation/${awsRequestId}/error`, describe(error));
  }
}

for (;;) {
  const served = serve(await fetch(`${api}/invocation/next`));
  if (!mayOverlap) {
    await served;
  }
}
