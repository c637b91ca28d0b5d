import { type Correction, editedText, xml } from './correction.js';

const headersPolicyPath = /^\/2020-05-31\/response-headers-policy(?:\/([^/?]+))?$/;
const headersPolicies = new Map<string, string>();
const distributionPath = /^\/2020-05-31\/distribution(?:\/([^/?]+)(?:\/config)?)?(?:\?.*)?$/;
const distributions = new Map<string, string>();

export const cloudFront: readonly Correction[] = [
  {
    reason: 'moto has no response headers policies',
    matches: ({ path }) => headersPolicyPath.test(path),
    answer: async ({ method, path, body }) => {
      const [, id = `policy-${headersPolicies.size}`] = headersPolicyPath.exec(path) ?? [];
      if (method === 'DELETE') {
        headersPolicies.delete(id);
        return { status: 204, headers: {}, body: Buffer.alloc(0) };
      }
      if (method !== 'GET') {
        headersPolicies.set(id, body.replace(/^<\?xml[^>]*>/, ''));
      }
      const policy = headersPolicies.get(id);
      return policy === undefined
        ? { ...xml('<ErrorResponse><Error><Code>NoSuchResponseHeadersPolicy</Code></Error></ErrorResponse>'), status: 404 }
        : {
            ...xml(`<ResponseHeadersPolicy><Id>${id}</Id>${policy}</ResponseHeadersPolicy>`),
            status: method === 'POST' ? 201 : 200,
            headers: { 'content-type': 'text/xml', etag: 'E1' },
          };
    },
  },
  {
    reason: 'moto forgets parts of a distribution, and makes up others',
    matches: ({ path }) => distributionPath.test(path),
    answer: async (call, forward) => {
      const answer = await forward(call);
      const id = distributionPath.exec(call.path)?.[1] ?? /<Id>([^<]+)<\/Id>/.exec(answer.body.toString())?.[1] ?? '';
      if (call.body.includes('<DistributionConfig')) {
        distributions.set(id, call.body);
      }
      const part = (name: string): RegExp => new RegExp(`<${name}>.*</${name}>`, 's');
      return editedText(answer, (text) =>
        ['Origins', 'ViewerCertificate'].reduce(
          (shown, name) => shown.replace(part(name), (found) => part(name).exec(distributions.get(id) ?? '')?.[0] ?? found),
          text.replace(part('ForwardedValues'), ''),
        ),
      );
    },
  },
];
