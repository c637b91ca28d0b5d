/**
 * Put beside a function's `index.mjs` and run as its handler: times calls of the real one from within, without what the runtime client and the
 * way to it take, which is the same for everyone and would hide a difference. `{calls, event}` gives the time of each call in milliseconds.
 */
const { handler: real } = await import('./index.mjs');

export const handler = async ({ calls, event }, context) => {
  const times = [];
  for (let call = 0; call < calls; call++) {
    const before = performance.now();
    const { statusCode, body } = await real(event, context);
    times.push(performance.now() - before);
    if (statusCode !== 200) {
      throw new Error(`It answered ${statusCode}: ${body}`);
    }
    // The runtime client, too, lets go between two calls.
    await new Promise(setImmediate);
  }
  return times;
};
