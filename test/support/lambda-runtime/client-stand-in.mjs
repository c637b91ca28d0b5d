// Stands in for Lambda's whole runtime client where npm cannot be reached: loads the handler as it does, with import(), and serves one event of
// the Runtime API after the other. Its argument is the handler's name, as the client's is.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [file, name] = process.argv[2].split('.');
const api = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime`;
const post = (path, body) => fetch(`${api}/${path}`, { method: 'POST', body: JSON.stringify(body) ?? 'null' });
const describe = ({ name: errorType, message: errorMessage, stack }) => ({ errorType, errorMessage, trace: stack?.split('\n') ?? [] });

const handler = await import(pathToFileURL(join(process.env.LAMBDA_TASK_ROOT, `${file}.mjs`)).href).then(
  (module) => module[name],
  async (error) => {
    await post('init/error', describe(error));
    throw error;
  },
);

for (;;) {
  const next = await fetch(`${api}/invocation/next`);
  const awsRequestId = next.headers.get('lambda-runtime-aws-request-id');
  const deadline = Number(next.headers.get('lambda-runtime-deadline-ms'));
  process.env._X_AMZN_TRACE_ID = next.headers.get('lambda-runtime-trace-id');
  const context = {
    awsRequestId,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    invokedFunctionArn: next.headers.get('lambda-runtime-invoked-function-arn'),
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
  try {
    await post(`invocation/${awsRequestId}/response`, await handler(await next.json(), context));
  } catch (error) {
    await post(`invocation/${awsRequestId}/error`, describe(error));
  }
}
