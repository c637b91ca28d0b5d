import { type Answer, type Correction, json, parse } from './correction.js';

const paths = /^\/v2\/email\/(configuration-sets|identities)(?:\/([^/?]+))?(?:\/([^/?]+)(?:\/([^/?]+))?)?$/;
const tagsPath = /^\/v2\/email\/tags\?/;

/** What was made, by its kind and name. */
const kept = new Map<string, any>();
const destinations = new Map<string, any[]>();

const notFound = (): Answer => {
  const answer = json(404, { message: 'It does not exist.' });
  return { ...answer, headers: { ...answer.headers, 'x-amzn-errortype': 'NotFoundException' } };
};

/** https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_GetEmailIdentity.html: signed once its tokens are in the domain's DNS. */
const identityOf = ({ EmailIdentity: name, DkimSigningAttributes: signing, ...rest }: any): unknown => ({
  ...rest,
  IdentityType: 'DOMAIN',
  VerifiedForSendingStatus: false,
  DkimAttributes: {
    SigningEnabled: true,
    SigningAttributesOrigin: 'AWS_SES',
    Status: 'PENDING',
    Tokens: [1, 2, 3].map((turn) => `token${turn}of${name.replaceAll('.', '')}`),
    CurrentSigningKeyLength: signing.NextSigningKeyLength,
    NextSigningKeyLength: signing.NextSigningKeyLength,
    LastKeyGenerationTimestamp: 0,
  },
});

export const ses: Correction = {
  reason: 'moto answers identities and configuration sets in a form that is not SES’s, and has no event destinations',
  matches: ({ path }) => paths.test(path) || tagsPath.test(path),
  answer: async ({ method, path, body }) => {
    const asked = method === 'GET' ? {} : parse({ body });
    if (tagsPath.test(path)) {
      const [, kind = '', named = ''] = /:(configuration-set|identity)\/(.+)$/.exec(decodeURIComponent(path)) ?? [];
      return json(200, { Tags: kept.get(`${kind === 'identity' ? 'identities' : 'configuration-sets'} ${named}`)?.Tags ?? [] });
    }
    const [, kind = '', name, part, destination] = paths.exec(path) ?? [];
    const key = `${kind} ${name ?? asked.EmailIdentity ?? asked.ConfigurationSetName}`;
    if (method === 'POST' && name === undefined) {
      kept.set(key, kind === 'identities' ? identityOf(asked) : asked);
      return json(200, kind === 'identities' ? kept.get(key) : {});
    }
    if (!kept.has(key)) {
      return notFound();
    }
    if (part === 'event-destinations') {
      const present = destinations.get(key) ?? [];
      const changed = destination ?? asked.EventDestinationName;
      if (method !== 'GET') {
        const others = present.filter(({ Name }) => Name !== changed);
        destinations.set(key, method === 'DELETE' ? others : [...others, { Name: changed, ...asked.EventDestination }]);
      }
      return json(200, { EventDestinations: present });
    }
    const answer = json(200, method === 'GET' ? kept.get(key) : {});
    if (method === 'DELETE') {
      kept.delete(key);
    }
    return answer;
  },
};
